"""What all tables have in common."""

from typing import Any

from sqlalchemy import Index, MetaData, Table, Text, text
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime, json_type


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


def index_where(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which a condition holds, on both databases."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def json_of(default: type[dict[str, Any]] | type[list[Any]]) -> Any:
    """A column of JSON, empty at first."""
    return Field(default_factory=default, sa_type=json_type(), nullable=False)


def moment() -> Any:
    """A column with a moment."""
    return Field(sa_type=UtcDateTime, nullable=False)


def moment_or_none() -> Any:
    """A column with a moment, or none yet."""
    return Field(default=None, sa_type=UtcDateTime, nullable=True)


def long_text() -> Any:
    """A column with a text of any length, or none."""
    return Field(default=None, sa_type=Text, nullable=True)


def table_of(record: type[Record]) -> Table:
    """The table behind a record, for statements over many rows."""
    return Record.metadata.tables[str(record.__tablename__)]
