import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.errors import ConfigurationError
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.ledger import Ledger
from tests.storage.samples import NOON, SEND, added, commit, enrollment, gate_request, ordered

SINCE_0002 = ("enrollments.lane", "enrollments.priority", "messages.rule")


SINCE_0003 = (
    "DROP TABLE breakers",
    "DROP INDEX ix_messages_handed_over_at",
    "DROP INDEX ix_messages_journey_handed_over_at",
    "DROP TABLE products",
    "DROP TABLE product_reviews",
    "DROP TABLE coupons",
    "DROP TABLE feedback",
    "DROP TABLE spent_tokens",
    "DROP TABLE customer_joins",
    "DROP TABLE preference_choices",
    "ALTER TABLE opt_outs DROP COLUMN lifted_by",
    "DROP TABLE salt",
    "DROP TABLE erasures",
    "DROP TABLE imports",
    "DROP TABLE write_keys",
    "ALTER TABLE events DROP COLUMN public",
    "ALTER TABLE suppressions DROP COLUMN sunset",
    "DROP INDEX ix_messages_with_body",
    "DROP INDEX ix_messages_with_links_alone",
    "DROP INDEX ix_customers_stranger",
    "DROP INDEX ix_events_telling",
    "ALTER TABLE suppressions DROP COLUMN lifted_at",
    "ALTER TABLE messages DROP COLUMN address_hash",
    "ALTER TABLE messages DROP COLUMN inherited",
    "ALTER TABLE suppressions DROP COLUMN topic",
)


async def go_back(database: Database, revision: str, *columns: str) -> None:
    """Make the schema that of an earlier revision: without these columns, and without what came after 0003."""
    async with database.transaction() as session:
        connection = await session.connection()
        for statement in SINCE_0003:
            await connection.execute(text(statement))
        for column in columns:
            table, _, name = column.partition(".")
            await connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {name}"))
        await connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


async def test_migrations_build_exactly_what_the_tables_say(database: Database) -> None:
    assert await database.differences() == []


async def test_differences_are_seen_at_all(database: Database) -> None:
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(text("ALTER TABLE customers DROP COLUMN locale"))
        await connection.execute(text("DROP INDEX ix_customers_email"))

    differences = await database.differences()

    assert len(differences) == 2
    assert any("locale" in difference for difference in differences)
    assert any("ix_customers_email" in difference for difference in differences)


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await database.migrate()
    await database.check()


async def test_processes_may_migrate_at_the_same_time_on_postgresql(empty_postgresql_url: str) -> None:
    databases = [Database(empty_postgresql_url) for _ in range(4)]
    await asyncio.gather(*(database.migrate() for database in databases))
    await databases[0].check()
    await asyncio.gather(*(database.aclose() for database in databases))


async def test_processes_may_migrate_at_the_same_time_on_sqlite(tmp_path: Path) -> None:
    databases = [Database(str(tmp_path / "new" / "segue.db")) for _ in range(4)]
    await asyncio.gather(*(database.migrate() for database in databases))
    await databases[0].check()
    await asyncio.gather(*(database.aclose() for database in databases))


async def test_check_names_the_remedy_for_a_missing_file_and_leaves_none(tmp_path: Path) -> None:
    path = tmp_path / "absent.db"
    with pytest.raises(ConfigurationError, match="segue migrate"):
        await Database(str(path)).check()
    assert not path.exists()


async def test_check_names_the_remedy_for_a_database_without_tables(empty_postgresql_url: str) -> None:
    database = Database(empty_postgresql_url)
    with pytest.raises(ConfigurationError, match=r"no tables.*segue migrate"):
        await database.check()
    await database.aclose()


async def test_check_refuses_a_schema_of_a_newer_segue(database: Database) -> None:
    async with database.transaction() as session:
        await (await session.connection()).execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer Segue"):
        await database.check()


async def test_events_of_before_learn_whether_they_repeat_an_order(database: Database) -> None:
    await commit(database, added(), ordered("o-1"), ordered("o-1"), ordered("o-2"))
    await go_back(database, "0001", *SINCE_0002, "events.repeats")
    with pytest.raises(ConfigurationError, match="run `segue migrate`"):
        await database.check()

    await database.migrate()

    assert await database.differences() == []
    async with database.read() as session:
        events = await EventStore(session).pending(10)
    assert [stored.repeats for stored in events] == [False, False, True, False]


async def test_enrollments_and_messages_of_before_compete_with_nobody(database: Database) -> None:
    async with database.transaction() as session:
        await Enrollments(session).open(enrollment())
        await Ledger(session).decide(gate_request(), SEND, NOON)
    await go_back(database, "0002", *SINCE_0002)

    await database.migrate()

    assert await database.differences() == []
    async with database.read() as session:
        [row] = await Enrollments(session).of_customer("anna")
        [message] = await Ledger(session).list()
    assert (row.lane, row.priority, message.rule) == (None, 0, "")
