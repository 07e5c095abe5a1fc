"""A journey whose mail leaves over a provider's API: the real workflow, real HTTP, skipped time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pydantic import SecretStr

from mail.http.client import HttpTransport
from mail.http.resend import Resend
from mail.transport import Line
from tests.conftest import OpenHouse
from tests.house import House, MailServer
from tests.mail.http.api import KEY, Answer, ResendApi, Trouble, resend_api

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Provider(MailServer):
    """Mail goes to the provider, over HTTP."""

    def __init__(self, http: HttpTransport) -> None:
        super().__init__()
        self._http = http

    @property
    def repeats_safely(self) -> timedelta | None:
        return self._http.repeats_safely

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        async with self._http.line() as line:
            yield line

    async def aclose(self) -> None:
        await self._http.aclose()


@pytest.fixture
async def api() -> AsyncIterator[ResendApi]:
    async with resend_api() as api:
        yield api


@pytest.fixture
async def shopper(open_house: OpenHouse, api: ResendApi) -> AsyncIterator[House]:
    """Anna has just put a lamp into her cart."""
    provider = Provider(HttpTransport(Resend(SecretStr(KEY), api.url)))
    house = await open_house(transport=provider)
    await house.identify()
    await house.add_to_cart()
    yield house
    await provider.aclose()


async def test_a_provider_that_fails_in_every_way_gets_each_mail_once(shopper: House, api: ResendApi) -> None:
    api.next.extend([Trouble.UNHEARD, Answer(500), Trouble.LOST, Answer(503, accepts=True)])
    await shopper.advance(2 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 1 * HOUR)]
    await shopper.advance(30 * HOUR)
    assert [template for template, _ in await shopper.sent()] == ["cart/reminder", "cart/objections"]
    rows = [row.id for row in await shopper.ledger()]
    assert api.keys == [rows[0]] * 5 + [rows[1]]
    assert list(api.accepted) == rows


async def test_a_mail_waits_as_long_as_the_provider_asks(shopper: House, api: ResendApi) -> None:
    api.next.append(Answer(429, "rate_limit_exceeded", {"Retry-After": "1500"}))
    await shopper.advance(2 * HOUR)
    assert await shopper.sent() == [("cart/reminder", HOUR + 25 * MINUTE)]
    assert len(api.requests) == 2


async def test_a_purchase_while_the_provider_asks_to_wait_stops_the_mail(shopper: House, api: ResendApi) -> None:
    api.next.append(Answer(429, "rate_limit_exceeded", {"Retry-After": "1500"}))
    await shopper.advance(HOUR + 5 * MINUTE)
    await shopper.order()
    await shopper.advance(2 * HOUR)
    assert ("cart/reminder", "dropped", "the journey ended: order completed") in await shopper.unsent()
    assert [body["tags"][0]["value"] for body in api.bodies[1:]] != [api.keys[0]]  # the confirmation only
