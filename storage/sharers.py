"""Customers who share a mailbox: a shop may know one reader twice, by two ids with one address.

What was refused or chosen in a mailbox holds for whatever comes to it, and its reader counts what comes, not for whom.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, select

from storage.tables import CustomerRecord, table_of

MOST_SHARERS: Final = 200
"""Of one address, the customers who are asked about: those seen first, so that nobody is crowded out by newer ones."""

_CUSTOMERS = table_of(CustomerRecord)


def shared_with(owner: ColumnElement[Any], customer: str) -> ColumnElement[bool]:
    """Whether a row is the customer's, or that of somebody who has the same address now.

    Args:
        owner: the column that says whose a row is.
        customer: the canonical id; of somebody without an address, only their own rows are meant.
    """
    address = select(_CUSTOMERS.c.email).where(_CUSTOMERS.c.id == customer).scalar_subquery()
    found = select(_CUSTOMERS.c.id).where(_CUSTOMERS.c.email == address)
    sharers = found.order_by(_CUSTOMERS.c.first_seen_at, _CUSTOMERS.c.id).limit(MOST_SHARERS)
    return (owner == customer) | owner.in_(sharers)
