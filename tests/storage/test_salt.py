import asyncio

import pytest
from sqlalchemy import text

from storage.allowances import Allowances
from storage.database import Database
from storage.salt import SALTED, Salt, bare_hash, hash_email
from storage.suppressions import Suppressions
from tests.storage.samples import NOON, commit, identify, read_customer

ADDRESS = "anna@example.com"


async def kept_hashes(database: Database) -> list[str]:
    async with database.read() as session:
        rows = await (await session.connection()).execute(text("SELECT email_hash FROM suppressions ORDER BY id"))
        return list(rows.scalars())


async def is_barred(database: Database, customer: str) -> bool:
    async with database.read() as session:
        facts = await read_customer(database, customer)
        barred = (await Allowances(session).of([facts]))[customer].barred
        assert barred is (await Suppressions(session).reason(customer) is not None)
    return barred


async def test_the_salt_is_made_once_whoever_asks_first(database: Database) -> None:
    async def ask() -> str:
        async with database.transaction() as session:
            return await Salt(session).get()

    async with database.read() as session:
        assert await Salt(session).find() is None
    salts = set(await asyncio.gather(*(ask() for _ in range(8))))

    assert len(salts) == 1
    assert len(bytes.fromhex(salts.pop())) == 32


async def test_a_salt_that_was_not_committed_is_none(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            await Salt(session).get()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as session:
        assert await Salt(session).find() is None


async def test_a_suppressed_address_is_kept_as_a_hash_that_another_database_would_not_make(database: Database) -> None:
    await commit(database, identify(traits={"email": ADDRESS}))
    async with database.transaction() as session:
        await Suppressions(session).suppress("anna", "hard bounce", NOON, "m1")
    await commit(database, identify("other", traits={"email": ADDRESS.upper()}), identify("ben"))

    [kept] = await kept_hashes(database)

    assert kept.startswith(SALTED)
    assert bare_hash(ADDRESS) not in kept
    assert hash_email(ADDRESS, "00" * 32) != hash_email(ADDRESS, "01" * 32)
    assert await is_barred(database, "other")


async def test_hashes_of_before_the_salt_are_recognised_and_salted_without_knowing_an_address(
    database: Database,
) -> None:
    async with database.transaction() as session:
        await (await session.connection()).execute(
            text(
                "INSERT INTO suppressions (customer_id, email_hash, reason, source, at, sunset) "
                "VALUES ('gone', :hash, 'complaint', 'm1', '2026-03-01 12:00:00', false)"
            ),
            {"hash": bare_hash(ADDRESS)},
        )
    await commit(database, identify(traits={"email": ADDRESS}))
    assert await is_barred(database, "anna"), "by the bare hash, as no salt is there"
    async with database.transaction() as session:
        await Salt(session).get()
    assert await is_barred(database, "anna"), "by the bare hash beside a salt"

    async with database.transaction() as session:
        assert await Salt(session).salt_bare_hashes() == 1
        assert await Salt(session).salt_bare_hashes() == 0

    assert all(kept.startswith(SALTED) for kept in await kept_hashes(database))
    assert await is_barred(database, "anna"), "by the salted hash"


async def test_what_is_said_by_a_hash_of_before_the_salt_is_not_said_again(database: Database) -> None:
    await commit(database, identify(traits={"email": ADDRESS}))
    async with database.transaction() as session:
        await Suppressions(session).suppress("anna", "complaint", NOON, "m1")
        await (await session.connection()).execute(
            text("UPDATE suppressions SET email_hash = :hash"), {"hash": bare_hash(ADDRESS)}
        )
    async with database.transaction() as session:
        await Suppressions(session).suppress("anna", "complaint", NOON, "m2")

    assert await kept_hashes(database) == [bare_hash(ADDRESS)]
