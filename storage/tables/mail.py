"""Journeys and their mail: enrollments, the ledger, what became of messages, and what holds a journey back."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, Text, false, text
from sqlmodel import Field

from storage.columns import json_type
from storage.tables.base import Record, index_where, json_of, long_text, moment, moment_or_none, table_of

# Which rows retention looks for, word for word as its indexes have it: else the databases would not use them.
WITH_BODY = "html IS NOT NULL"
WITH_LINKS_ALONE = "html IS NULL AND links <> '[]'"


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
    occasion: dict[str, Any] = json_of(dict)
    started_at: datetime = moment()
    admitted_at: datetime | None = moment_or_none()
    ended_at: datetime | None = moment_or_none()
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
        index_where("ix_messages_with_body", "rendered_at", "id", where=WITH_BODY),
        index_where("ix_messages_with_links_alone", "rendered_at", "id", where=WITH_LINKS_ALONE),
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
    decided_at: datetime = moment()
    due_at: datetime | None = moment_or_none()
    claimed_at: datetime | None = moment_or_none()
    rendered_at: datetime | None = moment_or_none()
    handed_over_at: datetime | None = moment_or_none()
    sent_at: datetime | None = moment_or_none()
    hand_overs: int = 0
    """How often the mail server may have taken the message. More than once for transactional mail, or by its key."""
    message_id: str | None = Field(default=None, index=True)
    """The Message-ID header (RFC 5322, 3.6.4), the same on every attempt."""
    address_hash: str | None = None
    """Of the mailbox it was handed over for, see `storage.salt`; None: not handed over, or before this was kept."""
    inherited: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """It came to its customer by a join: it may have gone to somebody who was taken for them."""
    subject: str | None = long_text()
    html: str | None = long_text()
    text: str | None = long_text()
    links: list[str] = json_of(list)


class FeedbackRecord(Record, table=True):
    """What became of a message after it was handed over: of each kind, when it was first reported to have happened.

    Folded from events that name the message, whoever reports them: a provider, our own links, a backend.
    """

    __tablename__ = "feedback"

    message: str = Field(primary_key=True)
    """Ledger id."""
    customer_id: str = Field(index=True)
    delivered_at: datetime | None = moment_or_none()
    deferred_at: datetime | None = moment_or_none()
    opened_at: datetime | None = moment_or_none()
    """By a person, as far as one can tell; see `domain.machines`."""
    machine_opened_at: datetime | None = moment_or_none()
    clicked_at: datetime | None = moment_or_none()
    machine_clicked_at: datetime | None = moment_or_none()
    soft_bounced_at: datetime | None = moment_or_none()
    bounced_at: datetime | None = moment_or_none()
    complained_at: datetime | None = moment_or_none()
    unsubscribed_at: datetime | None = moment_or_none()
    rejected_at: datetime | None = moment_or_none()


class ExposureRecord(Record, table=True):
    """Which variant of an experiment a customer was given: the first answer stays."""

    __tablename__ = "exposures"

    customer_id: str = Field(primary_key=True)
    experiment: str = Field(primary_key=True)
    variant: str
    enrollment_id: str
    at: datetime = moment()


class BreakerRecord(Record, table=True):
    """A journey's breaker: open, and the journey held back, while there is a reason."""

    __tablename__ = "breakers"

    journey: str = Field(primary_key=True)
    reason: str | None = long_text()
    opened_at: datetime | None = moment_or_none()
    rearmed_at: datetime | None = moment_or_none()
    """Mails from before do not count any more."""


ENROLLMENTS: Final = table_of(EnrollmentRecord)
MESSAGES: Final = table_of(MessageRecord)
FEEDBACK: Final = table_of(FeedbackRecord)
EXPOSURES: Final = table_of(ExposureRecord)
BREAKERS: Final = table_of(BreakerRecord)
