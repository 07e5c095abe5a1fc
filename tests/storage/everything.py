"""A customer with a row in every table that may hold one, and all that a database holds, for tests of what goes."""

import itertools
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Float, Integer, Table, insert, select

from domain.enrollment import State
from storage.columns import UtcDateTime
from storage.database import Database
from storage.personal import personal_columns
from storage.tables import Record
from tests.storage.samples import NOON, added, commit, identify, ordered

MADE_BY_COMMIT = {"customers", "aliases", "events", "orders"}

_numbers = itertools.count(1)


def some_value(column: Any) -> Any:
    """Something that the column takes."""
    match column.type:
        case UtcDateTime() | DateTime():
            return NOON
        case JSON():
            return {}
        case Boolean():
            return False
        case Integer():
            return next(_numbers)
        case Float():
            return 1.0
        case _:
            return State.ENDED.value if column.name == "state" else f"{column.name}-{next(_numbers)}"


def row_of(table: Table, customer_column: str, customer: str) -> dict[str, Any]:
    """A row that belongs to the customer, with every other column filled."""
    row = {
        column.name: some_value(column)
        for column in table.c
        if not (column.primary_key and column.autoincrement is True)
    }
    # A lifted suppression would not be one, and an erasure that is done has no customer.
    return row | {customer_column: customer} | {name: None for name in ("lifted_at", "done_at") if name in table.c}


async def fill(database: Database, customer: str, address: str) -> None:
    """Give a customer a row in every table that may hold one."""
    await commit(
        database,
        identify(customer, traits={"email": address}, anonymous_id=f"visitor-of-{customer}"),
        added(user=customer),
        ordered(f"order-of-{customer}", customer),
    )
    async with database.transaction() as session:
        connection = await session.connection()
        for column in personal_columns():
            table = column.table
            if table.name not in MADE_BY_COMMIT | {"erasures"}:
                await connection.execute(insert(table).values(row_of(table, column.name, customer)))


async def contents(database: Database) -> dict[str, list[dict[str, Any]]]:
    async with database.read() as session:
        connection = await session.connection()
        return {
            table.name: [dict(row) for row in (await connection.execute(select(table))).mappings()]
            for table in Record.metadata.sorted_tables
        }
