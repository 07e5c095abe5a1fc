import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from storage.database import Database
from storage.events import EventStore
from storage.permissions import Permissions
from storage.wakeup import Wakeup
from tests.storage.samples import NOON, added, commit, crash

SHORT = timedelta(seconds=0.3)
LONG = timedelta(seconds=20)


async def test_a_commit_wakes_whoever_waits(database: Database) -> None:
    async with database.wakeups() as watch:
        waiting = asyncio.create_task(watch.wait(LONG))
        await asyncio.sleep(0)
        await commit(database, added("boots"))
        assert await waiting


async def test_a_commit_between_looking_and_waiting_is_not_lost(sqlite_database: Database) -> None:
    with sqlite_database.changed.watch() as watch:
        async with sqlite_database.read() as session:
            assert await EventStore(session).pending(1) == []
        await commit(sqlite_database, added("boots"))
        assert await watch.wait(SHORT)
        assert not await watch.wait(SHORT), "and it wakes once"


async def test_only_new_committed_events_wake(sqlite_database: Database) -> None:
    event = added("boots")
    await commit(sqlite_database, event)
    with sqlite_database.changed.watch() as watch:
        await commit(sqlite_database, event)
        async with sqlite_database.transaction() as session:
            await Permissions(session).opt_out("anna", "*", NOON, "m1")
        with pytest.raises(ZeroDivisionError):
            await crash(sqlite_database, added("hat"))
        assert not await watch.wait(SHORT)


async def test_every_watch_is_woken_until_it_ends() -> None:
    wakeup = Wakeup()
    with wakeup.watch() as one:
        with wakeup.watch() as other:
            wakeup.notify()
            assert await one.wait(SHORT)
            assert await other.wait(SHORT)
        wakeup.notify()
        assert await one.wait(SHORT)
        assert not await other.wait(timedelta())


async def listening(database: Database) -> int:
    """Wait until a connection listens; its process id."""
    query = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    async with asyncio.timeout(20):
        while True:
            async with database.read() as session:
                pid = (await (await session.connection()).execute(text(query))).scalar()
            if pid is not None:
                return int(pid)
            await asyncio.sleep(0.02)


async def test_a_commit_elsewhere_wakes_on_postgresql(postgresql_url: str) -> None:
    here, elsewhere = Database(postgresql_url), Database(postgresql_url)
    async with here.wakeups() as watch:
        await listening(here)
        await watch.wait(SHORT)
        assert not await watch.wait(SHORT)
        waiting = asyncio.create_task(watch.wait(LONG))
        await commit(elsewhere, added("boots"))
        assert await waiting
        with pytest.raises(ZeroDivisionError):
            await crash(elsewhere, added("hat"))
        assert not await watch.wait(SHORT)
    await asyncio.gather(here.aclose(), elsewhere.aclose())


async def test_a_lost_listener_comes_back_and_wakes(postgresql_url: str, caplog: pytest.LogCaptureFixture) -> None:
    here, elsewhere = Database(postgresql_url), Database(postgresql_url)
    async with here.wakeups() as watch:
        pid = await listening(here)
        await watch.wait(SHORT)
        async with elsewhere.transaction() as session:
            await (await session.connection()).execute(text(f"SELECT pg_terminate_backend({pid})"))
        assert await watch.wait(LONG), "what was committed meanwhile is looked for"
        assert await listening(here) != pid
        await watch.wait(SHORT)
        waiting = asyncio.create_task(watch.wait(LONG))
        await commit(elsewhere, added("boots"))
        assert await waiting
    await asyncio.gather(here.aclose(), elsewhere.aclose())
