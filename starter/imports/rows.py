"""Rows of a file to be imported: CSV with a header, or JSON objects one a line. A bad one does not stop the others."""

import csv
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

from domain.errors import InvalidEventError, InvalidImportError
from starter.collector.bodies import parse_json
from starter.lines import Lines, RawLine

MOST_COLUMNS: Final = 320
"""More than a customer may have traits."""

MOST_LINES: Final = 50
"""Lines in one row of CSV. A quote that is open for longer was forgotten, and must not swallow the rows behind it."""

_DELIMITERS: Final = ",;\t"
_NAME: Final = re.compile(r"[A-Za-z_][\w .-]{0,59}")
_NOT_UTF8: Final = "save the file as UTF-8"
_TOO_FEW: Final = "write every column, an empty one too"
_TOO_MANY: Final = "put quotes around fields that hold the delimiter"


class Row(NamedTuple):
    """One row that could be read."""

    line: int
    """Where it begins, counted from 1, as editors do."""
    last: int
    """Where it ends: a quoted field may hold line ends."""
    fields: dict[str, Any]
    """Empty ones are left out: they say nothing."""


class Mistake(NamedTuple):
    """What is wrong with a row. Quotes nothing of it: that is somebody's address as often as not."""

    line: int
    last: int
    """Up to which the file is dealt with."""
    field: str
    problem: str
    remedy: str


class Columns(NamedTuple):
    """Fields that have a meaning: some by their names, and perhaps all with a prefix."""

    names: tuple[str, ...]
    prefix: str = ""

    def know(self, name: str) -> bool:
        """Whether a field has a meaning."""
        return name in self.names or bool(self.prefix and name.startswith(self.prefix) and name != self.prefix)

    def __str__(self) -> str:
        return ", ".join((*self.names, f"{self.prefix}…") if self.prefix else self.names)


def read_rows(lines: Lines, columns: Columns, after: int = 0) -> Iterator[Row | Mistake]:
    """Rows behind a line.

    Args:
        lines: of an opened file.
        columns: those with a meaning; a header without one is none.
        after: the line up to which nothing is wanted.

    Raises:
        InvalidImportError: the file has no header, or none that can be read, or is neither of the formats.
    """
    header = next((line for line in lines.read() if line.problem or line.raw.strip()), None)
    if header is None:
        raise InvalidImportError("the file is empty: nothing was imported")
    if header.problem is not None:
        raise InvalidImportError(f"the file cannot be read: {header.problem}")
    match header.raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]:
        case b"{":
            return _json_rows(lines.read(after))
        case b"[":
            raise InvalidImportError("the file is a JSON list: write one object a line, without brackets and commas")
        case _:
            names, delimiter = _header(header, columns)
            return _csv_rows(lines, max(after, header.number), names, delimiter)


def _json_rows(lines: Iterator[RawLine]) -> Iterator[Row | Mistake]:
    for number, raw, problem in lines:
        if problem is not None:
            yield Mistake(number, number, "", problem, "write one JSON object a line")
        elif raw.strip():
            yield _json_row(number, raw)


def _json_row(number: int, raw: bytes) -> Row | Mistake:
    try:
        value = parse_json(raw)
    except InvalidEventError as error:
        return Mistake(number, number, "", error.problem, "write one JSON object a line, in UTF-8")
    if not isinstance(value, dict):
        return Mistake(number, number, "", "must be a JSON object", "write one JSON object a line")
    return Row(number, number, {name: each for name, each in value.items() if each is not None and each != ""})


def _header(line: RawLine, columns: Columns) -> tuple[list[str], str]:
    try:
        text = line.raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidImportError(f"the header is not UTF-8: {_NOT_UTF8}") from error
    if line.problem or "\0" in text:
        raise InvalidImportError(f"the header is {line.problem or 'no text, or UTF-16'}: {_NOT_UTF8}, as CSV or NDJSON")
    delimiter = max(_DELIMITERS, key=text.count)
    try:
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
    except (csv.Error, StopIteration) as error:
        raise InvalidImportError(f"the header is no CSV: {error}") from error
    if len(names) > MOST_COLUMNS:
        raise InvalidImportError(f"the header has {len(names)} columns, {MOST_COLUMNS} are allowed: leave some out")
    if not any(map(columns.know, names)):
        raise InvalidImportError(
            "the header has no column that is known: the first line of a CSV file names its columns "
            f"(docs/import.md); known are {columns}"
        )
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise InvalidImportError(
            f"the header names {_shortly(repeated)} more than once: nobody could tell which counts"
        )
    return names, delimiter


def _csv_rows(lines: Lines, after: int, names: list[str], delimiter: str) -> Iterator[Row | Mistake]:
    feed = _Feed(lines.read(after))
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        found: Row | Mistake | None
        try:
            found = _csv_row(names, next(reader), feed)
        except StopIteration:
            yield from feed.taken_out()
            return
        except csv.Error as error:
            remedy = "close every quote, and double those within a field"
            found = Mistake(feed.first, feed.number, "", f"no CSV: {error}", remedy)
        if isinstance(found, Mistake):
            # Perhaps a quote was forgotten: lines behind the first are rows of their own, and are read again as such.
            found = found._replace(last=found.line)
            feed.rewind()
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        # A line within a row is dealt with when the row is: whoever goes on from there reads the row again.
        yield from (each._replace(last=min(each.last, feed.first - 1)) for each in feed.taken_out())
        if found is not None:
            yield found


def _csv_row(names: list[str], values: list[str], feed: "_Feed") -> Row | Mistake | None:
    if not any(values):
        return None
    if len(values) != len(names):
        problem = f"{len(values)} columns instead of the header's {len(names)}"
        return Mistake(feed.first, feed.number, "", problem, _TOO_FEW if len(values) < len(names) else _TOO_MANY)
    fields = {name: value.strip() for name, value in zip(names, values, strict=True) if name and value.strip()}
    return Row(feed.first, feed.number, fields)


class _Feed:
    """Lines as text for the CSV reader. What is no text is taken out, and told."""

    def __init__(self, lines: Iterator[RawLine]) -> None:
        self._lines = lines
        self._mistakes: list[Mistake] = []
        self._row: list[tuple[int, str]] = []
        self._again: list[tuple[int, str]] = []
        self.first = self.number = 0

    def begin(self) -> None:
        """A row begins with the next line."""
        self.first, self._row = 0, []

    def rewind(self) -> None:
        """Give all lines of the row but the first once more."""
        self._again, self._row = self._row[1:] + self._again, []

    def taken_out(self) -> Collection[Mistake]:
        """What was wrong with lines since this was last asked."""
        mistakes, self._mistakes = self._mistakes, []
        return mistakes

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._row) == MOST_LINES:
            raise csv.Error(f"a quote is not closed within {MOST_LINES} lines")
        self.number, text = self._again.pop(0) if self._again else self._next_text()
        self.first = self.first or self.number
        self._row.append((self.number, text))
        return text

    def _next_text(self) -> tuple[int, str]:
        while True:
            number, raw, problem = next(self._lines)
            text = ""
            if problem is None:
                try:
                    text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    problem = "not UTF-8"
            if problem is None and "\0" in text:
                problem = "contains a NUL character"
            if problem is None:
                return number, text
            self._mistakes.append(Mistake(number, number, "", problem, "correct the line, in UTF-8"))


def _shortly(names: list[str]) -> str:
    return ", ".join(repr(shown(name)) for name in names[:3])


def shown(name: str) -> str:
    """A field's name, if it is one: in a file that is not what it should be it may be somebody's address."""
    return name if _NAME.fullmatch(name) else "(no name)"
