"""A collector on a database of its own, in memory or on a loopback port, for the tests of what reports to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI

from domain.clock import SystemClock
from domain.event import StoredEvent
from mail.links import Links
from starter.collector.app import create_collector
from storage.database import Database
from storage.events import EventStore

KEY = "key-of-the-shop"
MAX_BODY = 200_000
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LINKS = Links("https://mail.shop.example", ["a secret of some length"])


def make_collector(database: Database, **changed: Any) -> FastAPI:
    """A collector with the tests' settings."""
    settings: dict[str, Any] = {
        "database": database,
        "clock": SystemClock(),
        "write_keys": ["an older key", KEY],
        "links": LINKS,
        "max_body": MAX_BODY,
        "shop_url": "https://shop.example/",
        "shop_name": "Fjord & Fell",
        "support": "help@shop.example",
    }
    return create_collector(**(settings | changed))


def client_of(app: FastAPI, key: str | None = KEY) -> httpx2.AsyncClient:
    """An HTTP client that talks to the application directly."""
    auth = None if key is None else httpx2.BasicAuth(key, "")
    headers = {"User-Agent": BROWSER}
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://collector", auth=auth, headers=headers
    )


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application behind a real server; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():  # noqa: ASYNC110 uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


async def stored_events(database: Database) -> list[StoredEvent]:
    """All events, in their order."""
    async with database.read() as session:
        return await EventStore(session).pending(10_000)
