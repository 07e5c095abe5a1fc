"""Durations and moments as a person says them, for everything operators read."""

from datetime import datetime, timedelta

_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


def in_words(duration: timedelta) -> str:
    """A duration in its largest sensible units, e.g. `23 hours` or `2 days 3 hours`."""
    parts: list[str] = []
    rest = duration
    for unit, name in _UNITS:
        count, rest = rest // unit, rest % unit
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(parts[:2]) or f"{duration.total_seconds():g} seconds"


def at_minute(moment: datetime) -> str:
    """A moment to the minute, in UTC."""
    # Not strftime: it imports a module at each call, which Temporal's sandbox makes slow.
    return f"{moment.isoformat(' ', 'minutes')[:16]} UTC"
