"""Products and their reviews: writes what an import brings, reads what mails show."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, delete, func, select

from domain.model import Value
from domain.product import Product, Review
from storage.repository import Repository
from storage.tables import PRODUCTS, REVIEWS

_FIELDS = [PRODUCTS.c[name] for name in Product.model_fields]
_IN_STOCK = PRODUCTS.c.stock.is_(None) | (PRODUCTS.c.stock > 0)

AT_ONCE = 500
"""Ids in one statement: databases bound how many values one may bring."""


class Saved(Value):
    """What an import did to a batch."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: "Saved") -> "Saved":
        return Saved(new=self.new + other.new, changed=self.changed + other.changed, same=self.same + other.same)


class Products(Repository):
    """The catalogue. Writes are for up to `AT_ONCE` rows at a time."""

    async def get(self, ids: Collection[str]) -> dict[str, Product]:
        """Those of the ids that the catalogue has."""
        wanted = sorted(set(ids))
        found: dict[str, Product] = {}
        for start in range(0, len(wanted), AT_ONCE):
            some = PRODUCTS.c.product_id.in_(wanted[start : start + AT_ONCE])
            found |= {each.product_id: each for each in await self._read(select(*_FIELDS).where(some))}
        return found

    async def any_left(self) -> bool:
        """Whether there is a catalogue at all."""
        return (await self.execute(select(PRODUCTS.c.product_id).limit(1))).first() is not None

    async def in_order(
        self, category: str | None = None, *, in_stock: bool = False, limit: int | None = None
    ) -> list[Product]:
        """Products in the order of the catalogue, of one category or of all."""
        return await self._read(_chosen(category, in_stock).order_by(PRODUCTS.c.position).limit(limit))

    async def nearest(self, category: str, price: float, limit: int) -> list[Product]:
        """What a category has in stock, the nearest price first."""
        distance = func.abs(PRODUCTS.c.price - price)
        return await self._read(_chosen(category, True).order_by(distance, PRODUCTS.c.position).limit(limit))

    async def newest(self, category: str | None, limit: int) -> list[Product]:
        """What is in stock, the latest added first, of one category or of all."""
        newest = _chosen(category, True).order_by(PRODUCTS.c.added_at.desc(), PRODUCTS.c.position)
        return await self._read(newest.limit(limit))

    async def next_position(self) -> int:
        """The place behind all products there are."""
        last = (await self.execute(select(func.max(PRODUCTS.c.position)))).scalar()
        return 0 if last is None else int(last) + 1

    async def save(
        self, products: Sequence[tuple[int, Product]], *, keep_places: bool, undated: datetime | None = None
    ) -> Saved:
        """Write products, each with its place in the catalogue. What is there as it is told is left alone.

        Args:
            products: of distinct ids.
            keep_places: what is known keeps its place.
            undated: products added at this moment did not say when: what is known keeps its date.
        """
        known = await self._places([each.product_id for _, each in products])
        stored = await self.get(known)
        rows, saved = [], Saved()
        for told, product in products:
            place = known.get(product.product_id, told) if keep_places else told
            before = stored.get(product.product_id)
            if before is not None and product.added_at == undated:
                product = product.model_copy(update={"added_at": before.added_at})  # noqa: PLW2901 completed
            if before == product and known[product.product_id] == place:
                saved += Saved(same=1)
                continue
            saved += Saved(new=1) if before is None else Saved(changed=1)
            place_row = {"position": place, "category_key": product.category.casefold()}
            rows.append(product.model_dump() | {"complements": [*product.complements]} | place_row)
        if rows:
            await self._upsert(PRODUCTS, "product_id", rows)
        return saved

    async def ids(self) -> set[str]:
        """Every product's id."""
        return set((await self.execute(select(PRODUCTS.c.product_id))).scalars())

    async def remove(self, ids: Collection[str]) -> None:
        """Take products out, with their reviews."""
        wanted = sorted(ids)
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            await self.execute(delete(PRODUCTS).where(PRODUCTS.c.product_id.in_(some)))
            await self.execute(delete(REVIEWS).where(REVIEWS.c.product_id.in_(some)))

    async def save_reviews(self, reviews: Sequence[Review]) -> Saved:
        """Write reviews of distinct ids."""
        some = REVIEWS.c.review_id.in_([each.review_id for each in reviews])
        found = (await self.execute(select(REVIEWS).where(some))).mappings()
        stored = {row["review_id"]: Review.model_validate(dict(row)) for row in found}
        fresh = [each for each in reviews if stored.get(each.review_id) != each]
        if fresh:
            await self._upsert(REVIEWS, "review_id", [each.model_dump() for each in fresh])
        changed = sum(each.review_id in stored for each in fresh)
        return Saved(new=len(fresh) - changed, changed=changed, same=len(reviews) - len(fresh))

    async def remove_reviews(self, except_for: Collection[str]) -> int:
        """Take out all reviews but these; how many went."""
        stored = set((await self.execute(select(REVIEWS.c.review_id))).scalars())
        gone = sorted(stored - set(except_for))
        for start in range(0, len(gone), AT_ONCE):
            some = gone[start : start + AT_ONCE]
            await self.execute(delete(REVIEWS).where(REVIEWS.c.review_id.in_(some)))
        return len(gone)

    async def reviews_of(self, ids: Collection[str], limit: int) -> list[Review]:
        """Reviews of products: the best rated first, then the latest."""
        return await self._reviews(REVIEWS.c.product_id.in_(sorted(ids)), limit)

    async def reviews_in(self, category: str, limit: int) -> list[Review]:
        """Reviews of a category's products: the best rated first, then the latest."""
        theirs = select(PRODUCTS.c.product_id).where(_is_category(category))
        return await self._reviews(REVIEWS.c.product_id.in_(theirs), limit)

    async def _reviews(self, which: ColumnElement[bool], limit: int) -> list[Review]:
        order = (REVIEWS.c.rating.desc(), REVIEWS.c.written_at.desc(), REVIEWS.c.review_id)
        rows = await self.execute(select(REVIEWS).where(which).order_by(*order).limit(limit))
        return [Review.model_validate(dict(row)) for row in rows.mappings()]

    async def _places(self, ids: Sequence[str]) -> dict[str, int]:
        columns = (PRODUCTS.c.product_id, PRODUCTS.c.position)
        rows = await self.execute(select(*columns).where(PRODUCTS.c.product_id.in_(ids)))
        return {row.product_id: row.position for row in rows}

    async def _upsert(self, table: Any, key: str, rows: Sequence[dict[str, Any]]) -> None:
        statement = self.insert(table)
        changes = {name: statement.excluded[name] for name in rows[0] if name != key}
        await self.execute(statement.on_conflict_do_update(index_elements=[key], set_=changes), rows)

    async def _read(self, statement: Select[Any]) -> list[Product]:
        return [_from_row(row) for row in (await self.execute(statement)).mappings()]


def _chosen(category: str | None, in_stock: bool) -> Select[Any]:
    chosen = select(*_FIELDS)
    if category is not None:
        chosen = chosen.where(_is_category(category))
    return chosen.where(_IN_STOCK) if in_stock else chosen


def _is_category(category: str) -> ColumnElement[bool]:
    return PRODUCTS.c.category_key == category.casefold()


def _from_row(row: RowMapping) -> Product:
    return Product.model_validate(dict(row))
