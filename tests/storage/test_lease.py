import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.errors import UnavailableError
from storage.database import Database
from storage.lease import dispatcher_lease

SOON = timedelta(seconds=0.05)
ROOT = Path(__file__).parents[2]


class Holder:
    """Somebody who waits for the lease, and holds it until told to let go."""

    def __init__(self, database: Database) -> None:
        self.holds = asyncio.Event()
        self.lets_go = asyncio.Event()
        self.task = asyncio.create_task(self._hold(database))

    async def _hold(self, database: Database) -> None:
        async with dispatcher_lease(database, try_every=SOON, probe_every=SOON):
            self.holds.set()
            await self.lets_go.wait()

    async def let_go(self) -> None:
        self.lets_go.set()
        await self.task


async def test_one_holds_the_lease_and_the_next_takes_over(database_url: str) -> None:
    one, other = Database(database_url), Database(database_url)
    async with asyncio.timeout(30):
        first = Holder(one)
        await first.holds.wait()
        second = Holder(other)
        await asyncio.sleep(0.3)
        assert not second.holds.is_set()
        assert not first.task.done(), "probing a living connection interrupts nobody"
        await first.let_go()
        await second.holds.wait()
        await second.let_go()
    await asyncio.gather(one.aclose(), other.aclose())


async def test_whoever_gives_up_waiting_leaves_nothing_behind(database: Database) -> None:
    async with asyncio.timeout(30):
        first = Holder(database)
        await first.holds.wait()
        second = Holder(database)
        await asyncio.sleep(0.15)
        second.task.cancel()
        await asyncio.gather(second.task, return_exceptions=True)
        await first.let_go()
        third = Holder(database)
        await third.holds.wait()
        await third.let_go()


async def test_whoever_loses_the_lease_is_interrupted_and_the_next_takes_over(postgresql_url: str) -> None:
    one, other = Database(postgresql_url), Database(postgresql_url)
    async with asyncio.timeout(30):
        first = Holder(one)
        await first.holds.wait()
        second = Holder(other)
        await _cut_holder(other)
        with pytest.raises(UnavailableError, match="lost the dispatcher's lease"):
            await first.task
        await second.holds.wait()
        await second.let_go()
    await asyncio.gather(one.aclose(), other.aclose())


async def test_errors_and_cancellation_inside_the_lease_stay_what_they_are(database: Database) -> None:
    for error in (TimeoutError("mine"), ZeroDivisionError()):
        with pytest.raises(type(error)):
            async with dispatcher_lease(database):
                raise error
    holder = Holder(database)
    await holder.holds.wait()
    holder.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder.task


async def _cut_holder(database: Database) -> None:
    holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({holder}) AS holder"))


async def test_a_killed_process_frees_the_file(sqlite_database: Database, sqlite_url: str) -> None:
    holding = (
        "import asyncio, sys\n"
        "from storage.database import Database\n"
        "from storage.lease import dispatcher_lease\n"
        "async def hold():\n"
        "    async with dispatcher_lease(Database(sys.argv[1])):\n"
        "        print('held', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(hold())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", holding, sqlite_url], cwd=ROOT, stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert process.stdout is not None
    with process.stdout:
        assert await asyncio.to_thread(process.stdout.readline) == b"held\n"
        async with asyncio.timeout(30):
            holder = Holder(sqlite_database)
            await asyncio.sleep(0.2)
            assert not holder.holds.is_set()
            process.kill()
            await holder.holds.wait()
            await holder.let_go()
        await asyncio.to_thread(process.wait)
