"""Column types that behave the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: stored in UTC, always aware when read.

    SQLite keeps no time zone, whatever `timezone=True` says: it would answer with a naive datetime, and store a local
    one as if it were UTC.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware datetime into UTC; a naive one is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} is naive: a stored moment needs its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Make what was read aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def json_type() -> TypeEngine[Any]:
    """JSON: text on SQLite, JSONB on PostgreSQL. Python's None is SQL's NULL, not JSON's null."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def sequence_type() -> TypeEngine[int]:
    """A counting key. SQLite's own 64-bit row id is spelt INTEGER, and nothing else counts up by itself there."""
    return BigInteger().with_variant(Integer(), "sqlite")
