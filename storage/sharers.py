"""Customers who share a mailbox: a shop may know one reader twice, by two ids with one address.

What was refused or chosen in a mailbox holds for whatever comes to it, and its reader counts what comes, not for whom.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, literal, select, union_all

from storage.tables import CustomerRecord, table_of

MOST_SHARERS: Final = 200
"""Once so many have an address, no page gives it to another (`storage.mailboxes`): all of them are asked about."""

_CUSTOMERS = table_of(CustomerRecord)


def shared_with(owner: ColumnElement[Any], customer: str) -> ColumnElement[bool]:
    """Whether a row is the customer's, or that of somebody who has the same address now.

    Args:
        owner: the column that says whose a row is.
        customer: the canonical id; of somebody without an address, only their own rows are meant.
    """
    address = select(_CUSTOMERS.c.email).where(_CUSTOMERS.c.id == customer).scalar_subquery()
    sharers = select(_CUSTOMERS.c.id).where(_CUSTOMERS.c.email == address)
    # In one list: for "or in", PostgreSQL would read the whole table.
    return owner.in_(union_all(select(literal(customer)), sharers))
