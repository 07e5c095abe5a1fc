"""A portrait: all that a trigger, a fact or a moment may read of one customer at one moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from domain.basket import read_product_id
from domain.behaviour import observe
from domain.customer import Customer
from domain.enrollment import Occasion
from domain.event import StoredEvent
from domain.intent import DEFAULT_THRESHOLDS, Behaviour, Intent, Thresholds, score
from domain.segments import Segment, segments_of

LOOK_BACK: Final = timedelta(days=90)
"""How far back `Portrait.events` goes."""

MOST_EVENTS: Final = 500
"""How many events it has at most: the latest."""


@dataclass(frozen=True)
class Portrait:
    """One customer, as of `now`.

    `occasion` is the event that began the enrollment, or would begin it, and `properties` are what it said. `events`
    are the customer's of the last 90 days up to now, oldest first; none where only facts at a glance are asked for.
    """

    now: datetime
    customer: Customer
    occasion: Occasion
    properties: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[StoredEvent] = ()
    thresholds: Thresholds = DEFAULT_THRESHOLDS

    @cached_property
    def behaviour(self) -> Behaviour:
        """What the last thirty days say of the customer."""
        rules = self.thresholds.segments
        return observe(self.events, now=self.now, orders=self.customer.orders, rules=rules)

    @cached_property
    def intent(self) -> Intent:
        """How near they are to buying, without a memory of earlier tiers."""
        return score(self.behaviour, now=self.now, thresholds=self.thresholds)

    @cached_property
    def segments(self) -> frozenset[Segment]:
        """The groups they belong to."""
        return segments_of(self.customer, self.events, self.now, self.thresholds.segments)

    def did(self, *names: str, within: timedelta | None = None) -> int:
        """How often they did one of these things, as far back as `events` goes or only lately."""
        return len(self._lately(names, within))

    def last(self, *names: str) -> StoredEvent | None:
        """The last time they did one of these things."""
        return max(self._lately(names, None), key=lambda stored: stored.event.occurred_at, default=None)

    def has_followed(self, name: str, *, same: str) -> bool:
        """Whether this came after the event that began the enrollment, about the same thing or about none by name."""
        about = self.properties.get(same)
        return any(
            stored.event.occurred_at >= self.occasion.occurred_at and stored.event.properties.get(same) in (None, about)
            for stored in self._lately((name,), None)
        )

    def counts(self, *names: str, of: str, within: timedelta | None = None) -> Counter[str]:
        """How often they did one of these things with each value of a property, e.g. viewed each `category`."""
        values = (stored.event.properties.get(of) for stored in self._lately(names, within))
        return Counter(str(value) for value in values if isinstance(value, str | int) and value != "")

    def products(self, *names: str, within: timedelta | None = None) -> Counter[str]:
        """How often they did one of these things with each product."""
        ids = (read_product_id(stored.event.properties) for stored in self._lately(names, within))
        return Counter(product_id for product_id in ids if product_id)

    def _lately(self, names: Sequence[str], within: timedelta | None) -> list[StoredEvent]:
        since = None if within is None else self.now - within
        return [
            stored
            for stored in self.events
            if stored.event.name in names and (since is None or stored.event.occurred_at >= since)
        ]
