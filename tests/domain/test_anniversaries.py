from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anniversaries import DayOfYear, local_date, read_birthday, years_on

ZONES = [
    ZoneInfo(name) for name in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Europe/Berlin")
]
dates = st.dates(date(1900, 1, 1), date(2200, 12, 31))
LATE = timedelta(days=3)


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("1990-05-17", (5, 17)),
        ("1990-05-17T00:00:00.000Z", (5, 17)),
        ("1990-05-17 00:00", (5, 17)),
        ("--05-17", (5, 17)),
        ("--0517", (5, 17)),
        ("19900517", None),
        ("1992-02-29", (2, 29)),
        ("--02-29", (2, 29)),
        ("1990-02-29", None),
        ("1990-13-01", None),
        ("0001-01-01", None),
        ("1899-12-31", None),
        ("17.05.1990", None),
        ("1990-05-17\nBcc: x", None),
        ("\N{ARABIC-INDIC DIGIT ONE}990-05-17", None),
        ("", None),
        (None, None),
        (19900517, None),
        (True, None),
        ({"day": 17}, None),
    ],
)
def test_a_birthday_is_read_or_is_none(told: object, day: tuple[int, int] | None) -> None:
    found = read_birthday(told)
    assert (found and (found.month, found.day)) == day


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.from_regex(r"[0-9-]{4,12}")))
def test_no_birthday_is_an_error(told: object) -> None:
    found = read_birthday(told)
    assert found is None or found.in_year(2028) == date(2028, found.month, found.day)


@given(dates, st.integers(1900, 2200))
def test_every_day_is_kept_in_every_year(day: date, year: int) -> None:
    kept = DayOfYear(month=day.month, day=day.day).in_year(year)
    assert kept.year == year
    assert kept.month == day.month
    assert kept.day == day.day or ((day.month, day.day, kept.day) == (2, 29, 28))


@pytest.mark.parametrize(
    ("first", "today", "years"),
    [
        (date(2024, 3, 5), date(2026, 3, 5), 2),
        (date(2024, 3, 5), date(2026, 3, 8), 2),
        (date(2024, 3, 5), date(2026, 3, 9), None),
        (date(2024, 3, 5), date(2026, 3, 4), None),
        (date(2024, 3, 5), date(2024, 3, 5), None),
        (date(2024, 2, 29), date(2025, 2, 28), 1),
        (date(2024, 2, 29), date(2028, 2, 28), None),
        (date(2024, 2, 29), date(2028, 2, 29), 4),
        (date(2024, 12, 31), date(2026, 1, 2), 1),
        (date(2026, 3, 5), date(2025, 3, 5), None),
    ],
)
def test_an_anniversary_is_kept_on_its_day_and_a_little_later(first: date, today: date, years: int | None) -> None:
    assert years_on(first, today, LATE) == years


@given(dates, dates)
def test_each_year_has_one_anniversary(first: date, today: date) -> None:
    year = [date(today.year, 1, 1) + timedelta(days=each) for each in range(366)]
    kept = [day for day in year if day.year == today.year and years_on(first, day) is not None]
    assert len(kept) == (today.year > first.year)


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(ZONES))
def test_every_moment_has_a_local_date(at: datetime, zone: ZoneInfo) -> None:
    assert abs((local_date(at, zone) - at.date()).days) <= 1


def test_the_local_date_is_that_of_the_wall_clock() -> None:
    at = datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert [local_date(at, zone).day for zone in ZONES[:3]] == [1, 2, 1]
    assert local_date(datetime(2026, 3, 1, 10, tzinfo=UTC), ZONES[2]) == date(2026, 2, 28)
