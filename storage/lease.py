"""The dispatcher's lease: of all processes that could dispatch events, one does.

PostgreSQL: an advisory lock of a connection that does nothing else. It is free the moment the connection dies; the
holder notices that, and is interrupted. SQLite: a lock on a file beside the database, which the operating system frees
when the process ends.

For the seconds in which a holder is cut off and has not noticed, two may dispatch. Events are then delivered twice,
which workflows ignore.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import IO, Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.errors import UnavailableError
from storage.database import Database
from storage.url import database_file

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LEASE_KEY = 0x5E60E003
"""Key of the PostgreSQL advisory lock."""

TRY_EVERY = timedelta(seconds=1)
"""How often somebody who waits for the lease asks for it."""

PROBE_EVERY = timedelta(seconds=5)
"""How often the holder makes sure that its connection lives; within twice that it knows the lease is lost."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def dispatcher_lease(
    database: Database, *, try_every: timedelta = TRY_EVERY, probe_every: timedelta = PROBE_EVERY
) -> AsyncIterator[None]:
    """Wait for the lease, for ever if need be, and hold it until the end of the block. All times are real.

    Enter and leave it in one task: when the lease is lost, that task is interrupted at its next await, as by
    `asyncio.timeout`.

    Raises:
        UnavailableError: the lease was lost. Somebody else may be dispatching already; ask for it anew.
    """
    if database.is_sqlite:
        async with _file_lease(database, try_every):
            yield
        return
    async with database.dedicated() as engine, _postgresql_lease(engine, try_every, probe_every):
        yield


@asynccontextmanager
async def _file_lease(database: Database, try_every: timedelta) -> AsyncIterator[None]:
    file = database_file(database.url)
    with file.with_name(f"{file.name}.dispatcher.lock").open("ab") as handle:
        await _wait_for_file(handle, try_every)
        yield  # closing the file frees it; the file stays, or two could lock two files of one name


async def _wait_for_file(handle: IO[bytes], try_every: timedelta) -> None:
    while True:
        if _lock_file(handle):
            return
        await asyncio.sleep(try_every.total_seconds())


def _lock_file(handle: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@asynccontextmanager
async def _postgresql_lease(engine: AsyncEngine, try_every: timedelta, probe_every: timedelta) -> AsyncIterator[None]:
    connection = await _acquire(engine, try_every)
    held = asyncio.timeout(None)
    try:
        async with held:
            keeper = asyncio.create_task(_keep(connection, held, probe_every))
            try:
                yield
            finally:
                keeper.cancel()
                with suppress(asyncio.CancelledError):
                    await keeper
    except TimeoutError as error:
        if held.expired():
            raise UnavailableError("lost the dispatcher's lease: its connection to the database broke") from error
        raise
    finally:
        await _discard(connection)


async def _acquire(engine: AsyncEngine, try_every: timedelta) -> AsyncConnection:
    """Ask until the lock is ours. Whatever goes wrong meanwhile, the database will be back."""
    while True:
        try:
            connection = await engine.connect()
        except Exception as error:  # drivers raise what they like when they connect
            _log.warning("cannot ask for the dispatcher's lease, trying again: %s", error)
        else:
            if await _try_lock(connection):
                return connection
            await _discard(connection)
        await asyncio.sleep(try_every.total_seconds())


async def _try_lock(connection: AsyncConnection) -> bool:
    try:
        return bool((await connection.execute(text(f"SELECT pg_try_advisory_lock({LEASE_KEY})"))).scalar())
    except Exception as error:
        _log.warning("cannot ask for the dispatcher's lease, trying again: %s", error)
        return False


async def _keep(connection: AsyncConnection, held: asyncio.Timeout, probe_every: timedelta) -> None:
    """Probe the connection; when it no longer answers, interrupt whoever holds the lease."""
    try:
        await _probe(connection, probe_every)
    except Exception as error:
        _log.warning("lost the dispatcher's lease: %s", error)
    held.reschedule(asyncio.get_running_loop().time())


async def _probe(connection: AsyncConnection, probe_every: timedelta) -> None:
    """Return, or raise, when the connection is lost."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    cut = asyncio.Event()
    driver.add_termination_listener(lambda _connection: cut.set())
    while not cut.is_set():
        await driver.execute("SELECT 1", timeout=probe_every.total_seconds())
        with suppress(TimeoutError):
            await asyncio.wait_for(cut.wait(), probe_every.total_seconds())


async def _discard(connection: AsyncConnection) -> None:
    """Close for good: the lock goes with the connection, even if it no longer answers."""
    with suppress(Exception):
        await connection.invalidate()
    with suppress(Exception):
        await connection.close()
