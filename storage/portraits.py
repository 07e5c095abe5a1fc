"""Portraits: one customer with what they did lately, read together."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.customer import Customer
from domain.enrollment import Occasion
from domain.event import StoredEvent
from domain.intent import DEFAULT_THRESHOLDS, Thresholds
from domain.portrait import LOOK_BACK, MOST_EVENTS, Portrait
from storage.customers import Customers
from storage.events import EventStore
from storage.repository import Repository


class Portraits(Repository):
    """Reads what triggers, facts and moments are asked of."""

    async def of(
        self, customer: str, occasion: Occasion, now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS
    ) -> Portrait:
        """A customer's portrait in an enrollment that began on an occasion.

        Raises:
            UnknownCustomerError: the database does not know them any more.
        """
        known = await Customers(self.session).get(customer)
        began = await EventStore(self.session).at(occasion.seq)
        return await self.with_events(known, occasion, began.event.properties if began else {}, now, thresholds)

    async def with_events(
        self,
        customer: Customer,
        occasion: Occasion,
        properties: Mapping[str, Any],
        now: datetime,
        thresholds: Thresholds = DEFAULT_THRESHOLDS,
    ) -> Portrait:
        """The portrait of somebody who was read already."""
        events = await EventStore(self.session).recent(customer.id, now - LOOK_BACK, MOST_EVENTS)
        return Portrait(now, customer, occasion, properties, _until(events, now), thresholds)


def _until(events: list[StoredEvent], now: datetime) -> tuple[StoredEvent, ...]:
    return tuple(stored for stored in events if stored.event.occurred_at <= now)
