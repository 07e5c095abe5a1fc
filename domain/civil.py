"""Civil time: what a customer's own wall clock shows, and when it will show something else.

All sums are made in UTC: the standard library adds wall-clock time across a change to or from daylight saving
and lands, without a word, on hours that do not exist. Holidays are left out.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.model import Value
from domain.windows import MIDNIGHT, SendWindow, WallTime

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class QuietHours(Value):
    """The hours in which no marketing mail arrives: from `start` until before `end`, on the customer's wall clock.

    They cross midnight when `start` is later than `end`, and there are none when both are equal.
    """

    start: WallTime = time(21)
    end: WallTime = time(8)

    def covers(self, wall: time) -> bool:
        """Whether it is quiet when the wall clock shows that."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


def find_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, or None. Names come from browsers and imports, so anything may stand there."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # Unknown; malformed or outside the database; "Europe" alone is a directory.
        return None


def zone_or_default(name: str | None, default: str) -> ZoneInfo:
    """The zone of that name, else the default one.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: the default is no zone: a setting is wrong, and guessing would mail at night.
    """
    return (find_zone(name) if name else None) or ZoneInfo(default)


def next_allowed(at: datetime, zone: ZoneInfo, quiet: QuietHours, windows: Iterable[SendWindow] = ()) -> datetime:
    """The first moment from `at` on, in UTC, that is outside the quiet hours and inside a window, if there are any.

    `at` itself where that is allowed. Some time of the week must be, see `opens_at_all`: this would search for ever.
    """
    windows = tuple(windows)
    marks = _marks(quiet, windows)
    moment = _in_utc(at)
    while not _is_allowed(local := moment.astimezone(zone), quiet, windows):
        # Under the present offset nothing changes before the next of these marks. A change of offset before that may
        # open or close the hours early (the clock jumps over a mark, or back to before one), so look again from there.
        turn = moment + min(_ahead(local.time(), mark) or _DAY for mark in marks)
        moment = _change_of_offset(moment, turn, zone) or turn
    return moment


def opens_at_all(quiet: QuietHours, windows: Iterable[SendWindow]) -> bool:
    """Whether quiet hours and windows together leave any time of the week."""
    windows = tuple(windows)
    days = (date.min + _DAY * offset for offset in range(7))
    turns = (datetime.combine(day, mark) for day in days for mark in _marks(quiet, windows))
    return any(_is_allowed(turn, quiet, windows) for turn in turns)


def next_local(at: datetime, zone: ZoneInfo, wall: time) -> datetime:
    """The first moment from `at` on, in UTC, at which the local wall clock shows `wall`; one on each date.

    Where the clock jumps over `wall`, the first moment after the gap counts; where it shows `wall` twice, only the
    first time does. A date that never was (Apia, 2011-12-30) has no such moment.
    """
    moment = _in_utc(at)
    today = moment.astimezone(zone).date()
    # Yesterday too: a gap before midnight moves yesterday's time to today's first moment (Nuuk, each March).
    days = (today + timedelta(days=offset) for offset in (-1, 0, 1, 2))
    shown = (_first_showing(day, wall, zone) for day in days)
    return next(candidate for candidate in shown if candidate is not None and candidate >= moment)


def _is_allowed(local: datetime, quiet: QuietHours, windows: tuple[SendWindow, ...]) -> bool:
    return not quiet.covers(local.time()) and (not windows or any(window.covers(local) for window in windows))


def _marks(quiet: QuietHours, windows: tuple[SendWindow, ...]) -> set[time]:
    """The times of day at which something may open."""
    return {quiet.end, *(window.start for window in windows), *([MIDNIGHT] if windows else [])}


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a naive datetime would be read in this machine's zone: pass an aware one")
    return at.astimezone(UTC)


def _first_showing(day: date, wall: time, zone: ZoneInfo) -> datetime | None:
    local = datetime.combine(day, wall.replace(fold=0), tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # A gap (PEP 495): fold 0 reads it with the offset before, which lands after the gap, and fold 1 the reverse.
    before = local.replace(fold=1).astimezone(UTC)
    if moment - before >= _DAY:
        return None
    return _change_of_offset(before, moment, zone)


def _ahead(now: time, then: time) -> timedelta:
    """How far the hands must turn, less than a day."""
    return (datetime.combine(date.min, then) - datetime.combine(date.min, now)) % _DAY


def _change_of_offset(after: datetime, until: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment in (after, until] at which the zone's offset changes, or None. Both are less than two days apart."""
    offset = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == offset:
        return None
    # Zone rules change on whole seconds, so search those.
    start = after.replace(microsecond=0)
    seconds = range(math.ceil((until - start) / _SECOND))
    return start + _SECOND * bisect_left(
        seconds, True, key=lambda second: (start + _SECOND * second).astimezone(zone).utcoffset() != offset
    )
