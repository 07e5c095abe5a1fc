"""Orders: what was bought, once per order id."""

from datetime import datetime

from sqlalchemy import select

from domain.event import StoredEvent
from domain.folding import Order, is_order, order_id
from domain.sales import Sales, count_sales
from storage.events import EventStore
from storage.repository import Repository
from storage.tables import ORDERS

_FIELDS = [ORDERS.c[name] for name in Order.model_fields]


class Orders(Repository):
    """Reads orders; `storage.commit` writes them."""

    async def of_event(self, stored: StoredEvent | None) -> Order | None:
        """The order that an event reported, first or again; None when it was none, or turned out to be another's."""
        if stored is None or not is_order(stored.event):
            return None
        theirs = (ORDERS.c.order_id == order_id(stored.event)) & (ORDERS.c.customer_id == stored.customer)
        row = (await self.execute(select(*_FIELDS).where(theirs))).mappings().first()
        return Order.model_validate(dict(row)) if row is not None else None

    async def report(self, order_id: str) -> StoredEvent | None:
        """The report by which an order counts: a backend's, where there is one; None where there is no such order."""
        counts = select(ORDERS.c.event_seq).where(ORDERS.c.order_id == order_id)
        seq = (await self.execute(counts)).scalar()
        return None if seq is None else await EventStore(self.session).at(seq)

    async def bought(self, customer: str, since: datetime) -> frozenset[str]:
        """Ids of what a customer bought since then."""
        theirs = (ORDERS.c.customer_id == customer) & (ORDERS.c.completed_at >= since)
        rows = (await self.execute(select(ORDERS.c.lines).where(theirs))).scalars()
        return frozenset(line["product_id"] for lines in rows for line in lines)

    async def sales(self, latest: int) -> Sales:
        """What the latest so many orders say of products. In the order of events, which has an index."""
        newest = select(ORDERS.c.lines).order_by(ORDERS.c.event_seq.desc()).limit(latest)
        rows = (await self.execute(newest)).scalars()
        return count_sales([line["product_id"] for line in lines] for lines in rows)
