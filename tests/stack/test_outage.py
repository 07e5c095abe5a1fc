"""Temporal or the dispatcher goes away in the middle of ingestion and comes back: nothing is lost or doubled."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus

from domain import event as names
from domain.clock import SystemClock
from domain.enrollment import OutcomeKind, Start, State
from domain.errors import UnavailableError
from domain.signals import Signal
from starter.client import SegueClient
from starter.dispatch.dispatcher import Dispatcher
from starter.dispatch.enrolling import Enroller
from starter.inbox.server import Inbox
from starter.serving import routes_of
from storage.database import Database
from temporal import connect
from tests.stack.books import Books
from tests.stack.server import TemporalServer, temporal_server
from tests.stack.shop import CART, ORDER, Backend, open_shop, settings_for
from tests.stack.waiting import until
from tests.starter.collectors import KEY, make_collector, served
from worker import running_worker

SHOPPERS = tuple(f"shopper-{number:02}" for number in range(24))
FILL, BUY = "fill", "buy"
CLICKS = ("click-1", "click-2", "click-3", "click-4")

Listed = list[tuple[str, WorkflowExecutionStatus | None]]


async def all_act(backend: Backend, shoppers: Sequence[str], deeds: Sequence[str]) -> None:
    """Each shopper does these things, one after the other. What the collector does not store raises."""
    await asyncio.gather(*(_act(backend, shopper, deeds) for shopper in shoppers))


async def _act(backend: Backend, shopper: str, deeds: Sequence[str]) -> None:
    for deed in deeds:
        if deed == FILL:
            await backend.fill_cart(shopper)
        elif deed == BUY:
            await backend.order(shopper, f"order-{shopper}")
        else:
            click = {"journey": CART}
            await backend.client.track(shopper, names.EMAIL_LINK_CLICKED, click, message_id=f"{shopper}-{deed}")


async def heard(client: Client, shopper: str) -> list[str]:
    """What the shopper's cart recovery was told, in order. Delivered again, it counts where it first came.

    One signal may tell a burst.
    """
    history = await client.get_workflow_handle(f"{CART}/{shopper}").fetch_history()
    told: list[str] = []
    for each in history.events:
        if each.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signal = each.workflow_execution_signaled_event_attributes
            (said,) = await client.data_converter.decode(signal.input.payloads)
            events = [event.removeprefix(f"{shopper}-") for event in (said["event_id"], *said["others"])]
            told += [BUY] if signal.signal_name == "purchase" else events
    return list(dict.fromkeys(told))


async def listed(client: Client) -> Listed:
    """All executions of enrollments there ever were."""
    # A source may look around at any hour, and the retention job, too.
    found = client.list_workflows("WorkflowType NOT IN ('segue-source', 'segue-retention')")
    return sorted([(each.id, each.status) async for each in found])


async def require_everything_once(client: Client, books: Books, recovered: Sequence[str]) -> None:
    """Every shopper ordered. The recovered ones had filled a cart and clicked four times before, in that order."""
    await books.all_delivered()
    for shopper in SHOPPERS:
        await books.letter(shopper)
        # A task that was lost with the server is given to the worker again when it has timed out, after ten seconds.
        outcome = await books.outcome(shopper, CART) if shopper in recovered else None
        found = sorted((row.journey, row.state) for row in await books.enrollments(shopper))
        assert found == [(CART, State.ENDED)] * (outcome is not None) + [(ORDER, State.RUNNING)]
        if outcome is None:
            continue
        order = f"order-{shopper}"
        assert (outcome.kind, outcome.revenue, outcome.order_id) == (OutcomeKind.CONVERTED, 129.0, order)
        assert await heard(client, shopper) == [*CLICKS, BUY]
    carts = [(f"{CART}/{shopper}", WorkflowExecutionStatus.COMPLETED) for shopper in recovered]
    orders = [(f"{ORDER}/{shopper}/order-{shopper}", WorkflowExecutionStatus.RUNNING) for shopper in SHOPPERS]
    assert await until(lambda: listed(client), lambda found: found == carts + orders) == carts + orders
    await books.agree()
    for shopper in SHOPPERS:
        assert await books.sent(shopper) == ["post_purchase/confirmation"]


@pytest.mark.parametrize("end", [TemporalServer.stop, TemporalServer.kill], ids=["stopped", "killed"])
async def test_an_outage_in_the_middle_of_ingestion_loses_and_doubles_nothing(
    tmp_path: Path, end: Callable[[TemporalServer], Awaitable[None]]
) -> None:
    """Some shoppers begin before it, some during it; some buy before it is over, when there is no cart to recover."""
    before, amid, too_late = SHOPPERS[:8], SHOPPERS[8:16], SHOPPERS[16:]
    async with temporal_server(tmp_path) as server, open_shop(tmp_path / "shop", temporal=server.address) as shop:
        await all_act(shop.backend, before, (FILL, *CLICKS[:2]))
        await asyncio.gather(
            end(server),
            all_act(shop.backend, before, CLICKS[2:]),
            all_act(shop.backend, amid, (FILL, *CLICKS[:3])),
        )
        await all_act(shop.backend, amid, CLICKS[3:])
        await all_act(shop.backend, too_late, (FILL, *CLICKS))
        await all_act(shop.backend, [*before, *too_late], (BUY,))

        answer = await shop.http.get(f"{shop.stack.addresses.collector}/health")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        assert [name for name, ready in answer.json()["parts"].items() if ready is not True] == ["temporal"]
        pending, parked = await shop.books.undelivered()
        assert pending >= len(too_late)
        assert parked == 0

        await server.start()
        await shop.books.all_delivered()
        await all_act(shop.backend, amid, (BUY,))
        await require_everything_once(shop.stack.client, shop.books, [*before, *amid])
        assert (await shop.client.health()).ready


class ForgetfulEnroller(Enroller):
    """Does as it is told; once in three times its dispatcher never hears of it, and marks nothing as delivered."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.deeds = self.lost = 0

    async def begin(self, start: Start, identifier: str | None = None) -> None:
        await super().begin(start, identifier)
        self._lose_some()

    async def tell(self, identifier: str, signal: Signal) -> bool:
        told = await super().tell(identifier, signal)
        self._lose_some()
        return told

    def _lose_some(self) -> None:
        self.deeds += 1
        if self.deeds % 3 == 0:
            self.lost += 1
            raise UnavailableError("it was done, and the dispatcher ended before it took note")


