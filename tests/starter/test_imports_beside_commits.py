"""Imports into PostgreSQL beside a collector: nobody waits in a circle, and nothing is written to who is gone."""

import asyncio
from typing import Any

from sqlalchemy import text

from starter.imports.consents import ConsentImport, Statement
from starter.imports.customers import CustomerImport, Person
from starter.imports.kind import Item, Kind, Stored
from storage.customers import Customers
from storage.database import Database
from storage.erasures import Erasures
from storage.events import EventStore
from storage.permissions import Permissions
from tests.stack.waiting import until
from tests.storage.samples import NOON, added, commit, identify, read_customer

REFUSAL = Statement(user_id=None, email="x@shop.example", topic="*", granted=False, source="crm", at=NOON)


async def store(database: Database, kind: Kind[Any], *values: Any) -> Stored:
    async with database.transaction() as session:
        return await kind.store(session, [Item(line, line, value) for line, value in enumerate(values, 1)], NOON)


async def waits(database: Database, task: asyncio.Task[Stored]) -> bool:
    """Whether the task waits for somebody's lock, or is done already."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with database.read() as session:
        return bool((await (await session.connection()).execute(text(waiting))).scalar()) or task.done()


async def test_customers_are_held_as_commits_hold_them(postgresql_database: Database) -> None:
    database = postgresql_database
    await commit(database, identify("kim"))
    people = [Person(user_id=each, email=None, traits={"tier": "gold"}) for each in ("kim", "aaa")]
    async with database.transaction() as session:
        await Customers(session).hold_or_create({"aaa": NOON})
        importing = asyncio.create_task(store(database, CustomerImport(), *people))
        await until(lambda: waits(database, importing), bool)
        await EventStore(session).commit([added("boots", "aaa"), added("boots", "kim")])
    assert (await importing).stored == 2
    for each in ("aaa", "kim"):
        customer = await read_customer(database, each)
        assert (customer.traits["tier"], len(customer.cart.lines)) == ("gold", 1)


async def test_a_refusal_goes_with_the_visitor_who_signs_in_meanwhile(postgresql_database: Database) -> None:
    database = postgresql_database
    visitor = identify(None, anonymous_id="v1", traits={"email": "x@shop.example"})
    await commit(database, visitor)
    async with database.transaction() as session:
        await EventStore(session).commit([identify("anna", anonymous_id="v1")])
        importing = asyncio.create_task(store(database, ConsentImport([]), REFUSAL))
        await until(lambda: waits(database, importing), bool)
    assert (await importing).stored == 1
    async with database.read() as session:
        assert await Permissions(session).consent("anna", "news") is False


async def test_nothing_is_written_to_somebody_who_is_erased_meanwhile(postgresql_database: Database) -> None:
    database = postgresql_database
    await commit(database, identify("anna", traits={"email": "x@shop.example"}))
    async with database.transaction() as session:
        await Erasures(session).request("anna", "a test", NOON)
    async with database.transaction() as session:
        (erasure,) = await Erasures(session).open()
        await Erasures(session).forget(erasure, NOON)
        importing = asyncio.create_task(store(database, ConsentImport([]), REFUSAL))
        await until(lambda: waits(database, importing), bool)
    assert [each.problem for each in (await importing).mistakes] == ["nobody is known by it"]
    async with database.read() as session:
        assert await Permissions(session).consents("anna") == ()
