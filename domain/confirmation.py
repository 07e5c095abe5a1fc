"""Whether a backend has reported the same thing as a page did: what it says is owed, see docs/decisions/0038."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from domain import basket
from domain.event import Event
from domain.folding import is_order, order_id

ABOUT: Final = timedelta(days=1)
"""A page and a backend report one thing within so long, by the collector's clock. An order has an id, and any time."""

_IDS: Final = ("subscription_id", "webinar_id")


def is_confirmed(event: Event, others: Iterable[Event]) -> bool:
    """Whether an event is a backend's, or one among others that a backend reported of the same customer confirms it."""
    return not event.public or any(_confirms(each, event) for each in others)


def _confirms(other: Event, event: Event) -> bool:
    if other.public or other.name != event.name:
        return False
    if is_order(event):
        return is_order(other) and order_id(other) == order_id(event)
    return abs(other.received_at - event.received_at) <= ABOUT and _ids(other) == _ids(event)


def _ids(event: Event) -> list[str]:
    return [basket.read_id(event.properties.get(name)) or "" for name in _IDS]
