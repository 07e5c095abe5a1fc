"""A hand-over so slow that a heartbeat brings word of its cancellation: on the real server, in real time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

from domain.enrollment import OutcomeKind
from domain.signals import Purchase
from mail.transport import Handover, Line, Mail
from storage.database import Database
from tests.house import ANNA, MailServer, opened_house, real_server

CART = f"cart-recovery/{ANNA}"
AN_HOUR_A_SECOND = 3_600.0
"""Much faster, and a machine that is busy for a few seconds makes the mail stale, which is dropped then."""


class SlowServer(MailServer):
    """Answers only when the activity that waits for it has been told that it is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        yield SlowLine(self)


class SlowLine:
    written = True

    def __init__(self, server: SlowServer) -> None:
        self._server = server

    async def deliver(self, mail: Mail) -> Handover:
        self._server.reached.set()
        async with asyncio.timeout(30):
            while not activity.is_cancelled():  # noqa: ASYNC110 - the event may not be awaited twice
                await asyncio.sleep(0.05)
        return self._server.take(mail)


async def test_a_hand_over_that_hears_of_its_cancellation_ends_all_the_same_and_is_recorded(
    sqlite_database: Database,
) -> None:
    server = SlowServer()
    async with (
        real_server() as env,
        opened_house(env, sqlite_database, pace=AN_HOUR_A_SECOND, transport=server) as house,
    ):
        await house.identify()
        await house.add_to_cart()
        async with asyncio.timeout(30):
            await server.reached.wait()
        await house.handle(CART).signal("purchase", Purchase(event_id="p-1", revenue=49.0))
        outcome = await house.ended(CART)
        assert (outcome.kind, outcome.mails) == (OutcomeKind.CONVERTED, 1)
        assert len(server.attempts) == 1
        assert [template for template, _ in await house.sent()] == ["cart/reminder"]
