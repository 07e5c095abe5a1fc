"""Intent: how near a customer is to buying, as a score of 0 to 100, a tier, and the reasons.

Four weighted parts are added up. What was done then sets the bounds of the sum (a floor and a ceiling by action),
how it was done sets the place between them, and time since the last activity lets the result fade:

    score = bounds of the action (30 % time + 25 % depth + 25 % category + 20 % stage) x freshness

Rules, not a prediction: see the predictive models for what is learned. Reading events is `domain.behaviour`'s.
"""

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from domain.message import Stage
from domain.model import Instant, Value, WireValue

FULL_ATTENTION = timedelta(minutes=5)
"""Time on product views that earns all the time points. More says nothing new, and may be a forgotten tab."""

LONG_SESSION = timedelta(minutes=5)
"""A cart left in a longer session than this was weighed; in a shorter one it was a way of looking around."""

HALF_LIFE = timedelta(days=7)
"""What a visit says halves in a week: the span in which a stage's mails are capped, so that a sequence which starts
high ends low. A left cart stays high for about five days and is low after ten."""

LOOK_AROUND_TIME = 10.0
"""The time points that a cart dropped in a short session earns at most."""


class Tier(StrEnum):
    """The score in three words. Compares by rank, low < medium < high, not by spelling as strings would."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0, 1, 2."""
        return list(Tier).index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < Tier(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Tier(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Tier(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Tier(other).rank


class Action(IntEnum):
    """How far a customer went, in order."""

    NONE = 0
    HOMEPAGE = 1
    """A page that is neither category nor product."""
    CATEGORY = 2
    """A product list or a search."""
    PRODUCT = 3
    REPEATED_PRODUCT = 4
    """The same product at least three times."""
    CART_VIEWED = 5
    CART_ADDED = 6
    CHECKOUT = 7


class Behaviour(Value):
    """What was seen of a customer since their last order. Built by `domain.behaviour.observe`."""

    time_on_products: timedelta = Field(default=timedelta(), ge=timedelta())
    """On product views, over all recent sessions."""
    session: timedelta = Field(default=timedelta(), ge=timedelta())
    """Length of the session that last touched the cart, else of the latest."""
    deepest: Action = Action.NONE
    repeated_product: bool = False
    """Looked at one product again and again, whatever else was done: keeps a dropped cart from hiding it."""
    cart_abandoned: bool = False
    category_focus: float = Field(default=0.0, ge=0, le=1)
    """Share of the most viewed category among all views."""
    stage: Stage = Stage.AWARENESS
    last_activity_at: Instant | None = None
    """None: nothing was seen yet."""


class Part(WireValue):
    """One reason for the score: `contribution` is weight times points."""

    name: str
    weight: float
    points: float = Field(ge=0, le=100)
    contribution: float
    why: str


class Intent(WireValue):
    """The score with its reasons."""

    score: int = Field(ge=0, le=100)
    tier: Tier
    parts: tuple[Part, ...]
    why: str
    """One line, such as "94: product views over 5 min, cart left in a long session". No personal data."""
    scored_at: Instant

    @property
    def weighted(self) -> float:
        """The sum of the parts, before the bounds of the action and before fading."""
        return sum(part.contribution for part in self.parts)


class Thresholds(Value):
    """From which score on a tier begins; leaving it takes a fall of `margin` below that, so that it does not flap."""

    medium: int = Field(default=35, ge=1, le=100)
    high: int = Field(default=55, ge=1, le=100)
    margin: int = Field(default=5, ge=0, le=100)

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if self.medium >= self.high:
            raise ValueError(f"medium ({self.medium}) must be below high ({self.high})")
        return self

    def tier(self, score: int, previous: Tier | None = None) -> Tier:
        """The tier of a score for a customer who was in the previous one."""
        fresh = self._begun(score)
        if previous is None or fresh >= previous:
            return fresh
        return min(previous, self._begun(score + self.margin))

    def _begun(self, score: int) -> Tier:
        if score >= self.high:
            return Tier.HIGH
        return Tier.MEDIUM if score >= self.medium else Tier.LOW


DEFAULT_THRESHOLDS = Thresholds()


class _Depth(NamedTuple):
    points: float
    floor: float
    ceiling: float
    phrase: str


# Points: each step towards the till earns more, and the cart about doubles a look. Bounds: the action alone decides
# which tiers are possible (a page is low, a product medium, a second look or a cart high). Their distance to the
# default thresholds is the day or so for which an action keeps its tier while it fades.
_DEPTHS = {
    Action.NONE: _Depth(0, 0, 34, "nothing done lately"),
    Action.HOMEPAGE: _Depth(10, 0, 34, "pages visited"),
    Action.CATEGORY: _Depth(20, 0, 54, "category viewed"),
    Action.PRODUCT: _Depth(40, 40, 54, "product viewed"),
    Action.REPEATED_PRODUCT: _Depth(70, 60, 100, "one product viewed again and again"),
    Action.CART_VIEWED: _Depth(80, 60, 100, "cart viewed"),
    Action.CART_ADDED: _Depth(90, 60, 100, "product added to the cart"),
    Action.CHECKOUT: _Depth(100, 75, 100, "checkout started"),
}
_LEFT_CART = _Depth(100, 90, 100, "cart left in a long session")
_LEFT_CHECKOUT = _LEFT_CART._replace(phrase="checkout left in a long session")

# Trust grows with the stages. Somebody who bought before is as near to an order as somebody filling a first cart.
_STAGES = {
    Stage.AWARENESS: 10.0,
    Stage.CONSIDERATION: 40.0,
    Stage.PURCHASE: 70.0,
    Stage.RETENTION: 70.0,
    Stage.ADVOCACY: 100.0,
}


def score(
    behaviour: Behaviour,
    *,
    now: datetime,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    previous: Tier | None = None,
) -> Intent:
    """Score what was seen of a customer, as of `now`. `previous` is the tier they were in, for hysteresis."""
    depth = _depth(behaviour)
    parts = (_time_spent(behaviour), _depth_of_action(depth), _category_relevance(behaviour), _lifecycle(behaviour))
    weighted = sum(part.contribution for part in parts)
    value = round(min(max(weighted, depth.floor), depth.ceiling) * _freshness(behaviour, now))
    return Intent(
        score=value,
        tier=thresholds.tier(value, previous),
        parts=parts,
        why=f"{value}: {', '.join(_reasons(behaviour, depth, now))}",
        scored_at=now,
    )


def _depth(behaviour: Behaviour) -> _Depth:
    if _dropped_in_passing(behaviour):
        look = Action.REPEATED_PRODUCT if behaviour.repeated_product else Action.PRODUCT
        return _DEPTHS[look]._replace(phrase="cart left in a short session")
    if behaviour.cart_abandoned and behaviour.session > LONG_SESSION:
        return _LEFT_CHECKOUT if behaviour.deepest is Action.CHECKOUT else _LEFT_CART
    return _DEPTHS[behaviour.deepest]


def _dropped_in_passing(behaviour: Behaviour) -> bool:
    """A cart used as a notepad counts as a look around. A checkout does not: nobody types an address in passing."""
    hasty = behaviour.cart_abandoned and behaviour.session <= LONG_SESSION
    return hasty and behaviour.deepest is not Action.CHECKOUT


def _time_spent(behaviour: Behaviour) -> Part:
    """Linear up to full attention: nothing known speaks for another curve."""
    points = 100 * min(behaviour.time_on_products / FULL_ATTENTION, 1.0)
    if _dropped_in_passing(behaviour):
        points = min(points, LOOK_AROUND_TIME)
    return _part("time spent", 0.30, points, _time_phrase(behaviour.time_on_products))


def _depth_of_action(depth: _Depth) -> Part:
    return _part("depth of action", 0.25, depth.points, depth.phrase)


def _category_relevance(behaviour: Behaviour) -> Part:
    focus = behaviour.category_focus
    return _part("category relevance", 0.25, 100 * focus, f"{focus:.0%} of views in one category")


def _lifecycle(behaviour: Behaviour) -> Part:
    return _part("lifecycle stage", 0.20, _STAGES[behaviour.stage], f"{behaviour.stage} stage")


def _part(name: str, weight: float, points: float, why: str) -> Part:
    points = round(points, 1)  # a person reads it; three digits then hold the contribution exactly
    return Part(name=name, weight=weight, points=points, contribution=round(weight * points, 3), why=why)


def _freshness(behaviour: Behaviour, now: datetime) -> float:
    return float(0.5 ** (_age(behaviour, now) / HALF_LIFE))


def _age(behaviour: Behaviour, now: datetime) -> timedelta:
    """Never negative: a sender's clock may run ahead."""
    return max(now - behaviour.last_activity_at, timedelta()) if behaviour.last_activity_at else timedelta()


def _reasons(behaviour: Behaviour, depth: _Depth, now: datetime) -> list[str]:
    reasons = [_time_phrase(behaviour.time_on_products)] if behaviour.time_on_products >= timedelta(minutes=1) else []
    reasons.append(depth.phrase)
    if days := _age(behaviour, now).days:
        reasons.append(f"{days} {'day' if days == 1 else 'days'} ago")
    return reasons


def _time_phrase(spent: timedelta) -> str:
    if spent > FULL_ATTENTION:
        return "product views over 5 min"
    minutes = spent // timedelta(minutes=1)
    return f"product views of {minutes} min" if minutes else "product views under a minute"
