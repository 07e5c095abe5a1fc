"""Recordings: files of Segment calls, one JSON object a line, plain or gzip, of any length.

In a recording `timestamp` is the moment that counts, as in the archives Segment itself writes. `sentAt` and
`originalTimestamp` are dropped: they would let the collector correct, by months, a clock that was never wrong.
"""

import asyncio
import gzip
import hashlib
import shutil
import sys
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol, Self

from domain.errors import ConfigurationError, InvalidEventError
from domain.segment import parse_moment
from starter.collector.bodies import parse_json

LONGEST_LINE: Final = 1_000_000
"""Bytes. A call has 32 kB at most; what is longer is no recording of calls."""

LINES_AT_ONCE: Final = 500
"""Read and parsed in one go, off the event loop."""

_GZIP: Final = b"\x1f\x8b"
_SPOOLED: Final = 64_000_000
"""Bytes of standard input that are kept in memory; the rest goes to a temporary file."""


class _Lines(Protocol):
    def readline(self, limit: int, /) -> bytes: ...


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
        self._source = source
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._file = _spool(sys.stdin.buffer) if self._source is None else _open(self._source)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

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
        if self._file is None:
            raise ValueError("the recording is not open: use it as a context manager")
        self._file.seek(0)
        packed = self._file.read(len(_GZIP)) == _GZIP
        self._file.seek(0)
        return _parse(gzip.GzipFile(fileobj=self._file, mode="rb") if packed else self._file)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error


def _spool(stream: IO[bytes]) -> IO[bytes]:
    spooled = tempfile.SpooledTemporaryFile(max_size=_SPOOLED)  # noqa: SIM115 closed with the recording
    shutil.copyfileobj(stream, spooled)
    return spooled


def _take(lines: Iterator[Line]) -> list[Line]:
    return list(islice(lines, LINES_AT_ONCE))


def _parse(file: _Lines) -> Iterator[Line]:
    number = 0
    try:
        for number, raw in enumerate(_raw_lines(file), start=1):
            if raw.strip():
                yield _line(number, raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield _bad_line(number + 1, f"the file is corrupt from here on: {error}")


def _raw_lines(file: _Lines) -> Iterator[bytes]:
    """Lines, cut at one byte more than is allowed."""
    while raw := file.readline(LONGEST_LINE + 1):
        yield raw
        while len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            raw = file.readline(LONGEST_LINE + 1) or b"\n"


def _line(number: int, raw: bytes) -> Line:
    if len(raw) > LONGEST_LINE:
        return _bad_line(number, f"the line is longer than {LONGEST_LINE} bytes: one call a line")
    try:
        call = parse_json(raw)
    except InvalidEventError as error:
        return Line(number, None, error)
    if not isinstance(call, dict):
        return _bad_line(number, "the line must be a JSON object")
    return Line(number, _settled(call, number, raw))


def _bad_line(number: int, problem: str) -> Line:
    return Line(number, None, InvalidEventError("", problem))


def _settled(call: dict[str, Any], number: int, raw: bytes) -> dict[str, Any]:
    settled = {name: value for name, value in call.items() if name not in ("sentAt", "originalTimestamp")}
    moment = next((call[name] for name in ("timestamp", "originalTimestamp", "receivedAt") if call.get(name)), None)
    if moment is not None:
        settled["timestamp"] = moment
    if not call.get("messageId"):
        settled["messageId"] = f"line-{number}-{hashlib.sha256(raw.strip()).hexdigest()[:32]}"
    return settled


def _moment_of(line: Line) -> datetime | None:
    try:
        return parse_moment(line.call.get("timestamp")) if line.call else None
    except ValueError:  # whoever reads the call in will say so
        return None
