"""Orders: what was bought, once per order id."""

from sqlalchemy import select

from domain.folding import Order
from storage.repository import Repository
from storage.tables import OrderRecord, table_of

_ORDERS = table_of(OrderRecord)
_FIELDS = [_ORDERS.c[name] for name in Order.model_fields]


class Orders(Repository):
    """Reads orders; `storage.commit` writes them."""

    async def of_event(self, seq: int) -> Order | None:
        """The order that an event reported; None when it was no order, or one reported before."""
        row = (await self.execute(select(*_FIELDS).where(_ORDERS.c.event_seq == seq))).mappings().first()
        return Order.model_validate(dict(row)) if row is not None else None
