"""Alembic's entry: runs migrations on the connection, and in the transaction, that `storage.schema` hands in."""

from typing import Any, Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from storage.columns import UtcDateTime
from storage.tables import Record


def render_plainly(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Spell our column types in SQLAlchemy's words: a migration must not change when our classes do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Record.metadata,
    render_as_batch=True,  # SQLite changes most things about a table only by copying it
    transactional_ddl=True,  # true of SQLite as well, since `storage.engines` begins transactions itself
    render_item=render_plainly,
)
with context.begin_transaction():
    context.run_migrations()
