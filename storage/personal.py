"""Where the database tells something about a customer: found by the columns of its tables, so that none is forgotten.

A column named `customer_id` or `customer` holds a customer's id, whatever table it is in. Export, erasure and joins go
by this list; `tests/storage/test_personal.py` holds each table to be in it or in `IMPERSONAL`.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, Table

from storage.tables import CUSTOMERS, ERASURES, SUPPRESSIONS, Record

NAMES: Final = ("customer_id", "customer")

IMPERSONAL: Final[Mapping[str, str]] = {
    "products": "the shop's goods",
    "product_reviews": "published by the shop, under the name that their author chose: its catalogue's to take back",
    "breakers": "counts of a journey",
    "clock": "the pace of time",
    "salt": "random",
    "imports": "counts, and hashes of whole files",
    "write_keys": "hashes of the keys that backends write with",
    "spent_tokens": "random texts of providers' requests",
}
"""Tables that tell nothing of a customer, and why."""


def personal_columns() -> list[Column[Any]]:
    """Columns that hold a customer's id, those first whose rows others point to."""
    return [_column(table) for table in Record.metadata.sorted_tables if _names_a_customer(table)]


def erased_columns() -> list[Column[Any]]:
    """Columns by which rows are deleted, those first that point to others.

    Left out: a suppression outlives its customer as a hash, and a record of the erasure itself as a date.
    """
    kept = {SUPPRESSIONS, ERASURES}
    return [column for column in reversed(personal_columns()) if column.table not in kept]


def _names_a_customer(table: Table) -> bool:
    return table is CUSTOMERS or any(name in table.c for name in NAMES)


def _column(table: Table) -> Column[Any]:
    if table is CUSTOMERS:
        return table.c.id
    return next(table.c[name] for name in NAMES if name in table.c)
