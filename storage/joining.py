"""Joining two customers that turn out to be one: whatever was recorded of the old goes to the new.

Facts are joined by `domain.folding.absorb`; this is about the rows that point at a customer. Enrollments, their
messages and exposures stay with the id they were made under: running workflows bear it.
"""

from sqlalchemy import update

from storage.repository import Repository
from storage.tables import ConsentRecord, EventRecord, OptOutRecord, OrderRecord, Record, SuppressionRecord, table_of

_RECORDS: tuple[type[Record], ...] = (EventRecord, OrderRecord, ConsentRecord, OptOutRecord, SuppressionRecord)
_MOVED = tuple(table_of(record) for record in _RECORDS)


class Joining(Repository):
    """Moves rows from one customer to another. Both are held by the caller."""

    async def move(self, old: str, new: str) -> None:
        """Give the new customer what was recorded of the old one."""
        for table in _MOVED:
            await self.execute(update(table).where(table.c.customer_id == old).values(customer_id=new))