async def test_a_dispatcher_that_ends_before_it_takes_note_delivers_again_and_doubles_nothing(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "segue.db"))
    inbox = Inbox(tmp_path / "inbox", smtp_port=0, http_port=0)
    await inbox.start()
    async with temporal_server(tmp_path) as server:
        settings = settings_for(
            tmp_path,
            database=str(tmp_path / "segue.db"),
            temporal=server.address,
            smtp=inbox.smtp_url,
            secret="a secret of some length",
            public_url="https://mail.shop.example",
        )
        await database.migrate()
        client, clock = await connect(server.address), SystemClock()
        enroller = ForgetfulEnroller(client)
        books = Books(database, tmp_path / "inbox")

        async def dispatch() -> tuple[int, int]:
            """Deliver as a new process would, which knows nothing of the one before."""
            with suppress(UnavailableError):
                await Dispatcher(database, clock, routes_of(settings, clock), enroller).deliver_pending()
            return await books.undelivered()

        async with (
            running_worker(settings),
            served(make_collector(database)) as url,
            SegueClient(url, KEY) as reporter,
        ):
            for deeds in ((FILL, *CLICKS), (BUY,)):
                await all_act(Backend(reporter), SHOPPERS, deeds)
                await until(dispatch, lambda found: found == (0, 0))
            assert enroller.lost > len(SHOPPERS)
            await require_everything_once(client, books, SHOPPERS)
    await inbox.stop()
    await database.aclose()
