"""`GET /v1/coupons/CODE`: a checkout learns whether a code holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from domain.coupon import Coupon
from domain.offer import OfferKind
from storage.coupons import Coupons
from storage.database import Database
from tests.starter.collectors import KEY, make_collector, served
from tests.storage.samples import commit, ordered


async def issued(database: Database, now: Any, message: str = "m1", **fields: Any) -> Coupon:
    values = {
        "code": "",
        "message": message,
        "customer": "anna",
        "journey": "cart-recovery",
        "template": "cart/last_call",
        "kind": OfferKind.DISCOUNT,
        "percent": 10,
        "issued_at": now,
        "expires_at": now + timedelta(days=7),
    }
    async with database.transaction() as session:
        return await Coupons(session).issue(Coupon(**(values | fields)), "LUMEN")


async def test_a_code_holds_until_it_is_redeemed_or_has_expired(sqlite_database: Database) -> None:
    async with served(make_collector(sqlite_database)) as url, httpx2.AsyncClient(auth=(KEY, "")) as http:
        now = datetime.now(UTC)
        fresh = await issued(sqlite_database, now)
        old = await issued(sqlite_database, now - timedelta(days=8), "m2")

        async def ask(code: str) -> tuple[int, dict[str, Any]]:
            answer = await http.get(f"{url}/v1/coupons/{code}")
            return answer.status_code, answer.json()

        status, told = await ask(fresh.code.lower())
        assert (status, told["valid"], told["kind"], told["percent"]) == (200, True, "discount", 10)
        assert told["expires_at"] == fresh.expires_at.isoformat()
        assert (await ask(old.code))[1]["valid"] is False
        await commit(sqlite_database, ordered(properties={"order_id": "7", "revenue": 9, "coupon": fresh.code}))
        status, told = await ask(fresh.code)
        assert (told["valid"], told["order_id"]) == (False, "7")
        assert await ask("SUMMER") == (404, {"code": "SUMMER", "valid": False})


@pytest.mark.parametrize("auth", [None, ("wrong", "")], ids=["no key", "a wrong key"])
async def test_only_the_shop_may_ask(sqlite_database: Database, auth: tuple[str, str] | None) -> None:
    async with served(make_collector(sqlite_database)) as url, httpx2.AsyncClient(auth=auth) as http:
        assert (await http.get(f"{url}/v1/coupons/LUMEN-2222-2222")).status_code == 401
