"""Any moment in any zone, most of all where clocks change."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from domain.civil import QuietHours

ZONES = sorted(available_timezones())
NIGHT = QuietHours()


def changes_of_offset(zone: ZoneInfo, year: int) -> list[datetime]:
    """Midnights (UTC) in whose following day the zone's offset changes."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    return [day for day, offset, then in zip(days, offsets, offsets[1:], strict=False) if offset != then]


@st.composite
def moments_in_zones(draw: Callable[..., object]) -> tuple[datetime, ZoneInfo]:
    """Any zone, any year from 1973 (before, some offsets have seconds); near a change of offset where there is one."""
    zone = ZoneInfo(str(draw(st.sampled_from(ZONES))))
    year = draw(st.integers(1973, 2045))
    assert isinstance(year, int)
    changes = changes_of_offset(zone, year) or [datetime(year, 6, 1, tzinfo=UTC)]
    near = draw(st.sampled_from(changes))
    offset = draw(st.timedeltas(timedelta(days=-2), timedelta(days=3)))
    assert isinstance(near, datetime)
    assert isinstance(offset, timedelta)
    return near + offset, zone
