"""Imports a catalogue: all of it or nothing. A file is read twice: to find every mistake first, then to write."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.errors import InvalidCatalogueError
from domain.model import Value
from domain.product import Product, Review
from starter.catalogue.files import Row, read_rows
from starter.catalogue.rows import read_product, read_review, unknown_fields
from storage.database import Database
from storage.products import AT_ONCE, Products, Saved

MOST_ERRORS: Final = 20
"""Mistakes that are told; the rest is counted."""

T = TypeVar("T", bound=BaseModel)


class Imported(Value):
    """What an import did. `removed` is what was there and no longer is."""

    products: Saved = Saved()
    removed: int = 0
    reviews: Saved | None = None
    reviews_removed: int = 0
    ignored: tuple[str, ...] = ()
    """Fields or columns that nobody reads."""


class File(Generic[T]):
    """One file of products or of reviews, which can be read again."""

    def __init__(self, path: Path, model: type[T], read: Callable[[Row], T], key: str) -> None:
        self.path, self.key = path, key
        self._model, self._read = model, read
        self.keys: dict[str, int] = {}
        """Ids in it, and their lines; known after `check`."""
        self.ignored: set[str] = set()

    def check(self, known: Callable[[T], str | None] = lambda _: None) -> None:
        """Read it, and find every mistake.

        Args:
            known: what is wrong with a value that can be read, if anything.

        Raises:
            InvalidCatalogueError: there are mistakes; a line for each.
        """
        mistakes: list[str] = []
        try:
            for row in read_rows(self.path):
                try:
                    self._check(row, known)
                except InvalidCatalogueError as error:
                    mistakes.append(str(error))
        except InvalidCatalogueError as error:
            mistakes.append(str(error))
        if mistakes:
            more = [f"and {len(mistakes) - MOST_ERRORS} more"] if len(mistakes) > MOST_ERRORS else []
            raise InvalidCatalogueError(
                "\n".join(f"{self.path.name}: {each}" for each in mistakes[:MOST_ERRORS] + more)
            )

    def values(self) -> Iterator[T]:
        """Read it again."""
        return (self._read(row) for row in read_rows(self.path))

    def _check(self, row: Row, known: Callable[[T], str | None]) -> None:
        self.ignored |= unknown_fields(row, self._model)
        value = self._read(row)
        key = str(getattr(value, self.key))
        problem = known(value)
        if key in self.keys:
            problem = f"{self.key} {key!r} stands on line {self.keys[key]} already: give each its own, or remove one"
        if problem:
            raise InvalidCatalogueError(f"line {row.line}: {problem}")
        self.keys[key] = row.line


async def import_catalogue(
    database: Database, file: Path, *, now: datetime, reviews: Path | None = None, replace: bool = False
) -> Imported:
    """Import products, and reviews of products that are known then. Importing again changes nothing.

    Args:
        database: migrated.
        file: of products.
        now: when new products that do not say so were added.
        reviews: of reviews.
        replace: take out what the files do not hold. Reviews stay where no file of reviews is given.

    Raises:
        InvalidCatalogueError: the files have mistakes. Nothing was changed.
        ConfigurationError: a file cannot be opened.
    """
    products = File(file, Product, lambda row: read_product(row, now), "product_id")
    products.check()
    async with database.read() as session:
        before = await Products(session).ids()
    kept = products.keys.keys() | (set() if replace else before)
    written = File(reviews, Review, read_review, "review_id") if reviews else None
    if written is not None:
        written.check(lambda review: _unknown_product(review, kept))
    async with database.transaction() as session:
        done = await _save_products(session, products, now, replace=replace)
        if written is not None:
            done = done.model_copy(update=await _save_reviews(session, written, replace=replace))
    ignored = products.ignored | (written.ignored if written else set())
    return done.model_copy(update={"ignored": tuple(sorted(ignored))})


def _unknown_product(review: Review, products: Iterable[str]) -> str | None:
    if review.product_id in products:
        return None
    return (
        f"product_id {review.product_id!r} is no product of the catalogue: import that first, or leave the review out"
    )


def _batches(values: Iterator[T]) -> Iterator[list[T]]:
    while some := list(islice(values, AT_ONCE)):
        yield some


async def _save_products(session: AsyncSession, file: File[Product], now: datetime, *, replace: bool) -> Imported:
    catalogue, saved = Products(session), Saved()
    gone = await catalogue.ids() - file.keys.keys() if replace else set()
    await catalogue.remove(gone)
    place = 0 if replace else await catalogue.next_position()
    for some in _batches(file.values()):
        saved += await catalogue.save(list(enumerate(some, place)), keep_places=not replace, undated=now)
        place += len(some)
    return Imported(products=saved, removed=len(gone))


async def _save_reviews(session: AsyncSession, file: File[Review], *, replace: bool) -> dict[str, object]:
    catalogue, saved = Products(session), Saved()
    for some in _batches(file.values()):
        saved += await catalogue.save_reviews(some)
    gone = await catalogue.remove_reviews(file.keys) if replace else 0
    return {"reviews": saved, "reviews_removed": gone}
