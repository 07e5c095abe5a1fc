"""One order that pages and backends report: one row, one customer, counted once, and the backend's word wins."""

import asyncio
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domain import event as names
from domain.errors import UnavailableError
from domain.event import Event, StoredEvent
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.tables import OrderRecord, table_of
from tests.storage.samples import MINUTE, NOON, added, commit, read_customer, track

_ORDERS = table_of(OrderRecord)
DORA, VISITOR = {"user_id": "dora"}, {"user_id": None, "anonymous_id": "v9"}
WHO: dict[str, dict[str, Any]] = {"dora": DORA, "anon-v9": VISITOR}


def report(who: dict[str, Any], *, public: bool, revenue: float = 120.0, **fields: Any) -> Event:
    """Order 2002, of a customer."""
    properties = {"order_id": "2002", "revenue": revenue}
    return track(names.ORDER_COMPLETED, properties=properties, public=public, **(who | fields))


async def rows(database: Database) -> list[tuple[str, float]]:
    async with database.read() as session:
        execute = (await session.connection()).execute
        return [(row.customer_id, row.total) for row in await execute(select(_ORDERS))]


async def story(database: Database, customer: str) -> list[tuple[str, bool]]:
    """What the customer's journeys hear, with whether it repeats."""
    async with database.read() as session:
        stored: list[StoredEvent] = await EventStore(session).recent(customer, NOON - MINUTE)
    return [(each.event.name, each.repeats) for each in sorted(stored, key=lambda each: each.seq)]


async def test_a_backends_report_takes_the_order_from_whom_a_page_named(database: Database) -> None:
    await commit(database, report(VISITOR, public=True, revenue=999.0), added(user="dora"))
    for _ in range(2):
        await commit(database, report(DORA, public=False, at=NOON + MINUTE))
        await commit(database, report(VISITOR, public=True, at=NOON + MINUTE))

    assert await rows(database) == [("dora", 120.0)]
    dora, visitor = await read_customer(database, "dora"), await read_customer(database, "anon-v9")
    assert (dora.orders, dora.lifetime_value, dora.cart.is_empty) == (1, 120.0, True)
    assert (dora.counts[names.ORDER_COMPLETED], dora.last_order_at) == (1, NOON + MINUTE)
    assert (visitor.orders, visitor.lifetime_value, visitor.last_order_at) == (0, 0.0, None)
    assert names.ORDER_COMPLETED not in visitor.counts
    assert await story(database, "dora") == [
        (names.PRODUCT_ADDED, False),
        (names.ORDER_COMPLETED, False),
        (names.ORDER_COMPLETED, True),
    ]
    assert await story(database, "anon-v9") == [
        (names.ORDER_COMPLETED, False),
        (names.ORDER_CANCELLED, False),
        (names.ORDER_COMPLETED, True),
        (names.ORDER_COMPLETED, True),
    ]


async def test_a_backends_report_of_the_same_customer_corrects_the_order(database: Database) -> None:
    await commit(database, report(DORA, public=True, revenue=999.0))
    await commit(database, report(DORA, public=False))
    await commit(database, report({"user_id": "ben"}, public=False))
    assert await rows(database) == [("dora", 120.0)]
    dora = await read_customer(database, "dora")
    assert (dora.orders, dora.lifetime_value, dora.counts[names.ORDER_COMPLETED]) == (1, 120.0, 1)
    assert await story(database, "dora") == [(names.ORDER_COMPLETED, False), (names.ORDER_COMPLETED, True)]
    assert (await read_customer(database, "ben")).orders == 0


async def test_a_visitors_cart_is_emptied_by_an_order_that_counts_for_somebody_else(database: Database) -> None:
    await commit(database, report(DORA, public=False), added(user=None, anonymous_id="v9"))
    await commit(database, report(VISITOR, public=True, at=NOON + MINUTE))
    visitor = await read_customer(database, "anon-v9")
    assert (visitor.orders, visitor.cart.is_empty) == (0, True)
    assert await story(database, "anon-v9") == [
        (names.PRODUCT_ADDED, False),
        (names.ORDER_COMPLETED, True),
        (names.CART_EMPTIED, False),
    ]


async def test_backends_that_take_an_order_at_the_same_time_give_it_to_one(database: Database) -> None:
    await commit(database, report(VISITOR, public=True))
    backends = [report({"user_id": name}, public=False) for name in ("ben", "dora", "eve") for _ in range(3)]
    for each in await asyncio.gather(*(commit(database, each) for each in backends), return_exceptions=True):
        assert not isinstance(each, BaseException) or isinstance(each, UnavailableError)
    async with database.read() as session:
        people = await Customers(session).load(["anon-v9", "ben", "dora", "eve"])
    [(owner, _)] = await rows(database)
    assert {name: each.orders for name, each in people.items() if each.orders} == {owner: 1}
    assert owner != "anon-v9"


reports = st.tuples(st.sampled_from(["dora", "anon-v9"]), st.booleans(), st.sampled_from([10.0, 20.0, 40.0]))

Told = list[list[tuple[str, bool, float]]]
"""Batches of reports: who, whether by a page, how much."""


@settings(max_examples=30)
@given(told=st.lists(st.lists(reports, min_size=1, max_size=3), min_size=1, max_size=4))
def test_however_often_it_is_reported_it_counts_once_as_a_backend_says(sqlite_template: Path, told: Told) -> None:
    asyncio.run(check(sqlite_template, told))


async def check(template: Path, told: Told) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(shutil.copy(template, folder))
        for batch in told:
            events = [report(WHO[who], public=public, revenue=revenue) for who, public, revenue in batch]
            await commit(database, *events)
            await commit(database, *events)
        everything = [each for batch in told for each in batch]
        owner, _, total = next((each for each in everything if not each[1]), everything[0])
        assert await rows(database) == [(owner, total)]
        await counts_for(database, owner, total)
        await database.aclose()


async def counts_for(database: Database, owner: str, total: float) -> None:
    """The order counts once, for one."""
    async with database.read() as session:
        people = await Customers(session).load([*WHO])
    for name, each in people.items():
        expected = (1, total, 1, NOON) if name == owner else (0, 0.0, 0, None)
        counted = each.counts.get(names.ORDER_COMPLETED, 0)
        assert (each.orders, each.lifetime_value, counted, each.last_order_at) == expected


@pytest.mark.parametrize("seed", range(6))
async def test_all_at_the_same_time(database: Database, seed: int) -> None:
    told = [("dora", False), ("dora", True), ("anon-v9", True), ("anon-v9", seed % 2 == 0), ("dora", True)]
    random.Random(seed).shuffle(told)

    async def tell(who: str, public: bool) -> None:
        event = report(WHO[who], public=public)
        while True:
            try:
                await commit(database, event)
            except UnavailableError:
                continue  # as whoever reports does
            break

    await asyncio.gather(*(tell(*each) for each in told))
    [(owner, total)] = await rows(database)
    await counts_for(database, owner, total)
    if seed % 2 == 0:  # no backend names the visitor
        assert owner == "dora"
