"""Small recordings, written by hand. Times count from a Monday, 09:00 UTC: no quiet hours until 21:00."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.event import Event
from domain.gate import GatePolicy
from rehearsal.backtest.course import Course
from rehearsal.backtest.events import read_call
from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.simulation import simulate
from workflows.cart_recovery import CartRecovery
from workflows.vocabulary import Journey

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = 24 * HOUR

_numbers = itertools.count(1)


def call(after: timedelta, name: str, customer: str = "anna", **properties: Any) -> dict[str, Any]:
    """A track call, as a line of a recording says it."""
    return {
        "type": "track",
        "event": name,
        "userId": customer,
        "messageId": properties.pop("message_id", None) or f"m{next(_numbers)}",
        "timestamp": (MONDAY + after).isoformat(),
        "properties": properties,
    }


def event(after: timedelta, name: str, customer: str = "anna", **properties: Any) -> Event:
    """A tracked event."""
    return read_call(call(after, name, customer, **properties))


def added(after: timedelta, customer: str = "anna", product: str = "lamp") -> Event:
    """A lamp for 49 is put into the cart."""
    return event(after, "Product Added", customer, product_id=product, price=49)


def ordered(after: timedelta, customer: str = "anna", order: str = "o1", revenue: float = 49) -> Event:
    """An order."""
    return event(after, "Order Completed", customer, order_id=order, revenue=revenue)


def identified(after: timedelta, customer: str = "anna", **traits: Any) -> Event:
    """Traits of a customer."""
    made = {**call(after, "", customer), "type": "identify", "traits": traits}
    return read_call(made)


def the_end(after: timedelta) -> Event:
    """Somebody else's last visit, with which the recording ends."""
    return event(after, "Product Viewed", "stranger")


def run(
    *events: Event, journey: type[Journey] = CartRecovery, strict: bool = False, **settings: Any
) -> tuple[Course, ...]:
    """A journey over a recording."""
    return simulate(journey, History(events), Rules(policy=GatePolicy(), strict=strict), settings)


def only(*events: Event, **options: Any) -> Course:
    """The only enrollment of a recording."""
    [course] = run(*events, **options)
    return course


def mails(course: Course) -> list[tuple[str, timedelta]]:
    """What would have gone out, and how long after the recording began."""
    return [(mail.template, mail.at - MONDAY) for mail in course.mails]


def ending(course: Course) -> tuple[str, str, timedelta | None]:
    """How it ended, why and when."""
    return course.result, course.why, None if course.ended_at is None else course.ended_at - MONDAY
