"""Engines: how connections to each database are opened and what every one of them is told first.

SQLite:

- `BEGIN IMMEDIATE` for writers. The driver of itself begins a transaction only at the first write, so that two
  transactions read the same row and one update is lost without any error. Readers begin deferred and, thanks to the
  write-ahead log (WAL), neither wait for the writer nor hold it up.
- `synchronous=FULL`. In WAL mode, NORMAL survives the death of the process, but a power cut or a crash of the operating
  system may take the last commits back. "200 means safe" is a promise about commits, hence FULL: one fsync of the log
  per commit. Writing events in batches spreads that cost; see `benchmarks/`.
- a busy timeout, for writers in other processes; those in this process queue in `storage.database`.

PostgreSQL: READ COMMITTED, and row locks where order matters. No wait for a lock is endless.

Errors of either never quote the values of a statement: these are addresses and bodies, and errors end in logs.
"""

import time
from contextlib import suppress
from datetime import timedelta
from sqlite3 import OperationalError
from typing import Any

from sqlalchemy import URL, NullPool, event
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.errors import ConfigurationError

BUSY_TIMEOUT = timedelta(seconds=30)
"""How long a writer waits for a lock that somebody else holds before it gives up."""

PRAGMA_TRIES = 50
"""A second in all; the change takes milliseconds."""

READERS = 4
"""Reading connections to an SQLite file. Each is a thread; more than a few cores' worth gains nothing."""

_DETAIL = "\nDETAIL:"

POOL = 10
"""PostgreSQL connections a process keeps open. As many again may be opened for a burst."""


def sqlite_writer(url: URL) -> AsyncEngine:
    """The engine of the one writing connection."""
    # What is deleted is overwritten with zeros, and not to be found in the file; for its log see `Database.scrub`.
    return _sqlite(url, "IMMEDIATE", ("foreign_keys=ON", "secure_delete=ON"), pool_size=1, max_overflow=0)


def sqlite_reader(url: URL) -> AsyncEngine:
    """The engine of readers. It cannot write, whatever it is asked to."""
    return _sqlite(url, "DEFERRED", ("query_only=ON",), pool_size=READERS, max_overflow=READERS)


def sqlite_checkpointer(url: URL) -> AsyncEngine:
    """The engine for emptying the write-ahead log: it waits for nobody, as others would wait for it meanwhile."""
    return _sqlite(url, "DEFERRED", ("query_only=ON", "busy_timeout=0"), poolclass=NullPool)


def sqlite_migrator(url: URL) -> AsyncEngine:
    """The engine of migrations. No foreign keys: SQLite changes a table by copying it and dropping the old one."""
    return _sqlite(url, "IMMEDIATE", ("foreign_keys=OFF",), poolclass=NullPool)


def postgresql(url: URL) -> AsyncEngine:
    """The pooled engine of a PostgreSQL database."""
    # Pre-ping: after a restart of the database the pool is full of dead connections, and no event should pay for it.
    return _postgresql(url, pool_pre_ping=True, pool_size=POOL, max_overflow=POOL)


def postgresql_dedicated(url: URL) -> AsyncEngine:
    """The engine of connections that are held for long, outside any transaction: for LISTEN and for the lease."""
    return _postgresql(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


def _postgresql(url: URL, **options: Any) -> AsyncEngine:
    limits = {"lock_timeout": str(int(BUSY_TIMEOUT.total_seconds() * 1000)), "application_name": "segue"}
    try:
        engine = create_async_engine(url, connect_args={"server_settings": limits}, hide_parameters=True, **options)
    except ModuleNotFoundError as error:
        raise ConfigurationError("SEGUE_DATABASE names PostgreSQL: pip install 'segue[postgres]'") from error
    event.listen(engine.sync_engine, "handle_error", _leave_details_out)
    return engine


def _leave_details_out(context: ExceptionContext) -> None:
    """PostgreSQL tells the whole row that it refused: where the driver's error says DETAIL, it ends."""
    error: BaseException | None = context.sqlalchemy_exception
    told = [error, context.original_exception, context.original_exception.__cause__]
    for each in told:
        if each is not None:
            each.args = tuple(arg.partition(_DETAIL)[0] if isinstance(arg, str) else arg for arg in each.args)
            if getattr(each, "detail", None):
                each.detail = None  # type: ignore[attr-defined]  # asyncpg adds it to the text


def _sqlite(url: URL, begin: str, pragmas: tuple[str, ...], **options: Any) -> AsyncEngine:
    timeout = {"timeout": BUSY_TIMEOUT.total_seconds()}
    engine = create_async_engine(url, connect_args=timeout, hide_parameters=True, **options)
    always = ("journal_mode=WAL", "synchronous=FULL", *pragmas)

    def prepare(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # transactions are ours: the driver would begin them too late
        cursor = connection.cursor()
        for pragma in always:
            _set(cursor, pragma)
        cursor.close()

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(f"BEGIN {begin}"))
    return engine


def _set(cursor: DBAPICursor, pragma: str) -> None:
    """Set a pragma. Where several make a file anew, its change to WAL is refused at once, not waited for."""
    for _ in range(PRAGMA_TRIES):
        with suppress(OperationalError):
            cursor.execute(f"PRAGMA {pragma}")
            return
        time.sleep(0.02)
    cursor.execute(f"PRAGMA {pragma}")
