"""Standings: customers with what they did lately, judged a page at a time."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, exists, select

from domain.behaviour import LOOK_BACK
from domain.bounds import Bounds
from domain.intent import Thresholds
from domain.standing import Selection, Standing, standing_of
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.repository import Repository
from storage.tables import CUSTOMERS, JOINS

PAGE: Final = 50
"""Customers read at once, with up to five hundred events each: what bounds memory."""


class Standings(Repository):
    """Reads where customers stand."""

    async def of(self, customers: Sequence[str], now: datetime, thresholds: Thresholds) -> list[Standing]:
        """Judge some customers, in this order; those who do not exist are left out."""
        facts = await Customers(self.session).load(customers)
        events = await EventStore(self.session).recent_of([*facts], now - LOOK_BACK, now)
        return [standing_of(facts[each], events.get(each, []), now, thresholds) for each in customers if each in facts]

    async def candidates(self, bounds: Sequence[Bounds], after: str, limit: int) -> list[str]:
        """Ids of those whose rows are within all bounds, in the order of the ids, from the one after `after` on.

        Who turned out to be another customer is nobody any more, and left out.
        """
        within = [condition for each in bounds for condition in _conditions(each)]
        is_another = exists().where(JOINS.c.former_id == CUSTOMERS.c.id)
        statement = select(CUSTOMERS.c.id).where(CUSTOMERS.c.id > after, ~is_another, *within)
        statement = statement.order_by(CUSTOMERS.c.id)
        return [*(await self.execute(statement.limit(limit))).scalars()]


async def select_standings(
    database: Database, selection: Selection, now: datetime, thresholds: Thresholds, after: str = ""
) -> AsyncGenerator[Standing]:
    """Find customers, in the order of their ids; each page in a short transaction of its own."""
    bounds = selection.bounds(now, thresholds)
    while True:
        async with database.read() as session:
            standings = Standings(session)
            page = await standings.candidates(bounds, after, PAGE)
            found = await standings.of(page, now, thresholds)
        for standing in found:
            if selection.admits(standing):
                yield standing
        if len(page) < PAGE:
            return
        after = page[-1]


def _conditions(bounds: Bounds) -> list[ColumnElement[bool]]:
    """The bounds as `Bounds.admit` has them."""
    columns = CUSTOMERS.c
    asked: list[ColumnElement[bool] | None] = [
        columns.last_seen_at > bounds.seen_after if bounds.seen_after else None,
        columns.last_seen_at <= bounds.seen_until if bounds.seen_until else None,
        columns.first_seen_at > bounds.first_seen_after if bounds.first_seen_after else None,
        columns.last_order_at > bounds.ordered_after if bounds.ordered_after else None,
        columns.orders >= bounds.least_orders if bounds.least_orders else None,
        columns.orders <= bounds.most_orders if bounds.most_orders is not None else None,
        columns.lifetime_value > bounds.spent_over if bounds.spent_over is not None else None,
    ]
    return [condition for condition in asked if condition is not None]
