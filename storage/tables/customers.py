"""Customers: who they are, under which ids, and whose they turned out to be."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from storage.columns import sequence_type
from storage.tables.base import Record, index_where, json_of, moment, moment_or_none, table_of

# Which rows retention looks for, word for word as its index has it: else the databases would not use them.
STRANGER = "coalesce(email, '') = '' AND orders = 0 AND substr(id, 1, 5) = 'anon-'"
"""No address, in words that keep SQLite from looking through everybody without one."""


class CustomerRecord(Record, table=True):
    """A `domain.customer.Customer`: facts folded from the customer's events. Locked by whoever decides about them."""

    __tablename__ = "customers"
    __table_args__ = (index_where("ix_customers_stranger", "last_seen_at", "id", where=STRANGER),)

    id: str = Field(primary_key=True)
    email: str | None = Field(default=None, index=True)
    first_name: str | None = None
    timezone: str | None = None
    locale: str | None = None
    traits: dict[str, Any] = json_of(dict)
    cart: dict[str, Any] = json_of(dict)
    orders: int = 0
    lifetime_value: float = 0.0
    first_order_at: datetime | None = moment_or_none()
    last_order_at: datetime | None = moment_or_none()
    first_seen_at: datetime = moment()
    last_seen_at: datetime = moment()
    counts: dict[str, int] = json_of(dict)


class AliasRecord(Record, table=True):
    """Whose an outside id is, where the id does not say so itself; see `storage.identities`."""

    __tablename__ = "aliases"

    kind: str = Field(primary_key=True)
    """`user` or `anonymous`: the same text may be one person's user id and another browser's anonymous id."""
    external_id: str = Field(primary_key=True)
    customer_id: str = Field(foreign_key="customers.id", index=True)


class JoinRecord(Record, table=True):
    """A `domain.joining.CustomerJoin`: two customers that turned out to be one.

    The customer is whose it is now: the rows are moved with everything else when that one is joined to another.
    """

    __tablename__ = "customer_joins"
    __table_args__ = (
        Index(
            "ix_customer_joins_untold",
            "id",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )

    id: int = Field(default=None, sa_column=Column("id", sequence_type(), primary_key=True, autoincrement=True))
    customer_id: str = Field(index=True)
    former_id: str = Field(index=True)
    joined_to: str
    event_id: str
    at: datetime = moment()
    moved: dict[str, int] = json_of(dict)
    dropped: dict[str, int] = json_of(dict)
    carried: list[str] = json_of(list)
    superseded: list[dict[str, Any]] = json_of(list)
    told_at: datetime | None = moment_or_none()


class ErasureRecord(Record, table=True):
    """Somebody asked to be forgotten. Once that is done, nothing here tells who it was."""

    __tablename__ = "erasures"

    id: str = Field(primary_key=True)
    """Random: it follows from nothing."""
    customer_id: str | None = Field(default=None, index=True)
    """Who is to be forgotten; None once they are."""
    source: str
    """Where it was asked for."""
    asked_at: datetime = moment()
    done_at: datetime | None = moment_or_none()


CUSTOMERS: Final = table_of(CustomerRecord)
ALIASES: Final = table_of(AliasRecord)
JOINS: Final = table_of(JoinRecord)
ERASURES: Final = table_of(ErasureRecord)
