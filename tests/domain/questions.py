"""What the gate is asked, and what it knows, where a test says nothing else."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import available_timezones

from hypothesis import strategies as st

from domain.civil import QuietHours
from domain.gate import Ask, GateFacts
from domain.message import Kind, Stage

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
NEVER_QUIET = QuietHours(start=time(0), end=time(0))
HOUR = timedelta(hours=1)


def ask(**fields: Any) -> Ask:
    return Ask(**{"kind": Kind.MARKETING, "topic": "offers", "stage": Stage.PURCHASE, "due_at": NOON} | fields)


def facts(**fields: Any) -> GateFacts:
    return GateFacts(**{"now": NOON, "has_address": True, "consent": True} | fields)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - naive by its contract
zones = st.sampled_from([None, "nonsense", *sorted(available_timezones())])
