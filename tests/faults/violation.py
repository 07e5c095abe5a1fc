"""What an inspector finds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Found = Iterator[tuple[str, str, tuple[Any, ...]]]
"""Customer, what is wrong, rows."""


@dataclass(frozen=True)
class Violation:
    """A promise that was broken: whose, what, and the rows that show it."""

    promise: str
    customer: str
    what: str
    rows: tuple[Any, ...] = ()
