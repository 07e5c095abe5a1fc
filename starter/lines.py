"""Files of lines, plain or gzip, of any length: read line by line in bounded memory, more than once."""

import gzip
import hashlib
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Self

from domain.errors import ConfigurationError

LONGEST_LINE: Final = 1_000_000
"""Bytes. A call has 32 kB at most, a row of a table less: what is longer is no such line."""

MOST_SWELLING: Final = 200
"""Times its size that a gzip file may unpack to, once that is much. Files of lines come to 50, bombs to a thousand."""

MUCH: Final = 100_000_000
"""Bytes, unpacked, from which on that is asked."""

_GZIP: Final = b"\x1f\x8b"
_SPOOLED: Final = 64_000_000
"""Bytes of standard input that are kept in memory; the rest goes to a temporary file."""


class RawLine(NamedTuple):
    """One line, its end included, or why it cannot be had."""

    number: int
    """Counted from 1, as editors do."""
    raw: bytes
    problem: str | None = None


class Fingerprint(NamedTuple):
    """Which file it is, whatever it is called."""

    sha256: str
    """Of what it holds, unpacked."""
    lines: int


class Lines:
    """An opened file. Use it as a context manager.

    Args:
        source: a file; None: standard input, which is kept until the end so that it can be read again.

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

    def read(self, after: int = 0) -> Iterator[RawLine]:
        """Lines from the start, or behind a line. The first that cannot be unpacked is the last one."""
        number = 0
        try:
            for number, raw in enumerate(self._raw(), start=1):
                if number > after:
                    is_long = len(raw) > LONGEST_LINE
                    problem = f"the line is longer than {LONGEST_LINE} bytes: one record a line" if is_long else None
                    yield RawLine(number, raw, problem)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            yield RawLine(number + 1, b"", f"the file is corrupt from here on: {error}")

    def fingerprint(self) -> Fingerprint:
        """Read all of it, and tell it from any other."""
        digest, number = hashlib.sha256(), 0
        for number, raw, problem in self.read():  # noqa: B007 the last number is how many there are
            digest.update(raw if problem is None else problem.encode() + raw)
        return Fingerprint(digest.hexdigest(), number)

    def _raw(self) -> Iterator[bytes]:
        """Lines, cut at one byte more than is allowed."""
        if self._file is None:
            raise ValueError("the file is not open: use it as a context manager")
        self._file.seek(0)
        is_packed = self._file.read(len(_GZIP)) == _GZIP
        self._file.seek(0)
        file: Any = gzip.GzipFile(fileobj=self._file, mode="rb") if is_packed else self._file
        while raw := file.readline(LONGEST_LINE + 1):
            yield raw
            while len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
                self._require_modest(file)
                raw = file.readline(LONGEST_LINE + 1) or b"\n"
            self._require_modest(file)

    def _require_modest(self, file: Any) -> None:
        if file is self._file or self._file is None:
            return
        unpacked = file.tell()
        if unpacked > MUCH and unpacked > MOST_SWELLING * self._file.tell():
            raise gzip.BadGzipFile(f"it unpacks to more than {MOST_SWELLING} times its size")


def _open(path: Path) -> IO[bytes]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    if file.seekable():
        return file
    with file:  # a pipe
        return _spool(file)


def _spool(stream: IO[bytes]) -> IO[bytes]:
    spooled = tempfile.SpooledTemporaryFile(max_size=_SPOOLED)  # noqa: SIM115 closed with the file of lines
    shutil.copyfileobj(stream, spooled)
    return spooled
