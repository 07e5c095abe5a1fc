import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.coupon import Coupon
from domain.message import MessageStatus
from domain.offer import OfferKind
from storage import coupons as module
from storage.coupons import Coupons
from storage.database import Database
from storage.ledger import Ledger
from tests.storage.samples import NOON, SEND, added, commit, gate_request, ordered

WEEK = timedelta(days=7)


def coupon(message: str = "m1", **fields: Any) -> Coupon:
    values = {
        "code": "",
        "message": message,
        "customer": "anna",
        "journey": "cart-recovery",
        "template": "cart/last_call",
        "kind": OfferKind.DISCOUNT,
        "percent": 10,
        "issued_at": NOON,
        "expires_at": NOON + WEEK,
    }
    return Coupon(**(values | fields))


async def issue(database: Database, wanted: Coupon) -> Coupon:
    async with database.transaction() as session:
        return await Coupons(session).issue(wanted, "LUMEN")


async def read(database: Database, code: str) -> Coupon:
    async with database.read() as session:
        found = await Coupons(session).get(code)
    assert found is not None
    return found


async def test_a_message_has_one_code_however_often_it_is_asked_for(database: Database) -> None:
    first = await issue(database, coupon())
    assert first.code.startswith("LUMEN-")
    assert await issue(database, coupon()) == first
    assert (await issue(database, coupon("m2"))).code != first.code
    assert await read(database, first.code) == first


async def test_attempts_at_the_same_time_agree_on_the_code(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(5)]
    found = await asyncio.gather(*(issue(each, coupon()) for each in databases))
    assert len({each.code for each in found}) == 1
    await asyncio.gather(*(each.aclose() for each in databases))


async def test_a_message_that_waited_promises_as_many_days_and_never_fewer(database: Database) -> None:
    first = await issue(database, coupon())
    later = await issue(database, coupon(expires_at=NOON + 2 * WEEK))
    assert (later.code, later.expires_at) == (first.code, NOON + 2 * WEEK)
    assert await issue(database, coupon()) == later
    assert await read(database, first.code) == later


async def test_a_code_that_is_taken_is_not_given_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter(["LUMEN-A", "LUMEN-A", "LUMEN-B"])
    monkeypatch.setattr(module, "new_code", lambda _prefix: next(codes))
    assert (await issue(database, coupon("m1"))).code == "LUMEN-A"
    assert (await issue(database, coupon("m2"))).code == "LUMEN-B"


async def test_the_first_order_that_bears_a_code_redeems_it(database: Database) -> None:
    code = (await issue(database, coupon())).code
    used = {"order_id": "1", "revenue": 120.0, "coupon": code.lower()}
    await commit(database, ordered("1", properties=used))
    found = await read(database, code)
    assert (found.redeemed_at, found.order_id, found.revenue) == (NOON, "1", 120.0)
    again = used | {"order_id": "2", "revenue": 80.0}
    await commit(database, ordered("1", properties=used), ordered("2", "ben", properties=again))
    assert await read(database, code) == found


async def test_a_code_of_a_product_counts_and_one_of_somebody_else_is_harmless(database: Database) -> None:
    code = (await issue(database, coupon())).code
    products = [{"product_id": "lamp", "coupon": code}]
    await commit(
        database,
        ordered("1", properties={"order_id": "1", "revenue": 120.0, "products": products, "coupon": "SUMMER' OR 1=1"}),
        added(properties={"product_id": "lamp", "coupon": code}),
    )
    assert (await read(database, code)).order_id == "1"
    async with database.read() as session:
        assert await Coupons(session).get("SUMMER'OR1=1") is None


async def test_codes_that_nobody_can_have_read_are_not_listed(database: Database) -> None:
    async with database.transaction() as session:
        ledger = Ledger(session)
        for step in ("dropped", "claimed"):
            await ledger.decide(gate_request(step), SEND, NOON)
        dropped, claimed = sorted(await ledger.list(), key=lambda row: row.step != "dropped")
        await ledger.finish(dropped.id, MessageStatus.DROPPED, "changed our mind", NOON)
    await issue(database, coupon(dropped.id))
    second = await issue(database, coupon(claimed.id))
    third = await issue(database, coupon("m3", journey="welcome", issued_at=NOON + WEEK))
    async with database.read() as session:
        assert await Coupons(session).list() == [second, third]
        assert await Coupons(session).list("welcome") == [third]
        assert await Coupons(session).list(limit=1) == [third]
