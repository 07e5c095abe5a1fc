"""P4: how fast the collector takes events in, against how fast the database alone commits the same rows.

Both run in this process, over the same SQLite settings, with the same batches; the collector is called through ASGI,
so the ratio is the price of HTTP parsing, validation and group commit, and not that of the network.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from domain.clock import REAL_TIME, SystemClock
from domain.segment_api import parse_batch
from domain.visitor import BrowserPolicy, Visitors
from starter.collector.app import create_collector
from starter.collector.committer import Committer
from storage.database import Database
from storage.events import EventStore

BATCHES = 60
CALLS = 100
SHOPPERS = 500
KEY = "the-benchmark-s-key"


def calls_of(batch: int) -> list[dict[str, Any]]:
    """One batch of product views by different shoppers."""
    return [
        {
            "type": "track",
            "event": "Product Viewed",
            "userId": f"shopper-{(batch * CALLS + number) % SHOPPERS}",
            "messageId": str(uuid4()),
            "timestamp": datetime.now(UTC).isoformat(),
            "properties": {"product_id": f"p-{number}", "category": "lamps", "price": 49.0},
        }
        for number in range(CALLS)
    ]


async def rate_of(
    work: Callable[[list[dict[str, Any]]], Awaitable[None]], batches: Sequence[list[dict[str, Any]]]
) -> float:
    """Events a second."""
    began = time.perf_counter()
    for batch in batches:
        await work(batch)
    return len(batches) * CALLS / (time.perf_counter() - began)


async def database_alone(folder: Path) -> float:
    """Commit ready-made events."""
    database = Database(str(folder / "alone.db"))
    await database.migrate()
    parsing = 0.0

    async def commit(batch: list[dict[str, Any]]) -> None:
        nonlocal parsing
        now = datetime.now(UTC)
        read = parse_batch({"batch": batch}, received_at_real=now, clock=REAL_TIME, new_id=lambda: str(uuid4()))
        parsing += (datetime.now(UTC) - now).total_seconds()
        async with database.transaction() as session:
            await EventStore(session).commit(read.events)

    batches = [calls_of(number) for number in range(BATCHES)]
    began = time.perf_counter()
    await rate_of(commit, batches)
    await database.aclose()
    return BATCHES * CALLS / (time.perf_counter() - began - parsing)


async def through_the_collector(folder: Path) -> float:
    """Post batches, eight requests at a time."""
    database = Database(str(folder / "collector.db"))
    await database.migrate()
    app = create_collector(
        database=database,
        clock=SystemClock(),
        write_keys=[KEY],
        visitors=Visitors(BrowserPolicy(), "http://localhost"),
        public_url="http://localhost",
        max_body=512_000,
        committer=Committer(database),
    )
    bodies = [json.dumps({"batch": calls_of(number)}) for number in range(BATCHES)]
    turns = asyncio.Semaphore(8)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://collector", auth=(KEY, ""), timeout=60
    ) as client:

        async def post(body: str) -> None:
            async with turns:
                (await client.post("/v1/batch", content=body)).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*map(post, bodies))
        seconds = time.perf_counter() - began
    await database.aclose()
    return BATCHES * CALLS / seconds


async def main() -> None:
    """Measure both and print the ratio."""
    with tempfile.TemporaryDirectory() as name:
        alone = await database_alone(Path(name))
        collector = await through_the_collector(Path(name))
    print(f"database alone      {alone:8.0f} events/s")
    print(f"through collector   {collector:8.0f} events/s")
    print(f"ratio               {collector / alone:8.2f}   (wanted: 0.5 or more)")


if __name__ == "__main__":
    asyncio.run(main())
