"""An enrollment: one customer in one journey, which is one Temporal workflow execution."""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, unquote

from pydantic import Field

from domain.carried import Carried
from domain.clock import PacedClock
from domain.event import LOYALTY_TIER_REACHED
from domain.intent import Intent
from domain.lane import Lane
from domain.model import CustomerId, Instant, Value, WireValue
from domain.pause import Pause

EARNED_WITHIN: Final = timedelta(days=1)
"""So long after a tier was reached, an order counts as the one that earned it: shops that report orders by night do so
within a day, and few customers order twice in one."""


class Occasion(WireValue):
    """Why an enrollment began: the event that matched the journey's trigger, or an operator's request."""

    event_id: str
    name: str
    seq: int = 0
    """Place of the event in the event store. Only what was committed after it can end the enrollment."""
    nth: int = 1
    """It was the customer's nth event of that name."""
    occurred_at: Instant

    @property
    def earned_until(self) -> datetime | None:
        """Until when an order may be the one that led to it; None where no order leads to such an occasion.

        A loyalty program may tell of a tier before the shop tells of the order that earned it.
        """
        return self.occurred_at + EARNED_WITHIN if self.name == LOYALTY_TIER_REACHED else None


class Start(WireValue):
    """The input of an enrollment's workflow."""

    enrollment: str
    journey: str
    customer: CustomerId
    key: str | None = None
    """Tells enrollments of one customer in one journey apart, e.g. the order id; see `Plan.one_per`."""
    occasion: Occasion
    earned_until: Instant | None = None
    """Orders until then do not end it: see `Occasion.earned_until`. None also where it began before there was such a
    rule, so that a replay sees the same."""
    clock: PacedClock = PacedClock()
    settings: dict[str, Any] = Field(default_factory=dict)
    """What the deployment changes of the journey's settings, recorded here so that a replay sees the same."""
    carried: Carried | None = None
    """What an earlier run of this enrollment handed over; None for the first."""

    @property
    def title(self) -> str:
        """What operators see in lists, e.g. `Cart recovery of customer-42`; within Temporal's limit of 200 bytes."""
        title = f"{self.journey.replace('-', ' ').capitalize()} of {self.customer}"
        return title.encode()[:200].decode(errors="ignore")


class OutcomeKind(StrEnum):
    """How an enrollment ended."""

    CONVERTED = "converted"
    EXITED = "exited"
    COMPLETED = "completed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    HELD_OUT = "held out"


class Outcome(WireValue):
    """The result of an enrollment's workflow. `revenue` in the shop's currency; `mails` counts those sent.

    `step` and `intent` are where it stood when it ended.
    """

    kind: OutcomeKind
    why: str
    revenue: float = 0.0
    order_id: str | None = None
    mails: int = 0
    step: str = ""
    intent: Intent | None = None


class State(StrEnum):
    """Whether an enrollment still lives."""

    STARTING = "starting"
    """Decided by the dispatcher, and not yet admitted by its workflow."""
    RUNNING = "running"
    ENDED = "ended"


class Progress(WireValue):
    """What an enrollment answers when asked how it stands (query `status`)."""

    enrollment: str
    journey: str
    customer: CustomerId
    state: State
    step: str
    """The step it is at, e.g. `reminder`; empty before the first."""
    doing: str
    """What it does now, in words, e.g. `waiting for a click or a return to the shop`."""
    next_due: Instant | None = None
    """Product time at which the open wait ends by itself."""
    intent: Intent | None = None
    history: tuple[str, ...] = ()
    """What happened so far, a line each."""
    outcome: Outcome | None = None
    paused: Pause | None = None
    """Set while an operator holds it still."""


class EnrollmentRow(Value):
    """An enrollment as the database has it: what routing, status and reports read."""

    id: str
    workflow_id: str
    run_id: str | None = None
    journey: str
    customer: CustomerId
    key: str | None = None
    lane: Lane | None = None
    """The journey's, with its priority, as of the beginning; see `domain.lane`."""
    priority: int = 0
    state: State
    occasion: Occasion
    started_at: Instant
    ended_at: Instant | None = None
    outcome: Outcome | None = None


def enrollment_id(journey: str, customer: str, event_id: str) -> str:
    """The identity of an enrollment: the same event can begin a journey once, however often it is delivered."""
    return "e" + hashlib.sha256(f"{journey}\n{customer}\n{event_id}".encode()).hexdigest()[:20]


def workflow_id(journey: str, customer: str, key: str | None = None) -> str:
    """The workflow id: `cart-recovery/customer-42` or, with a key that may travel, `post-purchase/customer-42/1001`."""
    parts = (journey, customer) if key is None else (journey, customer, key)
    return "/".join(quote(part, safe=" !$&'()*+,:;=@-._~") for part in parts)


def parse_workflow_id(identifier: str) -> tuple[str, str, str | None]:
    """Journey, customer and key of a workflow id; the inverse of `workflow_id`.

    Raises:
        ValueError: it has not two or three parts.
    """
    parts = [unquote(part) for part in identifier.split("/")]
    match parts:
        case [journey, customer]:
            return journey, customer, None
        case [journey, customer, key]:
            return journey, customer, key
        case _:
            raise ValueError(f"{identifier!r} is no workflow id of Segue: want journey/customer or …/key")
