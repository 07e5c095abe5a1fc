"""Hindsight: what a customer did before an event, read when a trigger asks for it, and then once for all triggers."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.event import StoredEvent
from domain.portrait import LOOK_BACK, MOST_EVENTS
from storage.events import EventStore


class Hindsight:
    """Of one customer, in one transaction. What was committed after the event at hand is not in it."""

    def __init__(self, session: AsyncSession, event: StoredEvent, now: datetime) -> None:
        self._session, self._event, self._now = session, event, now
        self._events: Sequence[StoredEvent] | None = None

    async def events(self) -> Sequence[StoredEvent]:
        """The customer's events of the last ninety days, oldest first."""
        if self._events is None:
            recent = EventStore(self._session).recent(self._event.customer, self._now - LOOK_BACK, MOST_EVENTS)
            self._events = tuple(each for each in await recent if each.seq <= self._event.seq)
        return self._events
