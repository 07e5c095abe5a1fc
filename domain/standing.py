"""Where a customer stands: intent, segments and stage together, and the question for whom that is so."""

from collections.abc import Sequence
from datetime import datetime

from domain.behaviour import LOOK_BACK, observe
from domain.bounds import Bounds
from domain.customer import Customer
from domain.event import StoredEvent
from domain.intent import DEFAULT_THRESHOLDS, WITHOUT_VISIT, Intent, Thresholds, Tier, score
from domain.message import Stage
from domain.model import CustomerId, Instant, Value
from domain.segments import Segment, bounds_of, segments_of


class Standing(Value):
    """One customer, as of the moment in `intent`. No personal data but the id; the tier is without a memory."""

    customer: CustomerId
    intent: Intent
    stage: Stage
    segments: tuple[Segment, ...]
    """In the order of `Segment`."""
    last_seen_at: Instant


def standing_of(
    customer: Customer, events: Sequence[StoredEvent], now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> Standing:
    """Judge a customer by their facts and what they did in the last thirty days."""
    rules = thresholds.segments
    behaviour = observe(events, now=now, orders=customer.orders, rules=rules)
    found = segments_of(customer, events, now, rules)
    return Standing(
        customer=customer.id,
        intent=score(behaviour, now=now, thresholds=thresholds),
        stage=behaviour.stage,
        segments=tuple(segment for segment in Segment if segment in found),
        last_seen_at=customer.last_seen_at,
    )


class Selection(Value):
    """Which customers are wanted: all that is set must hold."""

    segment: Segment | None = None
    stage: Stage | None = None
    tier: Tier | None = None

    def admits(self, standing: Standing) -> bool:
        """Whether the customer is one of them."""
        return (
            (self.segment is None or self.segment in standing.segments)
            and self.stage in (None, standing.stage)
            and self.tier in (None, standing.intent.tier)
        )

    def bounds(self, now: datetime, thresholds: Thresholds) -> tuple[Bounds, ...]:
        """What the rows of all of them say; others' may say it too. So a database leaves out who cannot be meant."""
        asked = []
        if self.segment is not None:
            asked.append(bounds_of(self.segment, now, thresholds.segments))
        if self.stage is not None:
            asked.append(_bounds_of_stage(self.stage, now, thresholds))
        if self.tier is not None and _begins(self.tier, thresholds) > WITHOUT_VISIT:
            asked.append(Bounds(seen_after=now - LOOK_BACK))
        return tuple(asked)


def _bounds_of_stage(stage: Stage, now: datetime, thresholds: Thresholds) -> Bounds:
    match stage:
        case Stage.AWARENESS | Stage.CONSIDERATION:
            return Bounds(most_orders=0)
        case Stage.PURCHASE:
            return Bounds(seen_after=now - LOOK_BACK)
        case Stage.RETENTION:
            return Bounds()  # a subscription may have been bought without an order
        case Stage.ADVOCACY:
            rules = thresholds.segments
            return Bounds(least_orders=rules.loyal_orders, seen_after=now - rules.lately)


def _begins(tier: Tier, thresholds: Thresholds) -> int:
    return {Tier.LOW: 0, Tier.MEDIUM: thresholds.medium, Tier.HIGH: thresholds.high}[tier]
