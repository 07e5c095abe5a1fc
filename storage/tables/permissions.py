"""What may be sent: consents, opt-outs, choices, suppressions."""

from datetime import datetime
from typing import Final

from sqlalchemy import Column, Index, false
from sqlmodel import Field

from storage.columns import sequence_type
from storage.tables.base import Record, long_text, moment, moment_or_none, table_of


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
    at: datetime = moment()
    wording: str | None = long_text()


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
    at: datetime = moment()
    lifted_at: datetime | None = moment_or_none()
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
    at: datetime = moment()


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
    at: datetime = moment()
    sunset: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    topic: str | None = None
    """Of a refusal that a mailbox keeps (`storage.refusals`): marketing of this topic alone; `*` is all of it."""
    lifted_at: datetime | None = moment_or_none()


CONSENTS: Final = table_of(ConsentRecord)
OPT_OUTS: Final = table_of(OptOutRecord)
CHOICES: Final = table_of(PreferenceRecord)
SUPPRESSIONS: Final = table_of(SuppressionRecord)
