"""Joins, written down: which ids turned out to be whose, what was moved for it, and whether workflows know."""

from datetime import datetime

from sqlalchemy import RowMapping, select, update

from domain.joining import CustomerJoin, NewJoin
from storage.repository import Repository
from storage.tables import JOINS


class JoinLog(Repository):
    """Writes and reads joins."""

    async def record(self, join: NewJoin) -> None:
        """Add a join, in the transaction that makes it."""
        row = join.model_dump(exclude={"customer", "former"})
        await self.execute(self.insert(JOINS), [row | {"customer_id": join.customer, "former_id": join.former}])

    async def untold(self, limit: int, *, after: int = 0) -> list[CustomerJoin]:
        """Joins that workflows have not heard of yet, of those after an id, the oldest first."""
        waiting = select(JOINS).where(JOINS.c.told_at.is_(None), JOINS.c.id > after).order_by(JOINS.c.id)
        waiting = waiting.limit(limit)
        return [_from_row(row) for row in (await self.execute(waiting)).mappings()]

    async def mark_told(self, join: int, at: datetime) -> None:
        """Note that every workflow has heard of it."""
        await self.execute(update(JOINS).where(JOINS.c.id == join).values(told_at=at))

    async def of_customer(self, customer: str) -> list[CustomerJoin]:
        """What made the customer who they are, the oldest first."""
        theirs = select(JOINS).where(JOINS.c.customer_id == customer).order_by(JOINS.c.id)
        return [_from_row(row) for row in (await self.execute(theirs)).mappings()]


def _from_row(row: RowMapping) -> CustomerJoin:
    fields = dict(row)
    return CustomerJoin(customer=fields.pop("customer_id"), former=fields.pop("former_id"), **fields)
