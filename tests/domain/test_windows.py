"""Send windows: the days and hours at which mail may go, in every zone, above all where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.civil import QuietHours, next_allowed, opens_at_all
from domain.gate import GatePolicy
from domain.windows import SendWindow, Weekday
from tests.domain.zones import NIGHT, moments_in_zones

BERLIN = ZoneInfo("Europe/Berlin")
NEVER_QUIET = QuietHours(start=time(0), end=time(0))
WORKING_DAYS = frozenset(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY}
OFFICE = SendWindow(days=WORKING_DAYS, start=time(9), end=time(17))
SATURDAY = SendWindow(days=frozenset({Weekday.SATURDAY}), start=time(10), end=time(14))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        ("2026-03-04T12:00", "2026-03-04T12:00"),  # a Wednesday
        ("2026-03-04T08:59", "2026-03-04T09:00"),
        ("2026-03-04T17:00", "2026-03-05T09:00"),  # the end is not in it
        ("2026-03-06T17:00", "2026-03-07T10:00"),  # Friday evening, Saturday's own hours
        ("2026-03-07T14:00", "2026-03-09T09:00"),
        ("2026-03-28T14:00", "2026-03-30T09:00"),  # clocks go forward on that Sunday
        ("2026-10-24T14:00", "2026-10-26T09:00"),  # and back on that
    ],
)
def test_the_next_window_opens(at: str, allowed: str) -> None:
    assert next_allowed(local(at), BERLIN, NEVER_QUIET, (OFFICE, SATURDAY)) == local(allowed)


def test_quiet_hours_hold_inside_a_window() -> None:
    every_day = SendWindow(days=WORKING_DAYS)
    assert next_allowed(local("2026-03-06T22:00"), BERLIN, NIGHT, (every_day,)) == local("2026-03-09T08:00")


def test_a_window_that_the_clock_jumps_into_opens_then() -> None:
    # 02:00 to 03:00 is missing on that Sunday.
    early = SendWindow(days=frozenset({Weekday.SUNDAY}), start=time(2, 30), end=time(5))
    assert next_allowed(local("2026-03-28T23:00"), BERLIN, NEVER_QUIET, (early,)) == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"start": time(17), "end": time(9)},
        {"start": time(9), "end": time(9)},
        {"days": []},
        {"days": ["someday"]},
        {"start": time(9, tzinfo=UTC)},
    ],
)
def test_a_window_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SendWindow.model_validate(fields)


def test_windows_within_the_quiet_hours_are_refused() -> None:
    with pytest.raises(ValidationError, match="no mail could ever go"):
        GatePolicy(windows=(SendWindow(start=time(22), end=time(23)),))


half_hours = st.integers(0, 46).map(lambda half: time(half // 2, half % 2 * 30))
quiet_hours = st.builds(QuietHours, start=half_hours, end=half_hours)
windows = st.builds(
    lambda days, start, end: SendWindow(days=days, start=start, end=end if end > start else time(0)),
    st.frozensets(st.sampled_from(Weekday), min_size=1),
    half_hours,
    half_hours,
)


def is_open(moment: datetime, zone: ZoneInfo, quiet: QuietHours, chosen: list[SendWindow]) -> bool:
    """Written apart from the code under test."""
    here = moment.astimezone(zone)
    minutes = here.hour * 60 + here.minute
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    for window in chosen:
        start = window.start.hour * 60 + window.start.minute
        end = (window.end.hour * 60 + window.end.minute) or 24 * 60
        if names[here.weekday()] in window.days and start <= minutes < end:
            return not quiet.covers(here.time())
    return False


@given(moments_in_zones(), st.lists(windows, min_size=1, max_size=3), quiet_hours)
@settings(max_examples=250, deadline=None)
def test_in_every_zone_the_moment_is_open_and_none_before_it_is(
    where: tuple[datetime, ZoneInfo], chosen: list[SendWindow], quiet: QuietHours
) -> None:
    at, zone = where
    if not opens_at_all(quiet, chosen):
        return
    allowed = next_allowed(at, zone, quiet, chosen)
    assert at <= allowed <= at + timedelta(days=15)  # two weeks, where a change of the clock swallows a short window
    assert is_open(allowed, zone, quiet, chosen)
    step = timedelta(minutes=15)  # zones change on quarter hours, these windows on halves
    earlier = (at + step * number for number in range((allowed - at) // step + 1))
    assert not any(is_open(moment, zone, quiet, chosen) for moment in earlier if moment < allowed)


@given(moments_in_zones(), quiet_hours)
@settings(max_examples=100, deadline=None)
def test_days_alone_open_at_midnight(where: tuple[datetime, ZoneInfo], quiet: QuietHours) -> None:
    at, zone = where
    weekdays = [SendWindow(days=WORKING_DAYS)]
    allowed = next_allowed(at, zone, quiet, weekdays)
    assert Weekday.of(allowed.astimezone(zone)) in WORKING_DAYS
    assert allowed - at <= timedelta(days=4)


def test_weekdays_are_in_their_order() -> None:
    monday = datetime.combine(date(2026, 3, 2), time(12), tzinfo=UTC)
    assert [Weekday.of(monday + timedelta(days=day)) for day in range(7)] == list(Weekday)
