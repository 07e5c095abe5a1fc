"""What customers did: events, and the orders among them."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ForeignKey, Index, false, text
from sqlmodel import Field

from storage.columns import sequence_type
from storage.tables.base import Record, index_where, json_of, long_text, moment, moment_or_none, table_of

# Which rows retention looks for, word for word as its index has it: else the databases would not use them.
TELLING = "name <> 'Order Completed' OR properties <> '{}'"
"""All events but orders that say nothing any more: of these the row stays for ever."""


class EventRecord(Record, table=True):
    """A `domain.event.StoredEvent` and how far the dispatcher is with it.

    `seq` grows in commit order for each customer, not over all customers: on PostgreSQL a larger number may become
    visible first.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_customer_id_name_occurred_at", "customer_id", "name", "occurred_at"),
        Index("ix_events_customer_id_occurred_at", "customer_id", "occurred_at"),
        Index(
            "ix_events_pending",
            "seq",
            sqlite_where=text("dispatched_at IS NULL AND parked_error IS NULL"),
            postgresql_where=text("dispatched_at IS NULL AND parked_error IS NULL"),
        ),
        index_where("ix_events_telling", "occurred_at", "seq", where=TELLING),
        {"sqlite_autoincrement": True},  # else SQLite gives the number of a deleted last event out again
    )

    seq: int = Field(default=None, sa_column=Column("seq", sequence_type(), primary_key=True, autoincrement=True))
    message_id: str = Field(unique=True)
    type: str
    name: str
    customer_id: str = Field(foreign_key="customers.id")
    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    occurred_at: datetime = moment()
    received_at: datetime = moment()
    properties: dict[str, Any] = json_of(dict)
    context: dict[str, Any] = json_of(dict)
    nth: int = 1
    starts_visit: bool = False
    # A default of the database's own: during a deploy, processes that do not know the column still write.
    repeats: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    public: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    dispatched_at: datetime | None = moment_or_none()
    parked_error: str | None = long_text()


class OrderRecord(Record, table=True):
    """One order, counted once however often it is reported."""

    __tablename__ = "orders"

    order_id: str = Field(primary_key=True)
    customer_id: str = Field(foreign_key="customers.id", index=True)
    event_seq: int = Field(
        sa_column=Column("event_seq", sequence_type(), ForeignKey("events.seq"), nullable=False, index=True)
    )
    total: float = 0.0
    currency: str = "USD"
    lines: list[dict[str, Any]] = json_of(list)
    completed_at: datetime = moment()
    nth: int = 1


EVENTS: Final = table_of(EventRecord)
ORDERS: Final = table_of(OrderRecord)
