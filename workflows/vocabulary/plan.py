"""A journey's declaration: everything about it that is not its sequence."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel

from domain.event import ORDER_COMPLETED
from domain.lane import Lane, Place, Yields
from workflows.vocabulary.trigger import Trigger


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What starts and ends a journey, and its place among the others.

    `name` is the Temporal workflow type and the first part of every workflow id; it is frozen, since renaming it
    takes several deploys.
    """

    name: str
    trigger: Trigger
    goal: str | None
    """The event that ends the journey as a success."""
    exits: tuple[str, ...] = ()
    """Events that end it besides the common exits: goal, unsubscribe, complaint, bounce, erasure, cancel."""
    topic: str
    """What the customer consents to and may opt out of."""
    owner: str
    owed: bool = False
    """Each of its mails is transactional: there is nothing to opt out of, and recipients are not offered its topic."""
    lane: Lane = Lane.PROMOTION
    priority: int = 50
    yields: Yields = Yields.WAIT
    """What it does while a stronger journey of its lane is open for the same customer."""
    reentry: timedelta | None = None
    """How long after an enrollment that mailed the customer began until the next may begin. None: never again."""
    one_per: str | None = None
    """A property of the starting event, e.g. `order_id`: one enrollment for each of its values."""
    fresh_for: timedelta = timedelta(hours=24)
    """An event older than this starts nothing: yesterday's cart is news, last year's import is not."""
    settings: type[BaseModel] | None = None
    """The model of what a deployment may change (`SEGUE_JOURNEYS`); read it with `Journey.settings`."""
    holdout: float = 0.0
    """Share of customers, 0 to 1, who get no mail from this journey so that its effect can be measured."""

    @property
    def place(self) -> Place:
        """Its place among the others, as the gate is told of it."""
        return Place(journey=self.name, lane=self.lane, priority=self.priority, yields=self.yields)

    @property
    def ends_on(self) -> tuple[str, ...]:
        """Events whose mere presence in the store forbids a further marketing mail.

        Where there is one enrollment per order, say, another order's exit event must not count: it is left to the
        signal, which names the order. So is the goal, unless it is an order: that one is everybody's.
        """
        goal = () if self.goal is None else (self.goal,)
        if self.one_per is None:
            return goal + self.exits
        return tuple(name for name in goal if name == ORDER_COMPLETED)
