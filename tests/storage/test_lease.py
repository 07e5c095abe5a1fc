import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from storage.database import Database
from storage.lease import Lease, dispatcher_lease

SOON = timedelta(seconds=0.05)
ROOT = Path(__file__).parents[2]


async def acquire(stack: AsyncExitStack, database: Database) -> Lease:
    return await stack.enter_async_context(dispatcher_lease(database, try_every=SOON, probe_every=SOON))


async def test_one_holds_the_lease_and_the_next_takes_over(database_url: str) -> None:
    one, other = Database(database_url), Database(database_url)
    async with AsyncExitStack() as second:
        async with AsyncExitStack() as first:
            lease = await acquire(first, one)
            waiting = asyncio.create_task(acquire(second, other))
            await asyncio.sleep(0.3)
            assert lease.held
            assert not waiting.done()
        async with asyncio.timeout(20):
            assert (await waiting).held
    await asyncio.gather(one.aclose(), other.aclose())


async def test_whoever_gives_up_waiting_leaves_nothing_behind(database: Database) -> None:
    async with AsyncExitStack() as first:
        await acquire(first, database)
        async with AsyncExitStack() as second:
            waiting = asyncio.create_task(acquire(second, database))
            await asyncio.sleep(0.15)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    async with AsyncExitStack() as third, asyncio.timeout(20):
        assert (await acquire(third, database)).held


async def test_a_lost_connection_is_noticed_and_the_lease_goes_on(postgresql_url: str) -> None:
    one, other = Database(postgresql_url), Database(postgresql_url)
    async with AsyncExitStack() as stack:
        lease = await acquire(stack, one)
        waiting = asyncio.create_task(acquire(stack, other))
        await _cut_holder(other)
        async with asyncio.timeout(20):
            await lease.lost()
            assert not lease.held
            assert (await waiting).held
    await asyncio.gather(one.aclose(), other.aclose())


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
        async with AsyncExitStack() as stack:
            waiting = asyncio.create_task(acquire(stack, sqlite_database))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            process.kill()
            async with asyncio.timeout(20):
                assert (await waiting).held
        await asyncio.to_thread(process.wait)
