"""What can be imported: how a row is read, and how many of them are stored at once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from starter.imports.fields import FieldError
from starter.imports.rows import Mistake, Row
from starter.lines import Lines

T = TypeVar("T")


class Item(NamedTuple, Generic[T]):
    """One thing to be stored, and where it stands in the file."""

    line: int
    last: int
    value: T


class Stored(NamedTuple):
    """What became of some items."""

    stored: int
    unchanged: int
    """Were there already, or said nothing new."""
    mistakes: Sequence[Mistake] = ()
    """Of those that only the database could find."""


class Kind(ABC, Generic[T]):
    """One kind of things to import."""

    name: str
    """On the command line, and in the hash that tells whether a file was imported."""

    @abstractmethod
    def read(self, lines: Lines, after: int, now: datetime) -> Iterator[Item[T] | Mistake]:
        """Items behind a line, and what is wrong with the others.

        Args:
            lines: of an opened file.
            after: the line up to which nothing is wanted.
            now: product time; what lies later has not happened.

        Raises:
            InvalidImportError: it is no file of the kind at all.
        """

    @abstractmethod
    async def store(self, session: AsyncSession, items: Sequence[Item[T]], now: datetime, /) -> Stored:
        """Store items in the caller's transaction. Storing them again changes nothing."""

    async def check(self, _session: AsyncSession, _items: Sequence[Item[T]], /) -> Sequence[Mistake]:
        """What `store` would refuse, as far as that can be told beforehand. Writes nothing."""
        return ()


def item_of(row: Row, read: Callable[[dict[str, Any]], T]) -> Item[T] | Mistake:
    """A row as what it tells of, or what is wrong with it: `read` raises FieldError."""
    try:
        return Item(row.line, row.last, read(row.fields))
    except FieldError as error:
        return Mistake(row.line, row.last, error.field, error.problem, error.remedy)
