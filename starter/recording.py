"""Recordings: files of Segment calls, one JSON object a line, plain or gzip, of any length.

In a recording `timestamp` is the moment that counts, as in the archives Segment itself writes. `sentAt` and
`originalTimestamp` are dropped: they would let the collector correct, by months, a clock that was never wrong.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from domain.errors import InvalidEventError
from domain.segment_api import parse_moment
from starter.collector.bodies import parse_json
from starter.lines import LONGEST_LINE, Lines, RawLine

__all__ = ["LONGEST_LINE", "Line", "Recording"]

LINES_AT_ONCE: Final = 500
"""Read and parsed in one go, off the event loop."""


class Line(NamedTuple):
    """One line: a call, or what is wrong with it."""

    number: int
    """Counted from 1, as editors do."""
    call: dict[str, Any] | None
    error: InvalidEventError | None = None


class Recording:
    """An opened recording, which can be read more than once. Use it as a context manager.

    A call without a `messageId` gets one made of its content and place, so that reading a file in again, after an
    interruption or by mistake, stores nothing twice.

    Args:
        source: a file; None: standard input.

    Raises:
        ConfigurationError: the file cannot be opened.
    """

    def __init__(self, source: Path | None) -> None:
        self._lines = Lines(source)

    def __enter__(self) -> Self:
        self._lines.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.__exit__()

    async def lines(self) -> AsyncIterator[Line]:
        """All lines from the start, but empty ones. A line that cannot be read does not stop the reading."""
        read = self._read()
        while lines := await asyncio.to_thread(_take, read):
            for line in lines:
                yield line

    async def newest(self) -> datetime | None:
        """The latest timestamp in it; None when no call bears one."""
        newest: datetime | None = None
        async for line in self.lines():
            moment = _moment_of(line)
            if moment is not None and (newest is None or moment > newest):
                newest = moment
        return newest

    async def shifted(self, to: datetime) -> AsyncIterator[Line]:
        """All lines, with their timestamps moved so that the newest is `to`. Reads the recording twice."""
        newest = await self.newest()
        async for line in self.lines():
            moment = _moment_of(line)
            if line.call is None or moment is None or newest is None:
                yield line
            else:
                yield line._replace(call={**line.call, "timestamp": (to - (newest - moment)).isoformat()})

    def _read(self) -> Iterator[Line]:
        return (read_line(raw) for raw in self._lines.read() if raw.problem or raw.raw.strip())


def read_line(line: RawLine) -> Line:
    """A line of a recording as a call."""
    if line.problem is not None:
        return _bad_line(line.number, line.problem)
    try:
        call = parse_json(line.raw)
    except InvalidEventError as error:
        return Line(line.number, None, error)
    if not isinstance(call, dict):
        return _bad_line(line.number, "the line must be a JSON object")
    return Line(line.number, _settled(call, line.number, line.raw))


def _take(lines: Iterator[Line]) -> list[Line]:
    return list(islice(lines, LINES_AT_ONCE))


def _bad_line(number: int, problem: str) -> Line:
    return Line(number, None, InvalidEventError("", problem))


def _settled(call: dict[str, Any], number: int, raw: bytes) -> dict[str, Any]:
    settled = {name: value for name, value in call.items() if name not in ("sentAt", "originalTimestamp")}
    moment = next((call[name] for name in ("timestamp", "originalTimestamp", "receivedAt") if call.get(name)), None)
    if moment is not None:
        settled["timestamp"] = moment
    said = call.get("messageId")
    if not said or (isinstance(said, str) and not said.strip()):  # what the collector takes for no id, too
        settled["messageId"] = f"line-{number}-{hashlib.sha256(raw.strip()).hexdigest()[:32]}"
    return settled


def _moment_of(line: Line) -> datetime | None:
    try:
        return parse_moment(line.call.get("timestamp")) if line.call else None
    except ValueError:  # whoever reads the call in will say so
        return None
