"""The tables. Moments are product time unless a name says *real*.

Where a table is the database's side of a domain value, the columns carry the names of its fields. Only what is always
written in one transaction is tied by foreign keys: events, orders and aliases to their customer.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, MetaData, Table, Text, false, text
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime, json_type, sequence_type

# Which rows retention looks for, word for word as its indexes have it: else the databases would not use them.
WITH_BODY = "html IS NOT NULL"
WITH_LINKS_ALONE = "html IS NULL AND links <> '[]'"
STRANGER = "coalesce(email, '') = '' AND orders = 0 AND substr(id, 1, 5) = 'anon-'"
"""No address, in words that keep SQLite from looking through everybody without one."""
TELLING = "name <> 'Order Completed' OR properties <> '{}'"
"""All events but orders that say nothing any more: of these the row stays for ever."""


class Record(SQLModel):
    """Base of all tables. Constraints are named by rule, so that a migration can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _index_where(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _json(default: type[dict[str, Any]] | type[list[Any]]) -> Any:
    return Field(default_factory=default, sa_type=json_type(), nullable=False)


def _moment() -> Any:
    return Field(sa_type=UtcDateTime, nullable=False)


def _moment_or_none() -> Any:
    return Field(default=None, sa_type=UtcDateTime, nullable=True)


def _long_text() -> Any:
    return Field(default=None, sa_type=Text, nullable=True)


class CustomerRecord(Record, table=True):
    """A `domain.customer.Customer`: facts folded from the customer's events. Locked by whoever decides about them."""

    __tablename__ = "customers"
    __table_args__ = (_index_where("ix_customers_stranger", "last_seen_at", "id", where=STRANGER),)

    id: str = Field(primary_key=True)
    email: str | None = Field(default=None, index=True)
    first_name: str | None = None
    timezone: str | None = None
    locale: str | None = None
    traits: dict[str, Any] = _json(dict)
    cart: dict[str, Any] = _json(dict)
    orders: int = 0
    lifetime_value: float = 0.0
    first_order_at: datetime | None = _moment_or_none()
    last_order_at: datetime | None = _moment_or_none()
    first_seen_at: datetime = _moment()
    last_seen_at: datetime = _moment()
    counts: dict[str, int] = _json(dict)


class AliasRecord(Record, table=True):
    """Whose an outside id is, where the id does not say so itself; see `storage.identities`."""

    __tablename__ = "aliases"

    kind: str = Field(primary_key=True)
    """`user` or `anonymous`: the same text may be one person's user id and another browser's anonymous id."""
    external_id: str = Field(primary_key=True)
    customer_id: str = Field(foreign_key="customers.id", index=True)


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
        _index_where("ix_events_telling", "occurred_at", "seq", where=TELLING),
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
    occurred_at: datetime = _moment()
    received_at: datetime = _moment()
    properties: dict[str, Any] = _json(dict)
    context: dict[str, Any] = _json(dict)
    nth: int = 1
    starts_visit: bool = False
    # A default of the database's own: during a deploy, processes that do not know the column still write.
    repeats: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    public: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    dispatched_at: datetime | None = _moment_or_none()
    parked_error: str | None = _long_text()


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
    lines: list[dict[str, Any]] = _json(list)
    completed_at: datetime = _moment()
    nth: int = 1


class EnrollmentRecord(Record, table=True):
    """A `domain.enrollment.EnrollmentRow`."""

    __tablename__ = "enrollments"
    __table_args__ = (
        Index("ix_enrollments_journey_customer_id_started_at", "journey", "customer_id", "started_at"),
        Index("ix_enrollments_customer_id_state", "customer_id", "state"),
    )

    id: str = Field(primary_key=True)
    workflow_id: str = Field(index=True)
    run_id: str | None = None
    journey: str
    customer_id: str
    key: str | None = None
    lane: str | None = None
    priority: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    state: str
    occasion: dict[str, Any] = _json(dict)
    started_at: datetime = _moment()
    admitted_at: datetime | None = _moment_or_none()
    ended_at: datetime | None = _moment_or_none()
    outcome: dict[str, Any] | None = Field(default=None, sa_type=json_type(), nullable=True)
    outcome_kind: str | None = None
    """The outcome's kind once more, so that it can be counted without opening the JSON."""


class MessageRecord(Record, table=True):
    """The ledger: one row per message, the single truth of what was sent.

    No address: it is read from the customer at the moment of sending, and is gone when the customer is. A salted hash
    of it is kept as long as the row, to know its mailbox again.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("uq_messages_enrollment_id_step", "enrollment_id", "step", unique=True),
        Index("ix_messages_customer_id_decided_at", "customer_id", "decided_at"),
        Index("ix_messages_journey_decided_at", "journey", "decided_at"),
        Index("ix_messages_handed_over_at", "handed_over_at"),
        Index("ix_messages_journey_handed_over_at", "journey", "handed_over_at"),
        _index_where("ix_messages_with_body", "rendered_at", "id", where=WITH_BODY),
        _index_where("ix_messages_with_links_alone", "rendered_at", "id", where=WITH_LINKS_ALONE),
    )

    id: str = Field(primary_key=True)
    """`domain.message.ledger_id` of enrollment and step."""
    enrollment_id: str
    workflow_id: str
    journey: str
    customer_id: str
    step: str
    template: str
    kind: str
    topic: str
    stage: str
    urgent: bool = False
    status: str
    reason: str = Field(sa_type=Text)
    rule: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Name of the gate's rule that decided; see `domain.gate.RULES`."""
    offer: dict[str, Any] | None = Field(default=None, sa_type=json_type(), nullable=True)
    decided_at: datetime = _moment()
    due_at: datetime | None = _moment_or_none()
    claimed_at: datetime | None = _moment_or_none()
    rendered_at: datetime | None = _moment_or_none()
    handed_over_at: datetime | None = _moment_or_none()
    sent_at: datetime | None = _moment_or_none()
    hand_overs: int = 0
    """How often the mail server may have taken the message. More than once for transactional mail, or by its key."""
    message_id: str | None = Field(default=None, index=True)
    """The Message-ID header (RFC 5322, 3.6.4), the same on every attempt."""
    address_hash: str | None = None
    """Of the mailbox it was handed over for, see `storage.salt`; None: not handed over, or before this was kept."""
    inherited: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """It came to its customer by a join: it may have gone to somebody who was taken for them."""
    subject: str | None = _long_text()
    html: str | None = _long_text()
    text: str | None = _long_text()
    links: list[str] = _json(list)


class FeedbackRecord(Record, table=True):
    """What became of a message after it was handed over: of each kind, when it was first reported to have happened.

    Folded from events that name the message, whoever reports them: a provider, our own links, a backend.
    """

    __tablename__ = "feedback"

    message: str = Field(primary_key=True)
    """Ledger id."""
    customer_id: str = Field(index=True)
    delivered_at: datetime | None = _moment_or_none()
    deferred_at: datetime | None = _moment_or_none()
    opened_at: datetime | None = _moment_or_none()
    """By a person, as far as one can tell; see `domain.machines`."""
    machine_opened_at: datetime | None = _moment_or_none()
    clicked_at: datetime | None = _moment_or_none()
    machine_clicked_at: datetime | None = _moment_or_none()
    soft_bounced_at: datetime | None = _moment_or_none()
    bounced_at: datetime | None = _moment_or_none()
    complained_at: datetime | None = _moment_or_none()
    unsubscribed_at: datetime | None = _moment_or_none()
    rejected_at: datetime | None = _moment_or_none()


class SpentTokenRecord(Record, table=True):
    """A token that signed a webhook's request, and signs no other: where a signature leaves the body out."""

    __tablename__ = "spent_tokens"

    token: str = Field(primary_key=True)
    """With the provider's name in front."""
    real_at: datetime = Field(sa_type=UtcDateTime, nullable=False, index=True)


class ConsentRecord(Record, table=True):
    """What a customer agreed to or refused, with source and time. A log: the newest row counts, none is changed."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_customer_id_topic", "customer_id", "topic"),)

    id: int = Field(default=None, sa_column=Column("id", sequence_type(), primary_key=True, autoincrement=True))
    customer_id: str
    topic: str
    """`*` is all marketing."""
    granted: bool
    source: str
    at: datetime = _moment()
    wording: str | None = _long_text()


class OptOutRecord(Record, table=True):
    """A recipient's own refusal. Stays in force until the recipient lifts it, whatever a backend reports meanwhile."""

    __tablename__ = "opt_outs"
    __table_args__ = (Index("ix_opt_outs_customer_id_topic", "customer_id", "topic"),)

    id: int = Field(default=None, sa_column=Column("id", sequence_type(), primary_key=True, autoincrement=True))
    customer_id: str
    topic: str
    """`*` is all marketing."""
    source: str
    """Ledger id of the mail whose link was used, or the place where it was asked for."""
    at: datetime = _moment()
    lifted_at: datetime | None = _moment_or_none()
    lifted_by: str | None = None
    """As `source`, of the recipient's change of mind."""


class PreferenceRecord(Record, table=True):
    """One choice a recipient made themselves. A log: the newest row about a thing counts, none is changed."""

    __tablename__ = "preference_choices"

    id: int = Field(default=None, sa_column=Column("id", sequence_type(), primary_key=True, autoincrement=True))
    customer_id: str = Field(index=True)
    about: str
    """A field of `domain.preferences.Choices`."""
    value: str | None = None
    """None: the choice was taken back."""
    source: str
    """Ledger id of the mail whose link was used."""
    at: datetime = _moment()


class SuppressionRecord(Record, table=True):
    """An address or customer who gets no mail at all. Survives the customer's row: the hash alone is enough.

    A *sunset* is the word of a journey that nobody answered: it stops marketing alone, and ends when they return.
    """

    __tablename__ = "suppressions"

    id: int = Field(default=None, sa_column=Column("id", sequence_type(), primary_key=True, autoincrement=True))
    customer_id: str | None = Field(default=None, index=True)
    email_hash: str | None = Field(default=None, index=True)
    reason: str
    source: str
    at: datetime = _moment()
    sunset: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    topic: str | None = None
    """Of a refusal that a mailbox keeps (`storage.refusals`): marketing of this topic alone; `*` is all of it."""
    lifted_at: datetime | None = _moment_or_none()


class ProductRecord(Record, table=True):
    """A `domain.product.Product`, and its place in the shop's own order."""

    __tablename__ = "products"
    __table_args__ = (Index("ix_products_category_key_position", "category_key", "position"),)

    product_id: str = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    price: float
    compare_at: float | None = None
    category: str
    category_key: str
    """The category as it is looked for: `lighting` finds `Lighting`, on both databases alike."""
    brand: str
    image_url: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    stock: int | None = None
    added_at: datetime = Field(sa_type=UtcDateTime, nullable=False, index=True)
    complements: list[str] = _json(list)
    attributes: dict[str, str] = _json(dict)
    position: int = Field(index=True)


class ReviewRecord(Record, table=True):
    """A `domain.product.Review`."""

    __tablename__ = "product_reviews"

    review_id: str = Field(primary_key=True)
    product_id: str = Field(index=True)
    author: str
    rating: int
    quote: str = Field(sa_type=Text)
    written_at: datetime | None = _moment_or_none()


class CouponRecord(Record, table=True):
    """A `domain.coupon.Coupon`: made before its message is rendered, redeemed by the order that bears it."""

    __tablename__ = "coupons"

    code: str = Field(primary_key=True)
    message: str = Field(unique=True)
    customer: str = Field(index=True)
    journey: str = Field(index=True)
    template: str
    kind: str
    percent: int = 0
    issued_at: datetime = _moment()
    expires_at: datetime = _moment()
    redeemed_at: datetime | None = _moment_or_none()
    order_id: str | None = None
    revenue: float = 0.0


class BreakerRecord(Record, table=True):
    """A journey's breaker: open, and the journey held back, while there is a reason."""

    __tablename__ = "breakers"

    journey: str = Field(primary_key=True)
    reason: str | None = _long_text()
    opened_at: datetime | None = _moment_or_none()
    rearmed_at: datetime | None = _moment_or_none()
    """Mails from before do not count any more."""


class ExposureRecord(Record, table=True):
    """Which variant of an experiment a customer was given: the first answer stays."""

    __tablename__ = "exposures"

    customer_id: str = Field(primary_key=True)
    experiment: str = Field(primary_key=True)
    variant: str
    enrollment_id: str
    at: datetime = _moment()


class SaltRecord(Record, table=True):
    """The random salt of hashed addresses (`storage.salt`): a single row, with id 1, made when it is first needed."""

    __tablename__ = "salt"

    id: int = Field(default=1, primary_key=True)
    value: str
    """256 bits, in hex."""
    events_from: int | None = Field(default=None, sa_column=Column("events_from", sequence_type(), nullable=True))
    """Place in the event store after which events are told by salted ids; see `domain.stand_ins`."""


class ErasureRecord(Record, table=True):
    """Somebody asked to be forgotten. Once that is done, nothing here tells who it was."""

    __tablename__ = "erasures"

    id: str = Field(primary_key=True)
    """Random: it follows from nothing."""
    customer_id: str | None = Field(default=None, index=True)
    """Who is to be forgotten; None once they are."""
    source: str
    """Where it was asked for."""
    asked_at: datetime = _moment()
    done_at: datetime | None = _moment_or_none()


class WriteKeyRecord(Record, table=True):
    """A `domain.write_key.WriteKey`, and the hash of the key itself."""

    __tablename__ = "write_keys"

    id: str = Field(primary_key=True)
    name: str
    hash: str = Field(unique=True)
    scopes: list[str] = _json(list)
    created_at: datetime = _moment()
    revoked_at: datetime | None = _moment_or_none()
    last_used_at: datetime | None = _moment_or_none()


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
    at: datetime = _moment()
    moved: dict[str, int] = _json(dict)
    dropped: dict[str, int] = _json(dict)
    carried: list[str] = _json(list)
    superseded: list[dict[str, Any]] = _json(list)
    told_at: datetime | None = _moment_or_none()


class ImportRecord(Record, table=True):
    """How far a file was read in. Written together with what was read, so that both are there or neither."""

    __tablename__ = "imports"

    id: str = Field(primary_key=True)
    """A hash of what is imported and of the file's content: the same file, whatever it is called."""
    kind: str
    lines: int
    """Of the file."""
    line: int = 0
    """Up to which it was read in."""
    stored: int = 0
    unchanged: int = 0
    refused: int = 0
    begun_at: datetime = _moment()
    changed_at: datetime = _moment()
    finished_at: datetime | None = _moment_or_none()


class ClockRecord(Record, table=True):
    """The pace this data runs at (`domain.clock.PacedClock`): a single row, with id 1."""

    __tablename__ = "clock"

    id: int = Field(default=1, primary_key=True)
    anchor_real: datetime = _moment()
    anchor_product: datetime = _moment()
    pace: float


def table_of(record: type[Record]) -> Table:
    """The table behind a record, for statements over many rows."""
    return Record.metadata.tables[str(record.__tablename__)]
