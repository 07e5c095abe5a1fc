"""A collector on a database of its own, in memory or on a loopback port, for the tests of what reports to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI

from domain.clock import SystemClock
from domain.event import StoredEvent
from domain.visitor import BrowserPolicy, Visitors
from mail.links import Links
from starter.collector.app import create_collector
from starter.collector.committer import Committer
from starter.recipients.centre import Offered
from starter.recipients.pages import Pages
from starter.recipients.routes import create_recipients_routers
from storage.database import Database
from storage.events import EventStore

KEY = "the-key-of-the-shop"
SHOP = "https://shop.example/"
MAX_BODY = 200_000
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LINKS = Links("https://mail.shop.example", ["a secret of some length"])


def make_collector(
    database: Database,
    *,
    clock: Any = None,
    links: Links = LINKS,
    committer: Committer | None = None,
    browser: BrowserPolicy | None = None,
    write_keys: Sequence[str] = ("an older key of it", KEY),
    max_body: int = MAX_BODY,
    offered: Offered | None = None,
    **changed: Any,
) -> FastAPI:
    """A collector with the tests' settings, and recipients' pages."""
    clock, committer = clock or SystemClock(), committer or Committer(database)
    collector = create_collector(
        database=database,
        clock=clock,
        write_keys=write_keys,
        visitors=Visitors(browser or BrowserPolicy(), SHOP),
        public_url=links.base_url,
        max_body=max_body,
        committer=committer,
        **changed,
    )
    for router in create_recipients_routers(
        database=database,
        committer=committer,
        clock=clock,
        links=links,
        pages=Pages(SHOP, "Fjord & Fell", "help@shop.example"),
        offered=offered or Offered(),
    ):
        collector.include_router(router)
    return collector


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
