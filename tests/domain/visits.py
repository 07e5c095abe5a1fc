"""Events of a visit, told by the minute."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.event import Event, EventType, StoredEvent

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def event(
    name: str, minute: float = 0, *, kind: EventType = EventType.TRACK, session: object = None, **properties: Any
) -> StoredEvent:
    """An event so many minutes after the start."""
    at = START + minute * MINUTE
    context = {} if session is None else {"sessionId": session}
    fact = Event(
        message_id=f"{name} {minute}",
        type=kind,
        name=name,
        occurred_at=at,
        received_at=at,
        properties=properties,
        context=context,
    )
    return StoredEvent(seq=round(minute * 60), customer="c1", event=fact)
