"""Spans of time as a person writes them: `2h`, `90 min`, `1 day 4 hours`."""

import re
from datetime import timedelta

from rehearsal.stage.errors import ScriptError

LONGEST = timedelta(days=3650)
"""As `domain.model.Duration` has it."""

_UNITS = (
    (timedelta(days=1), "d", ("d", "day", "days")),
    (timedelta(hours=1), "h", ("h", "hour", "hours")),
    (timedelta(minutes=1), "min", ("min", "m", "mins", "minute", "minutes")),
    (timedelta(seconds=1), "s", ("s", "sec", "second", "seconds")),
    (timedelta(weeks=1), "w", ("w", "week", "weeks")),
)
_LENGTHS = {name: length for length, _, names in _UNITS for name in names}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)(?:\s*,?\s*(?:and\s+)?|$)")


def parse_span(text: str) -> timedelta:
    """Read a span.

    Raises:
        ScriptError: it is none, or longer than ten years.
    """
    rest, total = text.strip().lower(), timedelta()
    if not rest:
        raise _unreadable(text)
    while rest:
        part = _PART.match(rest)
        if part is None or part[2] not in _LENGTHS:
            raise _unreadable(text)
        try:
            total += float(part[1]) * _LENGTHS[part[2]]
        except OverflowError:
            total = LONGEST * 2
        if total > LONGEST:
            raise ScriptError(f"“{text.strip()}” is longer than ten years")
        rest = rest[part.end() :]
    return total


def write_span(span: timedelta) -> str:
    """A span so that `parse_span` reads it again: `1 d 4 h 30 min`; what is shorter than a second is left out."""
    parts: list[str] = []
    rest = span
    for length, unit, _ in _UNITS[:4]:
        count, rest = rest // length, rest % length
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 min"


def _unreadable(text: str) -> ScriptError:
    return ScriptError(f"“{text.strip()}” is no span of time: write it as 2h, 90 min, 3 days or 1 day 4 hours")
