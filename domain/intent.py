"""Intent: how near a customer is to buying, as a score of 0 to 100, a tier, and the reasons.

Four weighted parts are added up. What was done then sets the bounds of the sum (a floor and a ceiling by action),
how it was done sets the place between them, and time since the last activity lets the result fade:

    score = bounds of the action (30 % time + 25 % depth + 25 % category + 20 % stage) x freshness

Rules, not a prediction: see the predictive models for what is learned. Reading events is `domain.behaviour`'s.
"""

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from domain.message import Stage
from domain.model import Instant, Value, WireValue
from domain.segment_rules import DEFAULT_RULES, SegmentRules

FULL_ATTENTION = timedelta(minutes=5)
"""Time on product views that earns all the time points. More says nothing new, and may be a forgotten tab."""

LONG_SESSION = timedelta(minutes=5)
"""A cart left in a longer session than this was weighed; in a shorter one it was a way of looking around."""

HALF_LIFE = timedelta(days=7)
"""What a visit says halves in a week: the span in which a stage's mails are capped, so that a sequence which starts
high ends low. A left cart stays high for about five days and is low after ten."""

DEEP_SESSION = 8
"""So many steps in one session are more than a glance, whatever the steps were."""

MANY_VISITS = 3
"""So many visits without an order are an interest that stays."""

PERSISTENCE = 5.0
"""The depth points that a deep session earns beyond its furthest action, and as many for many visits."""

WITHOUT_VISIT = 34
"""The most that is scored where nobody was on the site: below the tiers as they are by default."""

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
    MAIL_OPENED = 1
    """The pictures of a mail were loaded, by the customer or by a machine: nothing else is known."""
    HOMEPAGE = 2
    """A page that is neither category, product nor price."""
    CATEGORY = 3
    """A product list or a search."""
    CONTENT = 4
    """An article or a guide."""
    CONTENT_TAKEN = 5
    """A download, a video seen to its end, a webinar registered for."""
    CONTENT_REPEATED = 6
    """At least two of these."""
    PRODUCT = 7
    PRICING = 8
    """The price list of what has no product page, such as a service."""
    WISHED = 9
    """A product put on the wishlist."""
    REPEATED_PRODUCT = 10
    """The same product at least three times."""
    REPEATED_PRICING = 11
    """Prices at least three times."""
    CART_VIEWED = 12
    CART_ADDED = 13
    CHECKOUT = 14


class Behaviour(Value):
    """What was seen of a customer since their last order. Built by `domain.behaviour.observe`."""

    time_on_products: timedelta = Field(default=timedelta(), ge=timedelta())
    """On product views, over all recent sessions."""
    time_on_prices: timedelta = Field(default=timedelta(), ge=timedelta())
    """On pages about prices, likewise."""
    session: timedelta = Field(default=timedelta(), ge=timedelta())
    """Length of the session that last touched the cart, else of the latest."""
    session_steps: int = Field(default=0, ge=0)
    """What was done in that session, in events."""
    visits: int = Field(default=0, ge=0)
    """How often the customer came."""
    deepest: Action = Action.NONE
    look: Action = Action.NONE
    """The furthest look, below a cart, whatever else was done: keeps a dropped cart from hiding it."""
    cart_abandoned: bool = False
    category_focus: float = Field(default=0.0, ge=0, le=1)
    """Share of the most viewed category among all views and choices."""
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
    least: float = 0.0
    """What was done counts at least so much, before it fades, and at most `most`."""
    most: float = 100.0
    freshness: float = 1.0
    """The share that time has left of it."""

    @property
    def weighted(self) -> float:
        """The sum of the parts, before the bounds of the action and before fading."""
        return sum(part.contribution for part in self.parts)

    def explained(self) -> tuple[tuple[str, str], ...]:
        """How the score came about, step by step: what each step is, and what it says. No personal data."""
        parts = [(part.name, f"{part.contribution:g} of {100 * part.weight:g}, {part.why}") for part in self.parts]
        bounded = min(max(self.weighted, self.least), self.most)
        if bounded != self.weighted:
            limit = "at least" if bounded > self.weighted else "at most"
            parts.append(("together", f"{self.weighted:g}; what was done counts {limit} {bounded:g}"))
        else:
            parts.append(("together", f"{self.weighted:g}"))
        if self.freshness < 1 and round(bounded) != self.score:
            parts.append(("faded", f"{self.freshness:.0%} is left since the last activity"))
        return (*parts, ("score", f"{self.score}, {self.tier.value}"))


