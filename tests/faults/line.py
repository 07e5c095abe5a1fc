"""A line to the shop, for everybody on the floor: whatever is asked is asked again until it is answered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx2

from domain.errors import UnavailableError
from starter.client import SegueClient
from storage.database import Database
from tests.faults.floor import WRITE_KEY, Floor
from tests.faults.sink_log import SinkLog

Answer = TypeVar("Answer")

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

LOOK_EVERY = 0.1
PAUSE = 0.3


@dataclass(frozen=True)
class Line:
    """The ways in, as a deployment's neighbours have them."""

    backend: SegueClient
    page: SegueClient
    """With the key that stands in the shop's pages."""
    http: httpx2.AsyncClient
    database: Database
    """As an operator's commands have it."""
    log: SinkLog

    async def until_done(self, do: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do it until nothing of ours is away."""
        while True:
            try:
                return await do()
            except UnavailableError:
                await asyncio.sleep(LOOK_EVERY)  # a client has been patient for some seconds by itself

    async def until_answered(self, ask: Callable[[], Awaitable[httpx2.Response]], *statuses: int) -> httpx2.Response:
        """Ask until it is answered with one of these."""
        while True:
            try:
                answer = await ask()
                if answer.status_code in statuses:
                    return answer
            except httpx2.TransportError:
                pass
            await asyncio.sleep(LOOK_EVERY)


async def _briefly(seconds: float) -> None:
    """Pause between attempts as a shopper on a fast clock does: the client's own seconds would be days."""
    await asyncio.sleep(min(seconds, PAUSE))


@asynccontextmanager
async def open_line(floor: Floor) -> AsyncIterator[Line]:
    """A line, until the block ends."""
    async with (
        SegueClient(floor.url, WRITE_KEY, timeout=5, sleep=_briefly) as backend,
        SegueClient(floor.url, floor.page_key, timeout=5, sleep=_briefly) as page,
        httpx2.AsyncClient(timeout=5, follow_redirects=False, headers={"User-Agent": BROWSER}) as http,
    ):
        database = Database(floor.database)
        try:
            yield Line(backend, page, http, database, floor.sink_log)
        finally:
            await database.aclose()
