"""Civil time: quiet hours and wall-clock waits in every zone, above all where clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.civil import QuietHours, find_zone, next_allowed, next_local, zone_or_default
from tests.domain.zones import NIGHT, moments_in_zones

BERLIN = ZoneInfo("Europe/Berlin")
# The longest quiet hours (a minute short of a day), and the largest overlaps since 1973 (some hours, Antarctica).
ABOUT_A_DAY = timedelta(hours=30)

quiet_hours = st.builds(QuietHours, start=st.times(), end=st.times())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall_clock(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


class TestZoneOrDefault:
    def test_takes_a_valid_name(self) -> None:
        assert zone_or_default("Asia/Kathmandu", "UTC").key == "Asia/Kathmandu"

    @pytest.mark.parametrize(
        "name",
        [
            *(None, "", " ", "Mars/Olympus", "Europe", "Europe/", "/etc/passwd", "../../etc/passwd", "UTC\0"),
            *("\ud800", "tzdata.zi", "+02:00", ".", "Europe/Berlin\n", "x" * 5000),
        ],
    )
    def test_falls_back_on_anything_else(self, name: str | None) -> None:
        assert zone_or_default(name, "Europe/Berlin") is BERLIN

    @given(st.text())
    @settings(max_examples=100, deadline=None)
    def test_no_text_does_harm(self, name: str) -> None:
        assert isinstance(zone_or_default(name, "UTC"), ZoneInfo)

    def test_a_wrong_default_is_an_error_not_a_guess(self) -> None:
        assert find_zone("Nowhere") is None
        with pytest.raises(ZoneInfoNotFoundError):
            zone_or_default(None, "Nowhere")


class TestQuietHours:
    @pytest.mark.parametrize(
        ("quiet", "wall", "covered"),
        [
            (NIGHT, time(21), True),
            (NIGHT, time(20, 59, 59), False),
            (NIGHT, time(0), True),
            (NIGHT, time(7, 59, 59, 999_999), True),
            (NIGHT, time(8), False),
            (QuietHours(start=time(12), end=time(14)), time(12), True),
            (QuietHours(start=time(12), end=time(14)), time(11, 59), False),
            (QuietHours(start=time(12), end=time(14)), time(14), False),
            (QuietHours(start=time(9), end=time(9)), time(9), False),
        ],
    )
    def test_cover_start_until_before_end(self, quiet: QuietHours, wall: time, covered: bool) -> None:
        assert quiet.covers(wall) is covered

    def test_refuse_an_offset(self) -> None:
        with pytest.raises(ValidationError, match="wall-clock"):
            QuietHours(start=time(21, tzinfo=UTC))


class TestNextAllowed:
    @pytest.mark.parametrize(
        ("at", "allowed"),
        [
            ("2026-01-15T10:00", "2026-01-15 11:00"),  # day: at once
            ("2026-01-15T20:00", "2026-01-16 08:00"),  # 21:00 exactly
            ("2026-01-15T23:30", "2026-01-16 08:00"),  # after midnight
            ("2026-01-16T07:00", "2026-01-16 08:00"),  # 08:00 exactly
            ("2026-03-28T22:00", "2026-03-29 08:00"),  # the night an hour is missing
            ("2026-10-24T22:00", "2026-10-25 08:00"),  # the night an hour comes twice
        ],
    )
    def test_waits_for_the_morning(self, at: str, allowed: str) -> None:
        assert wall_clock(next_allowed(utc(at), BERLIN, NIGHT), BERLIN) == allowed

    def test_the_night_is_an_hour_shorter_in_spring_and_longer_in_autumn(self) -> None:
        # 23:00 to 08:00 is nine hours by the clock.
        assert next_allowed(utc("2026-03-28T22:00"), BERLIN, NIGHT) - utc("2026-03-28T22:00") == timedelta(hours=8)
        assert next_allowed(utc("2026-10-24T21:00"), BERLIN, NIGHT) - utc("2026-10-24T21:00") == timedelta(hours=10)

    def test_an_end_inside_the_gap_is_over_after_the_gap(self) -> None:
        quiet = QuietHours(start=time(21), end=time(2, 30))
        for at in ("2026-03-29T00:30", "2026-03-29T00:30:01", "2026-03-29T00:30:00.000001"):
            assert next_allowed(utc(at), BERLIN, quiet) == utc("2026-03-29T01:00")  # 03:00 there

    def test_a_clock_turned_back_to_before_the_start_allows_again(self) -> None:
        # 02:45 summer time is quiet; fifteen minutes on, the clock shows 02:00 again, which is not.
        quiet = QuietHours(start=time(2, 30), end=time(3, 30))
        assert next_allowed(utc("2026-10-25T00:45"), BERLIN, quiet) == utc("2026-10-25T01:00")

    def test_an_end_shown_twice_is_quiet_twice(self) -> None:
        quiet = QuietHours(start=time(21), end=time(2, 30))
        assert next_allowed(utc("2026-10-25T00:30"), BERLIN, quiet) == utc("2026-10-25T00:30")
        assert next_allowed(utc("2026-10-25T01:10"), BERLIN, quiet) == utc("2026-10-25T01:30")

    def test_answers_in_utc_and_refuses_naive_moments(self) -> None:
        assert next_allowed(datetime(2026, 1, 15, 12, tzinfo=BERLIN), BERLIN, NIGHT).tzinfo is UTC
        with pytest.raises(ValueError, match="naive"):
            next_allowed(datetime(2026, 1, 15, 12), BERLIN, NIGHT)  # noqa: DTZ001 - the point

    @given(moments_in_zones(), quiet_hours, st.floats(0, 1, exclude_max=True))
    @settings(max_examples=300, deadline=None)
    @example((utc("2011-12-29T20:00"), ZoneInfo("Pacific/Apia")), NIGHT, 0.9)
    def test_is_the_first_moment_outside(
        self, moment_in_zone: tuple[datetime, ZoneInfo], quiet: QuietHours, fraction: float
    ) -> None:
        at, zone = moment_in_zone
        allowed = next_allowed(at, zone, quiet)

        assert not quiet.covers(allowed.astimezone(zone).time())
        assert at <= allowed <= at + ABOUT_A_DAY
        assert next_allowed(allowed, zone, quiet) == allowed
        before = at + (allowed - at) * fraction
        assert before >= allowed or quiet.covers(before.astimezone(zone).time())


class TestNextLocal:
    @pytest.mark.parametrize(
        ("zone", "at", "wall", "shown"),
        [
            ("Europe/Berlin", "2026-01-15T08:59", time(10), "2026-01-15 10:00"),
            ("Europe/Berlin", "2026-01-15T09:00", time(10), "2026-01-15 10:00"),
            ("Europe/Berlin", "2026-01-15T09:01", time(10), "2026-01-16 10:00"),
            ("Europe/Berlin", "2026-03-28T09:01", time(10), "2026-03-29 10:00"),
            ("Europe/Berlin", "2026-03-28T12:00", time(2, 30), "2026-03-29 03:00"),  # gap: after it
            ("Europe/Berlin", "2026-03-29T01:00", time(2, 30), "2026-03-29 03:00"),  # and asked there again
            ("Australia/Lord_Howe", "2026-10-03T12:00", time(2, 15), "2026-10-04 02:30"),  # half an hour's gap
            ("America/Nuuk", "2026-03-28T20:00", time(23, 30), "2026-03-29 00:00"),  # a gap that ends at midnight
            ("Africa/Cairo", "2026-04-23T12:00", time(0, 30), "2026-04-24 01:00"),  # a gap that begins at midnight
            ("Pacific/Apia", "2011-12-30T06:00", time(10), "2011-12-31 10:00"),  # the 30th never was
        ],
    )
    def test_finds_the_next_showing(self, zone: str, at: str, wall: time, shown: str) -> None:
        assert wall_clock(next_local(utc(at), ZoneInfo(zone), wall), ZoneInfo(zone)) == shown

    def test_of_two_showings_the_first_counts(self) -> None:
        # 02:30 is shown at 00:30 and at 01:30 UTC.
        assert next_local(utc("2026-10-24T12:00"), BERLIN, time(2, 30)) == utc("2026-10-25T00:30")
        assert next_local(utc("2026-10-25T00:31"), BERLIN, time(2, 30)) == utc("2026-10-26T01:30")

    @given(moments_in_zones(), st.times())
    @settings(max_examples=300, deadline=None)
    def test_shows_the_time_or_ends_the_gap(self, moment_in_zone: tuple[datetime, ZoneInfo], wall: time) -> None:
        at, zone = moment_in_zone
        shown = next_local(at, zone, wall)
        local = shown.astimezone(zone)
        just_before = (shown - timedelta(microseconds=1)).astimezone(zone)

        assert at <= shown <= at + timedelta(days=1) + ABOUT_A_DAY
        assert next_local(shown, zone, wall) == shown
        assert local.time() == wall or just_before.utcoffset() != local.utcoffset()

    @given(moments_in_zones(), st.integers(0, 1439))
    @settings(max_examples=40, deadline=None)
    def test_agrees_with_watching_the_clock_minute_by_minute(
        self, moment_in_zone: tuple[datetime, ZoneInfo], minute: int
    ) -> None:
        at, zone = moment_in_zone
        at = at.replace(second=0, microsecond=0)
        wall = time(*divmod(minute, 60))
        assert next_local(at, zone, wall) == watch_the_clock(at, zone, wall)


def watch_the_clock(at: datetime, zone: ZoneInfo, wall: time) -> datetime:
    """The slow way: look at the clock each minute, and notice when it jumps over the time."""
    before = (at - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
    for minutes in range(3 * 1440):
        moment = at + timedelta(minutes=minutes)
        local = moment.astimezone(zone)
        naive = local.replace(tzinfo=None, fold=0)
        assume(naive - before < timedelta(days=1))  # dates that never were have their own test
        if local.time() == wall and not local.fold:
            return moment
        skipped = (before + timedelta(minutes=minute) for minute in range(1, (naive - before) // timedelta(minutes=1)))
        if any(missing.time() == wall for missing in skipped):
            return moment
        before = naive
    raise AssertionError("never shown")
