"""Joins, written down: which ids turned out to be whose, what was moved for it, and whether workflows know."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import RowMapping, select, update

from domain.joining import CustomerJoin, Superseded
from storage.repository import Repository
from storage.tables import JoinRecord, table_of

_JOINS = table_of(JoinRecord)


class Joins(Repository):
    """Writes and reads joins."""

    async def record(
        self,
        old: str,
        new: str,
        *,
        cause: str,
        at: datetime,
        moved: Mapping[str, int],
        dropped: Mapping[str, int],
        carried: Sequence[str],
        superseded: Sequence[Superseded],
        is_told: bool,
    ) -> None:
        """Add a join, in the transaction that makes it. For the fields see `CustomerJoin`."""
        row = {
            "customer_id": new,
            "former_id": old,
            "joined_to": new,
            "event_id": cause,
            "at": at,
            "moved": dict(moved),
            "dropped": dict(dropped),
            "carried": [*carried],
            "superseded": [each.model_dump(mode="json") for each in superseded],
            "told_at": at if is_told else None,
        }
        await self.execute(self.insert(_JOINS), [row])

    async def untold(self, limit: int, *, after: int = 0) -> list[CustomerJoin]:
        """Joins that workflows have not heard of yet, of those after an id, the oldest first."""
        waiting = select(_JOINS).where(_JOINS.c.told_at.is_(None), _JOINS.c.id > after).order_by(_JOINS.c.id)
        waiting = waiting.limit(limit)
        return [_from_row(row) for row in (await self.execute(waiting)).mappings()]

    async def mark_told(self, join: int, at: datetime) -> None:
        """Note that every workflow has heard of it."""
        await self.execute(update(_JOINS).where(_JOINS.c.id == join).values(told_at=at))

    async def of_customer(self, customer: str) -> list[CustomerJoin]:
        """What made the customer who they are, the oldest first."""
        theirs = select(_JOINS).where(_JOINS.c.customer_id == customer).order_by(_JOINS.c.id)
        return [_from_row(row) for row in (await self.execute(theirs)).mappings()]


def _from_row(row: RowMapping) -> CustomerJoin:
    fields = dict(row)
    return CustomerJoin(customer=fields.pop("customer_id"), former=fields.pop("former_id"), **fields)
