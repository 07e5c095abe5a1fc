"""The schema's version: bring it up to date, compare it with what this code expects, draft the next step.

Migrations are in `storage/migrations` and travel with the package. Run `python -m storage.schema "what changes"` to
draft one after editing `storage.tables`, then read it: autogenerate guesses.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from domain.errors import ConfigurationError
from storage.tables import Record

MIGRATION_LOCK = 0x5E60E001
"""Key of the PostgreSQL advisory lock under which one process at a time migrates."""

_MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest version, inside the caller's transaction. Does nothing when it is there."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    command.upgrade(_config(connection), "head")


def check(connection: Connection) -> None:
    """Make sure that code and schema fit.

    Raises:
        ConfigurationError: they do not; says which is older, and what to run.
    """
    script = ScriptDirectory.from_config(_config(connection))
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return
    if current is None:
        raise ConfigurationError("the database has no tables of Segue yet: run `segue migrate`")
    if current not in {revision.revision for revision in script.walk_revisions()}:
        raise ConfigurationError(f"the database was migrated by a newer Segue (to {current}): update Segue here too")
    raise ConfigurationError(f"the database is at version {current}, older than this Segue: run `segue migrate`")


def differences(connection: Connection) -> list[str]:
    """What autogenerate would still change: empty when the migrations build exactly what `storage.tables` says."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return [repr(difference) for difference in compare_metadata(context, Record.metadata)]


def draft(message: str) -> None:
    """Write a new migration from the difference between the tables and what the migrations build so far."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/draft.db")
        with engine.begin() as connection:
            upgrade(connection)
            command.revision(_config(connection), message, autogenerate=True)
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


if __name__ == "__main__":
    draft(" ".join(sys.argv[1:]) or "change")
