"""Reads from the catalogue what one mail may pick from: some hundred products, whatever the size of the shop."""

import time
from collections.abc import Collection, Sequence
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.picks import Shelf
from domain.product import Product
from domain.sales import Sales
from storage.orders import Orders
from storage.products import Products

LATEST_ORDERS: Final = 5_000
"""What sells is judged by so many orders: enough to tell, and read in some 50 ms."""

FRESH_FOR: Final = 60.0
"""Real seconds for which the count of orders is not made again. Stock, prices and products are always fresh."""

NEAR: Final = 30
NEWEST: Final = 12
FIRST: Final = 40
BEST: Final = 60
"""Candidates of each kind. Some are hidden from the customer, or of the wrong kind: more than are shown."""


class Shelves:
    """Reads shelves. One for each process: it remembers what sells."""

    def __init__(self) -> None:
        self._sales = Sales()
        self._counted_at: float | None = None

    async def read(
        self, session: AsyncSession, *, known: Sequence[Product], category: str, hidden: Collection[str]
    ) -> Shelf:
        """What there is to pick from.

        Args:
            session: open.
            known: products that it is about: the first has alternatives, all have complements.
            category: what the customer cares about; empty if nothing stands out.
            hidden: ids that this customer is not shown.
        """
        products, sales = Products(session), await self._count(session)
        found = [*await products.in_order(in_stock=True, limit=FIRST), *await products.newest(None, NEWEST)]
        if category:
            found += await products.in_order(category, in_stock=True, limit=FIRST)
            found += await products.newest(category, NEWEST)
        if known and known[0].category:
            found += await products.nearest(known[0].category, known[0].price, NEAR)
        declared = [each for product in known for each in product.complements]
        together = sales.with_any_of(each.product_id for each in known)[:NEAR]
        by_id = {each.product_id: each for each in found}
        by_id |= await products.get({*declared, *together, *sales.best()[:BEST]} - by_id.keys())
        return Shelf(by_id, sales, frozenset(hidden))

    async def _count(self, session: AsyncSession) -> Sales:
        if self._counted_at is None or time.monotonic() - self._counted_at > FRESH_FOR:
            self._sales = await Orders(session).sales(LATEST_ORDERS)
            self._counted_at = time.monotonic()
        return self._sales
