"""Makes write keys."""

from datetime import UTC, datetime

from domain.write_key import Scope
from storage.database import Database
from storage.write_keys import WriteKeys

NOW = datetime(2026, 3, 1, tzinfo=UTC)


async def make_key(database: Database, *scopes: Scope) -> tuple[str, str]:
    """A key's id, and the key."""
    async with database.transaction() as session:
        made, key = await WriteKeys(session).create("test", scopes, NOW)
    return made.id, key
