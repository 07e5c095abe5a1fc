import asyncio
import sqlite3
import traceback
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import Dialect, text
from sqlalchemy.exc import DBAPIError

from domain.errors import ConfigurationError, UnavailableError
from storage.columns import UtcDateTime
from storage.database import Database
from storage.events import EventStore
from storage.url import parse_url
from tests.storage.samples import NOON, added, commit, read_customer


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("data/segue.db", "sqlite+aiosqlite:///data/segue.db"),
        ("/var/lib/segue.db", "sqlite+aiosqlite:////var/lib/segue.db"),
        ("sqlite:///data/segue.db", "sqlite+aiosqlite:///data/segue.db"),
        ("sqlite+aiosqlite:///segue.db", "sqlite+aiosqlite:///segue.db"),
        ("postgres://me:pw@db/segue", "postgresql+asyncpg://me:pw@db/segue"),
        ("postgresql://db/segue?sslmode=require", "postgresql+asyncpg://db/segue?ssl=require"),
        ("postgresql+asyncpg://db/segue", "postgresql+asyncpg://db/segue"),
    ],
)
def test_urls_are_taken_as_people_write_them(setting: str, url: str) -> None:
    assert parse_url(setting).render_as_string(hide_password=False) == url


@pytest.mark.parametrize(
    "setting",
    [
        "",
        " ",
        "mysql://db/segue",
        ":memory:",
        "sqlite://",
        "://secret-password@x",
        "garbage",
        "redis://:secret-password@x",
    ],
)
def test_a_wrong_setting_is_named_and_no_password_shown(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="SEGUE_DATABASE") as refusal:
        Database(setting)
    assert "secret-password" not in str(refusal.value)


def test_a_database_shows_no_password() -> None:
    assert "pw" not in repr(Database("postgresql://me:pw@db/segue"))


async def test_readers_see_what_was_committed_while_a_writer_works(database: Database) -> None:
    await commit(database, added("boots"))
    async with database.transaction() as session:
        await EventStore(session).commit([added("hat")])
        async with asyncio.timeout(20):
            assert len((await read_customer(database)).cart.lines) == 1
    assert len((await read_customer(database)).cart.lines) == 2


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.read() as session:
            await EventStore(session).commit([added("boots")])
    await commit(database, added("boots"))


async def test_writers_of_sqlite_go_in_the_order_they_came(sqlite_database: Database) -> None:
    done: list[int] = []

    async def write(number: int) -> None:
        async with sqlite_database.transaction():
            await asyncio.sleep(0)
            done.append(number)

    await asyncio.gather(*map(write, range(20)))
    assert done == list(range(20))


async def test_a_cancelled_transaction_stores_nothing_and_blocks_nobody(database: Database) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as session:
            await EventStore(session).commit([added("boots")])
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    async with asyncio.timeout(20):
        await commit(database, added("hat"))
    assert [line.product_id for line in (await read_customer(database)).cart.lines] == ["hat"]


async def test_a_transaction_inside_a_transaction_is_a_mistake_and_said_so(sqlite_database: Database) -> None:
    async with sqlite_database.transaction():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            async with sqlite_database.transaction():
                pass


async def test_sqlite_keeps_commits_through_a_power_cut(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        connection = await session.connection()
        pragmas = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_moments_must_have_a_zone(dialect: str) -> None:
    written = Mock(spec=Dialect)
    written.name = dialect
    with pytest.raises(ValueError, match="naive"):
        UtcDateTime().process_bind_param(NOON.replace(tzinfo=None), written)


async def test_a_database_that_is_away_is_unavailable() -> None:
    database = Database("postgresql://127.0.0.1:1/segue")
    with pytest.raises(UnavailableError, match="cannot reach the database"):
        async with database.read():
            pass
    await database.aclose()


async def test_a_restarted_postgresql_is_found_again(postgresql_url: str) -> None:
    database, other = Database(postgresql_url), Database(postgresql_url)
    await commit(database, added("boots"))
    async with other.transaction() as session:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        statement = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
        await (await session.connection()).execute(text(statement))

    assert (await commit(database, added("hat"))).accepted == 1
    await asyncio.gather(database.aclose(), other.aclose())


async def test_a_connection_that_breaks_in_the_middle_is_a_transient_error(postgresql_url: str) -> None:
    database, other = Database(postgresql_url), Database(postgresql_url)

    async def commit_and_be_cut() -> None:
        async with database.transaction() as session:
            pid = (await (await session.connection()).execute(text("SELECT pg_backend_pid()"))).scalar()
            async with other.transaction() as killer:
                await (await killer.connection()).execute(text(f"SELECT pg_terminate_backend({pid})"))
            await EventStore(session).commit([added("boots")])

    with pytest.raises(UnavailableError):
        await commit_and_be_cut()
    assert (await commit(database, added("hat"))).accepted == 1
    await asyncio.gather(database.aclose(), other.aclose())


async def fail_with(database: Database, email: str) -> None:
    """A row that lacks what it needs."""
    async with database.transaction() as session:
        statement = text("INSERT INTO customers (id, email, orders) VALUES ('c-1', :email, 0)")
        await (await session.connection()).execute(statement, {"email": email})


async def test_an_error_of_the_database_quotes_no_values(database: Database) -> None:
    with pytest.raises(DBAPIError) as refused:
        await fail_with(database, "@".join(("anna", "example.com")))
    told = "".join(traceback.format_exception(refused.value))
    assert "IntegrityError" in told
    assert "anna@example.com" not in told


async def test_emptying_the_log_keeps_no_writer_waiting(sqlite_database: Database, sqlite_url: str) -> None:
    await commit(sqlite_database, added("boots"))
    with closing(sqlite3.connect(sqlite_url, isolation_level=None)) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT count(*) FROM events").fetchone()
        await commit(sqlite_database, added("hat"))
        async with asyncio.timeout(20):
            async with sqlite_database.transaction():
                assert not await sqlite_database.scrub(), "nor does it wait for a writer"
            scrubbed, _ = await asyncio.gather(sqlite_database.scrub(), commit(sqlite_database, added("scarf")))
        assert not scrubbed, "the reader still needs the log"
    assert await sqlite_database.scrub()
    assert not await asyncio.to_thread(Path(f"{sqlite_url}-wal").read_bytes)
