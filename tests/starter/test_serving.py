"""Collector and dispatcher as one process: it starts, and takes events in, whether Temporal is there or not."""

from contextlib import AsyncExitStack
from pathlib import Path

import httpx2

from domain.clock import SystemClock
from domain.event import PRODUCT_ADDED
from listening import bind
from settings import load_settings
from starter.client import SegueClient
from starter.embedded import dev_server, find_temporal, free_port
from starter.serving import serving
from storage.database import Database
from storage.events import EventStore
from temporal import connect
from tests.stack.waiting import until
from tests.starter.collectors import KEY, LINKS


async def test_it_starts_while_temporal_is_away_and_delivers_when_it_comes(
    sqlite_database: Database, tmp_path: Path
) -> None:
    port = free_port()

    async def all_delivered() -> bool:
        async with sqlite_database.read() as session:
            return await EventStore(session).count_pending() == 0

    async with AsyncExitStack() as parts:
        client = await connect(f"127.0.0.1:{port}", namespace="default", embedded=True, lazy=True)
        listening = parts.enter_context(bind("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        dispatcher = await parts.enter_async_context(
            serving(
                load_settings(data=tmp_path),
                database=sqlite_database,
                clock=SystemClock(),
                client=client,
                listening=listening,
                links=LINKS,
                write_keys=(KEY,),
            )
        )
        segue = await parts.enter_async_context(SegueClient(url, KEY))
        await segue.track("anna", PRODUCT_ADDED, {"product_id": "lamp", "price": 49})
        http = await parts.enter_async_context(httpx2.AsyncClient())
        health = await http.get(f"{url}/health")
        assert (health.status_code, health.json()["ready"]) == (200, True)  # events are taken in: so should they be
        assert "temporal" not in health.json()["parts"]
        assert not await all_delivered()

        server = dev_server(binary=find_temporal(), file=None, ui_port=0, port=port)
        await parts.enter_async_context(server)
        await until(all_delivered)
        assert dispatcher.enrolled == 1
        assert (await client.get_workflow_handle("cart-recovery/anna").describe()).workflow_type == "cart-recovery"
