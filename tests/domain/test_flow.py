"""Warm-up and breaker: their numbers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from domain.breaker import BreakerPolicy, Tally, trips
from domain.warm_up import WarmUp, day_of, next_day

RAMP = WarmUp(start=date(2026, 3, 2), per_day=(50, 100, 500))


@pytest.mark.parametrize(
    ("at", "limit"),
    [
        (datetime(2026, 2, 27, 12, tzinfo=UTC), 50),
        (datetime(2026, 3, 2, 0, 0, tzinfo=UTC), 50),
        (datetime(2026, 3, 2, 23, 59, tzinfo=UTC), 50),
        (datetime(2026, 3, 3, 0, 0, tzinfo=UTC), 100),
        (datetime(2026, 3, 4, 12, tzinfo=UTC), 500),
        (datetime(2026, 3, 5, 0, 0, tzinfo=UTC), None),
    ],
)
def test_each_day_has_its_limit_and_after_the_last_there_is_none(at: datetime, limit: int | None) -> None:
    assert RAMP.limit_at(at) == limit


def test_a_day_begins_at_midnight_utc() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert (day_of(noon), next_day(noon)) == (noon - timedelta(hours=12), noon + timedelta(hours=12))


@pytest.mark.parametrize("per_day", [(), (0,), (-1,)])
def test_a_warm_up_without_mails_is_none(per_day: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        WarmUp(start=date(2026, 3, 2), per_day=per_day)


@pytest.mark.parametrize(
    ("tally", "why"),
    [
        (Tally(mails=99, bounces=99), None),  # too few to judge
        (Tally(mails=100, bounces=4), None),  # 4 %
        (Tally(mails=100, bounces=5), "5 of 100 mails bounced (5.0%, at most 5.0% may)"),
        (Tally(mails=100, complaints=2), None),  # 2 %, but two people
        (Tally(mails=100, complaints=3), "3 of 100 mails were marked as spam (3.0%, at most 0.3% may)"),
        (Tally(mails=1001, complaints=3), None),  # 0.2997 %
        (Tally(mails=1000, complaints=3), "3 of 1000 mails were marked as spam (0.3%, at most 0.3% may)"),
    ],
)
def test_a_rate_that_is_reached_trips(tally: Tally, why: str | None) -> None:
    assert trips(tally, BreakerPolicy()) == why


def test_a_rate_of_one_never_trips() -> None:
    assert trips(Tally(mails=100, bounces=100), BreakerPolicy(bounces=1, complaints=1)) is None
