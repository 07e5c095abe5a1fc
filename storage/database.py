"""The database: opens transactions, brings the schema up to date, tells waiters about committed events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from sqlite3 import Error as SqliteError
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.errors import ConfigurationError, UnavailableError
from storage import engines, schema
from storage.url import database_file, describe, is_sqlite, parse_url
from storage.wakeup import CHANNEL, Wakeup, Watch, listen

_ANNOUNCED = "segue: events were committed"

_TRANSIENT_SQLSTATES = ("08", "40", "53", "55", "57")
"""PostgreSQL's classes for: connection, rollback (deadlock), resources, lock not available, operator intervention."""

_TRANSIENT_SQLITE = (5, 6, 10, 13, 14)
"""SQLITE_BUSY, LOCKED, IOERR, FULL and CANTOPEN: primary result codes that may pass."""


class Database:
    """One SQLite file or PostgreSQL database. Make one per process and event loop, and close it at the end.

    `url` as for `storage.url.parse_url`. Nothing is opened before the first transaction.

    Raises:
        ConfigurationError: the URL names no database Segue can use.
    """

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self.is_sqlite = is_sqlite(self.url)
        self.changed = Wakeup()
        """Woken after each commit of events in this process; see `wakeups` for those of others."""
        self._turns = _Turns()
        if self.is_sqlite:
            self._writer = engines.sqlite_writer(self.url)
            self._reader = engines.sqlite_reader(self.url)
            self._checkpointer = engines.sqlite_checkpointer(self.url)
        else:
            self._writer = engines.postgresql(self.url)
            self._reader = self._writer.execution_options(postgresql_readonly=True)

    def __repr__(self) -> str:
        return f"Database({describe(self.url)})"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Read and write; commits at the end of the block, rolls everything back on an error.

        On SQLite the transaction is the only writer from its first line on: writers of this process queue in order.
        On PostgreSQL lock what you decide about, e.g. with `Customers.hold_one`.

        Raises:
            UnavailableError: the database is away, or a lock was not to be had in 30 s. Nothing was stored, unless the
                connection broke during the commit itself: then nobody knows, and only a repeatable effect is safe.
            RuntimeError: on SQLite, a task opened a transaction inside its own, which could never get its turn.
        """
        async with self._turns.take() if self.is_sqlite else _no_turn(), self._session(self._writer) as session:
            yield session
        if _ANNOUNCED in session.info:
            self.changed.notify()

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Read only. Never waits for a writer; a write fails.

        Raises:
            UnavailableError: the database is away.
        """
        return self._session(self._reader)

    @asynccontextmanager
    async def wakeups(self) -> AsyncIterator[Watch]:
        """Watch for commits of events, those of other processes on PostgreSQL included; see `storage.wakeup`."""
        with self.changed.watch() as watch:
            if self.is_sqlite:
                yield watch
                return
            async with self.dedicated() as engine:
                listener = asyncio.create_task(listen(engine, self.changed))
                try:
                    yield watch
                finally:
                    listener.cancel()
                    with suppress(asyncio.CancelledError):
                        await listener

    @asynccontextmanager
    async def dedicated(self) -> AsyncIterator[AsyncEngine]:
        """PostgreSQL only: an engine for a connection that is held for long, outside any transaction and any pool."""
        engine = engines.postgresql_dedicated(self.url)
        try:
            yield engine
        finally:
            await engine.dispose()

    async def scrub(self) -> bool:
        """Let nothing of what was deleted linger in SQLite's write-ahead log; whether that was to be had now.

        A reader under way keeps older pages in the log, and a writer the log. Neither is waited for: writers would
        wait as well, for as long as a backup reads. Try again later, less and less often. On PostgreSQL nothing is
        done: its vacuum reuses the space of deleted rows, and its log is its own.

        Raises:
            UnavailableError: the file is away.
        """
        if not self.is_sqlite:
            return True
        try:
            async with self._checkpointer.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                [(is_busy, _, _)] = await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        except (SqliteError, DBAPIError) as error:
            raise UnavailableError(f"the database at {describe(self.url)} is away or busy: {error}") from error
        return not is_busy

    async def migrate(self) -> None:
        """Bring the schema to this code's version. Safe to run from several processes at once, and again.

        Raises:
            UnavailableError: the database is away.
        """
        if self.is_sqlite:
            database_file(self.url).parent.mkdir(parents=True, exist_ok=True)
        engine = engines.sqlite_migrator(self.url) if self.is_sqlite else self._writer
        try:
            async with self._session(engine) as session:
                await (await session.connection()).run_sync(schema.upgrade)
        finally:
            if self.is_sqlite:
                await engine.dispose()

    async def check(self) -> None:
        """Make sure that the schema fits this code.

        Raises:
            ConfigurationError: it does not; says what to run.
            UnavailableError: the database is away.
        """
        if self.is_sqlite and not database_file(self.url).exists():
            # Opening it would leave an empty file behind.
            raise ConfigurationError(f"there is no database at {describe(self.url)}: run `segue migrate`")
        async with self.read() as session:
            await (await session.connection()).run_sync(schema.check)

    async def differences(self) -> list[str]:
        """What the schema lacks of `storage.tables`; empty when the migrations are complete."""

        def compare(connection: Connection) -> list[str]:
            return schema.differences(connection)

        async with self.read() as session:
            return await (await session.connection()).run_sync(compare)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        if self.is_sqlite:
            await self._reader.dispose()
            await self._checkpointer.dispose()

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        try:
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                await self._connect(session)
                yield session
        except DBAPIError as error:
            if _is_transient(error):
                raise UnavailableError(f"the database at {describe(self.url)} is away or busy: {error.orig}") from error
            raise

    async def _connect(self, session: AsyncSession) -> None:
        """Begin now and not at the first statement: errors of connecting belong to the block's first line."""
        try:
            await session.connection()
        except Exception as error:  # drivers raise what they like when they connect: OSError, their own, a timeout
            raise UnavailableError(f"cannot reach the database at {describe(self.url)}: {error}") from error


async def announce(session: AsyncSession) -> None:
    """Let whoever waits for events know, once and if this transaction commits."""
    session.info[_ANNOUNCED] = True
    if session.get_bind().dialect.name == "postgresql":
        connection = await session.connection()
        await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


class _Turns:
    """The queue of SQLite's writers in this process: first come, first served, which its file lock is not."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[object] | None = None

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        if self._owner is not None and self._owner is asyncio.current_task():
            raise RuntimeError("a transaction inside a transaction: it would wait for itself")
        async with self._lock:
            self._owner = asyncio.current_task()
            try:
                yield
            finally:
                self._owner = None


@asynccontextmanager
async def _no_turn() -> AsyncIterator[None]:
    yield


def _is_transient(error: DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate)[:2] in _TRANSIENT_SQLSTATES
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _TRANSIENT_SQLITE
