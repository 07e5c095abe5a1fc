"""Temporal goes away in the middle of ingestion, and comes back: nothing is lost, nothing happens twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus

from domain import event as names
from domain.enrollment import OutcomeKind, State
from domain.errors import TransientError
from starter.dispatcher import Dispatcher
from starter.enrolling import Enroller
from tests.stack.server import TemporalServer, temporal_server
from tests.stack.shop import CART, ORDER, Shop, open_shop
from tests.stack.waiting import until

SHOPPERS = tuple(f"shopper-{number:02}" for number in range(24))
FILL, BUY = "fill", "buy"

Stop = Callable[[TemporalServer], Awaitable[None]]


async def act(shop: Shop, shopper: str, deeds: Sequence[str]) -> None:
    """Do things one after the other. What the collector does not store raises."""
    for deed in deeds:
        if deed == FILL:
            await shop.backend.fill_cart(shopper)
        elif deed == BUY:
            await shop.backend.order(shopper, f"order-{shopper}")
        else:
            identifier = f"{shopper}-{deed}"
            await shop.client.track(shopper, names.EMAIL_LINK_CLICKED, {"journey": CART}, message_id=identifier)


async def all_act(shop: Shop, shoppers: Sequence[str], deeds: Sequence[str]) -> None:
    await asyncio.gather(*(act(shop, shopper, deeds) for shopper in shoppers))


async def signalled(shop: Shop, shopper: str) -> list[str]:
    """What the shopper's cart recovery was told, in order; what was delivered again counts where it first came."""
    history = await shop.workflow(CART, shopper).fetch_history()
    told = []
    for each in history.events:
        if each.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signal = each.workflow_execution_signaled_event_attributes
            (said,) = await shop.stack.client.data_converter.decode(signal.input.payloads)
            told.append("purchase" if signal.signal_name == "purchase" else said["event_id"])
    return list(dict.fromkeys(told))


async def executions(shop: Shop) -> list[tuple[str, WorkflowExecutionStatus | None]]:
    """All workflows there ever were."""
    return sorted([(each.id, each.status) async for each in shop.stack.client.list_workflows()])


def expected_executions(shoppers: Sequence[str]) -> list[tuple[str, WorkflowExecutionStatus | None]]:
    carts = [(f"{CART}/{shopper}", WorkflowExecutionStatus.COMPLETED) for shopper in shoppers]
    return carts + [(f"{ORDER}/{shopper}/order-{shopper}", WorkflowExecutionStatus.RUNNING) for shopper in shoppers]


async def require_each_happened_once(shop: Shop, shoppers: Sequence[str], clicks: Sequence[str]) -> None:
    """Everyone filled a cart, clicked and bought, in that order."""
    for shopper in shoppers:
        outcome = await shop.books.outcome(shopper, CART)
        assert (outcome.kind, outcome.revenue, outcome.order_id) == (
            OutcomeKind.CONVERTED,
            129.0,
            f"order-{shopper}",
        )
        await shop.books.letter(shopper)
        found = [(row.journey, row.state) for row in await shop.books.enrollments(shopper)]
        assert sorted(found) == [(CART, State.ENDED), (ORDER, State.RUNNING)]
        assert await signalled(shop, shopper) == [*(f"{shopper}-{click}" for click in clicks), "purchase"]
    assert await until(lambda: executions(shop), lambda found: len(found) == 2 * len(shoppers)) == expected_executions(
        shoppers
    )
    await shop.books.all_delivered()
    await shop.books.agree()
    assert [await shop.books.sent(shopper) for shopper in shoppers] == [["post_purchase/confirmation"]] * len(shoppers)


@pytest.mark.parametrize("end", [TemporalServer.stop, TemporalServer.kill], ids=["stopped", "killed"])
async def test_an_outage_in_the_middle_of_ingestion_loses_and_doubles_nothing(tmp_path: Path, end: Stop) -> None:
    before, amid, after = SHOPPERS[:8], SHOPPERS[8:16], SHOPPERS[16:]
    async with temporal_server(tmp_path) as server, open_shop(tmp_path / "shop", temporal=server.address) as shop:
        await all_act(shop, before, (FILL, "click-1", "click-2"))
        await asyncio.gather(
            end(server),
            all_act(shop, before, ("click-3", "click-4")),
            all_act(shop, amid, (FILL, "click-1", "click-2", "click-3", "click-4")),
        )
        await all_act(shop, after, (FILL, "click-1", "click-2", "click-3", "click-4"))
        await all_act(shop, SHOPPERS, (BUY,))

        health = await shop.client.health()
        assert not health.ready
        assert health.parts == {
            "database": True,
            "dispatcher": True,
            "temporal": False,
            "worker": True,
            "inbox": True,
        }
        assert (await shop.http.get(f"{shop.stack.addresses.collector}/health")).status_code == 503
        pending, parked = await shop.books.undelivered()
        assert pending >= len(after)
        assert parked == 0

        await server.start()
        await shop.books.all_delivered()
        clicks = [f"click-{number}" for number in range(1, 5)]
        await require_each_happened_once(shop, SHOPPERS, clicks)
        assert (await shop.client.health()).ready


class DyingDispatcher(Dispatcher):
    """Delivers, and dies before it has noted that it did."""

    async def _mark(self, done: Sequence[int]) -> None:
        raise KeyboardInterrupt
