from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.errors import UnknownKeyError
from domain.write_key import Scope, hash_key
from storage.database import Database
from storage.write_keys import WriteKeys
from tests.storage.samples import NOON

HOUR = timedelta(hours=1)


async def test_a_key_is_made_listed_and_revoked_and_only_its_hash_is_kept(database: Database) -> None:
    async with database.transaction() as session:
        made, key = await WriteKeys(session).create("shop", {Scope.READ, Scope.EVENTS}, NOON)
        await WriteKeys(session).create("site", {Scope.BROWSER}, NOON + HOUR)
    async with database.read() as session:
        assert [each.name for each in await WriteKeys(session).list()] == ["shop", "site"]
        assert (await WriteKeys(session).valid())[hash_key(key)] == made
        rows = await (await session.connection()).execute(text("SELECT * FROM write_keys"))
        assert key not in str([tuple(row) for row in rows])

    for at in (NOON + HOUR, NOON + 2 * HOUR):
        async with database.transaction() as session:
            assert (await WriteKeys(session).revoke(made.id, at)).revoked_at == NOON + HOUR
    async with database.read() as session:
        assert [each.name for each in (await WriteKeys(session).valid()).values()] == ["site"]


async def test_a_key_of_no_such_id_cannot_be_revoked(sqlite_database: Database) -> None:
    with pytest.raises(UnknownKeyError, match="segue keys list"):
        async with sqlite_database.transaction() as session:
            await WriteKeys(session).revoke("key-0", NOON)


async def test_a_use_is_written_down_once_an_hour(database: Database) -> None:
    async with database.transaction() as session:
        keys = WriteKeys(session)
        made, _ = await keys.create("shop", {Scope.EVENTS}, NOON)
        seen = []
        for minutes in (1, 59, 61):
            await keys.note_use([made.id], NOON + timedelta(minutes=minutes))
            seen.append((await keys.list())[0].last_used_at)
    assert seen == [NOON + timedelta(minutes=minutes) for minutes in (1, 1, 61)]
