"""Segue's own: keys, the salt, how far imports are, the pace of time."""

from datetime import datetime
from typing import Final

from sqlalchemy import Column
from sqlmodel import Field

from storage.columns import UtcDateTime, sequence_type
from storage.tables.base import Record, json_of, moment, moment_or_none, table_of


class WriteKeyRecord(Record, table=True):
    """A `domain.write_key.WriteKey`, and the hash of the key itself."""

    __tablename__ = "write_keys"

    id: str = Field(primary_key=True)
    name: str
    hash: str = Field(unique=True)
    scopes: list[str] = json_of(list)
    created_at: datetime = moment()
    revoked_at: datetime | None = moment_or_none()
    last_used_at: datetime | None = moment_or_none()


class SpentTokenRecord(Record, table=True):
    """A token that signed a webhook's request, and signs no other: where a signature leaves the body out."""

    __tablename__ = "spent_tokens"

    token: str = Field(primary_key=True)
    """With the provider's name in front."""
    real_at: datetime = Field(sa_type=UtcDateTime, nullable=False, index=True)


class SaltRecord(Record, table=True):
    """The random salt of hashed addresses (`storage.salt`): a single row, with id 1, made when it is first needed."""

    __tablename__ = "salt"

    id: int = Field(default=1, primary_key=True)
    value: str
    """256 bits, in hex."""
    events_from: int | None = Field(default=None, sa_column=Column("events_from", sequence_type(), nullable=True))
    """Place in the event store after which events are told by salted ids; see `domain.stand_ins`."""


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
    begun_at: datetime = moment()
    changed_at: datetime = moment()
    finished_at: datetime | None = moment_or_none()


class ClockRecord(Record, table=True):
    """The pace this data runs at (`domain.clock.PacedClock`): a single row, with id 1."""

    __tablename__ = "clock"

    id: int = Field(default=1, primary_key=True)
    anchor_real: datetime = moment()
    anchor_product: datetime = moment()
    pace: float


WRITE_KEYS: Final = table_of(WriteKeyRecord)
SPENT_TOKENS: Final = table_of(SpentTokenRecord)
SALT: Final = table_of(SaltRecord)
IMPORTS: Final = table_of(ImportRecord)
CLOCK: Final = table_of(ClockRecord)
