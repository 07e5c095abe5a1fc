"""Moments: dates that events report, and that later events move."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import event as names
from domain.event import Event, EventType, StoredEvent
from domain.moments import MOMENTS, RENEWAL, Moment

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def said(name: str, seq: int, **properties: Any) -> StoredEvent:
    event = Event(
        message_id=f"e-{seq}",
        type=EventType.TRACK,
        name=name,
        user_id="anna",
        occurred_at=NOON + timedelta(hours=seq),
        received_at=NOON + timedelta(hours=seq),
        properties=properties,
    )
    return StoredEvent(seq=seq, customer="anna", event=event)


BEGAN = said(names.SUBSCRIPTION_STARTED, 1, subscription_id="s-1", renews_at="2026-06-01T10:00:00Z")


def read(*events: StoredEvent, zone: str | None = None) -> datetime | None:
    return RENEWAL.read(events, BEGAN, zone, "Europe/Berlin")


def test_the_newest_event_that_says_it_counts() -> None:
    moved = said(names.SUBSCRIPTION_UPDATED, 2, subscription_id="s-1", renews_at="2026-07-01T10:00:00+02:00")
    silent = said(names.SUBSCRIPTION_UPDATED, 3, subscription_id="s-1", plan="large")
    assert read(BEGAN) == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert read(BEGAN, moved, silent) == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_another_subscription_moves_nothing() -> None:
    other = said(names.SUBSCRIPTION_UPDATED, 2, subscription_id="s-2", renews_at="2026-07-01T10:00:00Z")
    assert read(BEGAN, other) == datetime(2026, 6, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", datetime(2026, 6, 1, 4, tzinfo=UTC)),
        (None, datetime(2026, 5, 31, 22, tzinfo=UTC)),
        ("Mars/Olympus", datetime(2026, 5, 31, 22, tzinfo=UTC)),
    ],
)
def test_a_date_is_its_midnight_where_the_customer_lives(zone: str | None, expected: datetime) -> None:
    event = said(names.SUBSCRIPTION_STARTED, 1, subscription_id="s-1", renews_at="2026-06-01")
    assert RENEWAL.read([event], event, zone, "Europe/Berlin") == expected


@pytest.mark.parametrize("value", ["soon", "", [], {}, True and "x", 1e300, "9999-12-31T23:59:59-23:00", None])
def test_what_cannot_be_read_is_no_moment(value: Any) -> None:
    event = said(names.SUBSCRIPTION_STARTED, 1, subscription_id="s-1", renews_at=value)
    assert RENEWAL.read([event], event, None, "UTC") is None


def test_two_moments_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two moments are named 'renewal'"):
        Moment("renewal", said_by=("Something",), property="renews_at")
    assert MOMENTS["renewal"] is RENEWAL
