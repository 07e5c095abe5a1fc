"""Days that come every year, as the customer's own calendar shows them. Pure.

The 29th of February is kept on the 28th in years that have none.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.basket import read_text
from domain.model import Value

EARLIEST_BIRTH = 1900
"""An earlier year of birth is what a form fills in when it knows nothing."""

_BIRTHDAY = re.compile(r"(?:(?P<year>[0-9]{4})-|--)(?P<month>[0-9]{2})-?(?P<day>[0-9]{2})(?:[T ].*)?", re.DOTALL)
_A_LEAP_YEAR = 2000


class DayOfYear(Value):
    """A day without its year."""

    month: int
    day: int

    def in_year(self, year: int) -> date:
        """The date on which it is kept in a year."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return date(year, 2, 28)


def read_birthday(value: Any) -> DayOfYear | None:
    """A birthday as traits tell it: an ISO date, with a time or without, or `--MM-DD`; None where it is none."""
    found = _BIRTHDAY.fullmatch(read_text(value))
    if found is None:
        return None
    return _day_of_year(int(found["year"] or _A_LEAP_YEAR), int(found["month"]), int(found["day"]))


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The date that a wall clock of the zone shows. At either end of all dates, that of UTC."""
    try:
        return at.astimezone(zone).date()
    except OverflowError:
        return at.astimezone(UTC).date()


def years_on(first: date, today: date, late: timedelta = timedelta()) -> int | None:
    """How many years ago `first` was, on its anniversary and so long after it; None on other days, and in year 0."""
    day = DayOfYear(month=first.month, day=first.day)
    for year in (today.year, today.year - 1):
        if year > first.year and timedelta() <= today - day.in_year(year) <= late:
            return year - first.year
    return None


def _day_of_year(year: int, month: int, day: int) -> DayOfYear | None:
    try:
        known = date(year, month, day)
    except ValueError:
        return None
    return DayOfYear(month=known.month, day=known.day) if year >= EARLIEST_BIRTH else None
