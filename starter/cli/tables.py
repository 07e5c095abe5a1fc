"""Printing: a table for people, JSON for programs. Nothing else goes to standard output."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console() if sys.stdout.isatty() else Console(width=1000)
"""Where the output is piped, a row is a line, so that `grep` finds it."""

_WHOLE = ("when", "status", "name")
"""Columns that are not broken: others give way."""


def show(rows: Sequence[dict[str, Any]], *, as_json: bool, empty: str, columns: Sequence[str] | None = None) -> None:
    """Print rows of JSON-ready values.

    Args:
        rows: what to print.
        as_json: a JSON list instead of a table.
        empty: what to say where there is nothing.
        columns: the table's; JSON has all fields.
    """
    if as_json:
        print(json.dumps(list(rows), indent=2, ensure_ascii=False))
        return
    if not rows:
        console.print(Text(empty))
        return
    console.print(table_of(rows, columns))


def table_of(rows: Sequence[dict[str, Any]], columns: Sequence[str] | None = None) -> Table:
    """A table of rows of JSON-ready values, of which there is one at least."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    names = list(columns or rows[0])
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=name in _WHOLE)
    for row in rows:
        table.add_row(*(Text(cell(row.get(name))) for name in names))
    return table


def show_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and what is to be said of each, indented; a long text stays in its column."""
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=1)
    for name, text in pairs:
        table.add_row(" ", Text(name), Text(text))
    console.print(table)


def cell(value: Any) -> str:
    """A value as a table shows it."""
    match value:
        case None | "":
            return "-"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case str() if _is_moment(value):
            return cell(datetime.fromisoformat(value))
        case dict():
            return " · ".join(f"{name} {cell(item)}" for name, item in value.items()) or "-"
        case _:
            return str(value)


def _is_moment(text: str) -> bool:
    try:
        return len(text) > len("2026-01-01") and datetime.fromisoformat(text) is not None
    except ValueError:
        return False