class Thresholds(Value):
    """From which score on a tier begins, and where it ends.

    With them go those of the segments: whoever judges a customer needs both.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    medium: int = Field(default=35, ge=1, le=100)
    """Score from which the tier *medium* begins."""
    high: int = Field(default=55, ge=1, le=100)
    """Score from which the tier *high* begins."""
    margin: int = Field(default=5, ge=0, le=100)
    """How far below its beginning a tier ends, so that it does not flap."""
    high_cart: float = Field(default=150.0, ge=0)
    """A cart of such a value is worth a second thought: the fact *high cart value*, and what mails say of it."""
    segments: SegmentRules = DEFAULT_RULES

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
    Action.NONE: _Depth(0, 0, WITHOUT_VISIT, "nothing done lately"),
    Action.MAIL_OPENED: _Depth(5, 0, WITHOUT_VISIT, "mail opened"),
    Action.HOMEPAGE: _Depth(10, 0, 34, "pages visited"),
    Action.CATEGORY: _Depth(20, 0, 54, "category viewed"),
    Action.CONTENT: _Depth(20, 0, 54, "content read"),
    Action.CONTENT_TAKEN: _Depth(30, 20, 54, "content downloaded or watched"),
    Action.CONTENT_REPEATED: _Depth(40, 40, 54, "content downloaded or watched repeatedly"),
    Action.PRODUCT: _Depth(40, 40, 54, "product viewed"),
    Action.PRICING: _Depth(50, 45, 54, "prices viewed"),
    Action.WISHED: _Depth(60, 50, 54, "product put on the wishlist"),
    Action.REPEATED_PRODUCT: _Depth(70, 60, 100, "one product viewed again and again"),
    Action.REPEATED_PRICING: _Depth(70, 60, 100, "prices viewed again and again"),
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
    parts = (
        _time_spent(behaviour),
        _depth_of_action(behaviour, depth),
        _category_relevance(behaviour),
        _lifecycle(behaviour),
    )
    weighted = sum(part.contribution for part in parts)
    freshness = _freshness(behaviour, now)
    value = round(min(max(weighted, depth.floor), depth.ceiling) * freshness)
    return Intent(
        score=value,
        tier=thresholds.tier(value, previous),
        parts=parts,
        why=f"{value}: {', '.join(_reasons(behaviour, depth, now))}",
        scored_at=now,
        least=depth.floor,
        most=depth.ceiling,
        freshness=freshness,
    )


def _depth(behaviour: Behaviour) -> _Depth:
    if _dropped_in_passing(behaviour):
        return _DEPTHS[max(Action.PRODUCT, behaviour.look)]._replace(phrase="cart left in a short session")
    if behaviour.cart_abandoned and behaviour.session > LONG_SESSION:
        return _LEFT_CHECKOUT if behaviour.deepest is Action.CHECKOUT else _LEFT_CART
    return _DEPTHS[behaviour.deepest]


def _dropped_in_passing(behaviour: Behaviour) -> bool:
    """A cart used as a notepad counts as a look around. A checkout does not: nobody types an address in passing."""
    hasty = behaviour.cart_abandoned and behaviour.session <= LONG_SESSION
    return hasty and behaviour.deepest is not Action.CHECKOUT


def _time_spent(behaviour: Behaviour) -> Part:
    """Linear up to full attention: nothing known speaks for another curve."""
    points = 100 * min(_attention(behaviour) / FULL_ATTENTION, 1.0)
    if _dropped_in_passing(behaviour):
        points = min(points, LOOK_AROUND_TIME)
    return _part("time spent", 0.30, points, _time_phrase(behaviour))


def _depth_of_action(behaviour: Behaviour, depth: _Depth) -> Part:
    persistence = _persistence(behaviour)
    points = min(depth.points + PERSISTENCE * len(persistence), 100.0)
    return _part("depth of action", 0.25, points, ", ".join([depth.phrase, *persistence]))


def _persistence(behaviour: Behaviour) -> list[str]:
    """What shows an interest beyond the furthest action."""
    deep = [f"{behaviour.session_steps} steps in a session"] if behaviour.session_steps >= DEEP_SESSION else []
    return [*deep, f"{behaviour.visits} visits"] if behaviour.visits >= MANY_VISITS else deep


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
    attention = _attention(behaviour)
    reasons = [_time_phrase(behaviour)] if attention >= timedelta(minutes=1) else []
    reasons += [depth.phrase, *_persistence(behaviour)]
    if days := _age(behaviour, now).days:
        reasons.append(f"{days} {'day' if days == 1 else 'days'} ago")
    return reasons


def _attention(behaviour: Behaviour) -> timedelta:
    return behaviour.time_on_products + behaviour.time_on_prices


def _time_phrase(behaviour: Behaviour) -> str:
    spent = _attention(behaviour)
    looked_at = "product views" if not behaviour.time_on_prices else "views of products and prices"
    if spent > FULL_ATTENTION:
        return f"{looked_at} over 5 min"
    minutes = spent // timedelta(minutes=1)
    return f"{looked_at} of {minutes} min" if minutes else f"{looked_at} under a minute"
