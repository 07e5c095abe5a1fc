"""Catalogue files as rows with their line numbers: CSV, a JSON list, or JSON objects one a line.

Streaming: a file may be larger than the memory.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from domain.errors import ConfigurationError, InvalidCatalogueError

LONGEST_ROW: Final = 1_000_000
"""Characters of one product."""

_CHUNK: Final = 1 << 16
_DELIMITERS: Final = ",;\t"
_BLANKS: Final = " \t\r\n"


class Row(NamedTuple):
    """One product or review as it stands in the file."""

    line: int
    """Where it begins, counted from 1, as editors do."""
    fields: dict[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Read a file from its start.

    Raises:
        ConfigurationError: it cannot be opened.
        InvalidCatalogueError: it is none of the formats from some line on; rows before that were given out.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = _first_letter(file)
            file.seek(0)
            match start:
                case "[":
                    yield from _json_list(file)
                case "{":
                    yield from _json_lines(file)
                case "":
                    raise InvalidCatalogueError("the file is empty: nothing was imported")
                case _:
                    yield from _csv(file)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidCatalogueError(f"the file is not UTF-8 ({error.reason}): save it as UTF-8") from error


def _first_letter(file: IO[str]) -> str:
    while chunk := file.read(_CHUNK):
        if chunk.strip():
            return chunk.strip()[0]
    return ""


def _csv(file: IO[str]) -> Iterator[Row]:
    header = file.readline()
    file.seek(0)
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader)]
        begins = reader.line_num + 1
        for values in reader:
            if any(values):
                yield Row(begins, _named(names, values, begins))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InvalidCatalogueError(f"line {reader.line_num}: not CSV: {error}") from error


def _named(names: list[str], values: list[str], line: int) -> dict[str, Any]:
    if len(values) != len(names):
        raise InvalidCatalogueError(
            f"line {line}: {len(values)} columns instead of the header's {len(names)}: put quotes around commas"
        )
    return {name: value for name, value in zip(names, values, strict=True) if name and value.strip()}


def _json_lines(file: IO[str]) -> Iterator[Row]:
    number = 0
    while raw := file.readline(LONGEST_ROW + 1):
        number += 1
        if len(raw) > LONGEST_ROW:
            raise InvalidCatalogueError(f"line {number}: longer than {LONGEST_ROW} characters: one object a line")
        if raw.strip():
            yield Row(number, _object(_decoded(raw, number), number))


def _decoded(raw: str, line: int) -> Any:
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        raise InvalidCatalogueError(
            f"line {line}: not JSON: {error.msg} at column {error.colno}; write one object a line, or one list"
        ) from error
    except (RecursionError, ValueError) as error:
        raise InvalidCatalogueError(f"line {line}: JSON that cannot be read: {error}") from error


def _json_list(file: IO[str]) -> Iterator[Row]:
    """The objects of a list, each decoded as soon as it is whole."""
    text, line, decoder = file.read(_CHUNK), 1, json.JSONDecoder()
    place = text.index("[") + 1
    line += text.count("\n", 0, place)
    while True:
        start = _skip(text, place, _BLANKS + ",")
        line += text.count("\n", place, start)
        try:
            if text[start : start + 1] == "]":
                return
            value, place = decoder.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError) as error:
            more = file.read(_CHUNK)
            if not more or len(text) - start > LONGEST_ROW:
                raise _broken(error, line) from error
            text, place = text[start:] + more, 0
            continue
        yield Row(line, _object(value, line))
        line += text.count("\n", start, place)


def _broken(error: Exception, line: int) -> InvalidCatalogueError:
    what = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
    return InvalidCatalogueError(f"line {line}: not JSON: {what} in what begins there, or the list has no end")


def _skip(text: str, place: int, letters: str) -> int:
    while place < len(text) and text[place] in letters:
        place += 1
    return place


def _object(value: Any, line: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidCatalogueError(f"line {line}: must be an object with the fields of one product or review")
    return {name: each for name, each in value.items() if each is not None}
