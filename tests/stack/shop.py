"""A shop on the whole running stack: real server, real mail, real HTTP. Time is paced, and quiet hours are off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import httpx2
from temporalio.client import WorkflowHandle

from domain import event as names
from domain.occasions import SourcePolicy
from settings import Settings, load_settings
from starter.client import SegueClient
from starter.place import Place
from starter.stack import Stack, running_stack
from tests.stack.books import Books

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday. Product time begins here, whatever the machine's clock says."""

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
"""Who clicks as a program says of itself is taken for one."""

CART, ORDER = "cart-recovery", "post-purchase"

LAMP: dict[str, Any] = {
    "product_id": "lamp",
    "name": "Linen floor lamp",
    "price": 129.0,
    "quantity": 1,
    "url": "https://shop.example/p/lamp?colour=sand",
}

NO_SOURCES = SourcePolicy(run=False)
"""At a high pace they would look at everybody every second or two."""

NO_QUIET_HOURS = {"quiet_from": time(0), "quiet_to": time(0)}


def settings_for(folder: Path, **given: Any) -> Settings:
    """The settings of a stack of its own: any ports, no quiet hours, no sources."""
    own = {"data": folder, "port": 0, "ui_port": 0, "inbox_port": 0, "sources": NO_SOURCES}
    return load_settings({}, **{**own, **NO_QUIET_HOURS, **given})


class Backend:
    """The shop's backend: reports what customers do, as `starter.client` lets it."""

    def __init__(self, client: SegueClient) -> None:
        self.client = client

    async def identify(self, customer: str) -> None:
        """Make a customer known, with consent."""
        traits = {"email": f"{customer}@shop.example", "firstName": customer.title(), "consent": True}
        await self.client.identify(customer, traits)

    async def fill_cart(self, customer: str) -> None:
        """Make a customer known, and put a lamp into their cart."""
        await self.identify(customer)
        await self.client.track(customer, names.PRODUCT_ADDED, LAMP)

    async def order(self, customer: str, order_id: str, revenue: float = 129.0) -> None:
        """Report an order."""
        order = {"order_id": order_id, "revenue": revenue, "currency": "USD", "products": [LAMP]}
        await self.client.track(customer, names.ORDER_COMPLETED, order)


class Shop:
    """A running stack, its backend, and a browser."""

    def __init__(self, stack: Stack, folder: Path, client: SegueClient, http: httpx2.AsyncClient) -> None:
        self.stack, self.client, self.http = stack, client, http
        self.backend = Backend(client)
        self.books = Books(stack.database, Place(folder).mails)

    def workflow(self, journey: str, customer: str) -> WorkflowHandle[Any, Any]:
        """The workflow of a customer in a journey."""
        return self.stack.client.get_workflow_handle(f"{journey}/{customer}")

    async def pass_time(self, duration: timedelta) -> None:
        """Let product time pass."""
        await asyncio.sleep(self.stack.clock.paced.timer(duration).total_seconds())


@asynccontextmanager
async def open_shop(folder: Path, **given: Any) -> AsyncIterator[Shop]:
    """Run the stack until the block ends."""
    async with (
        running_stack(settings_for(folder, **given), start=MORNING) as stack,
        SegueClient(stack.addresses.collector, stack.write_key) as client,
        httpx2.AsyncClient(timeout=10, follow_redirects=False, headers={"User-Agent": BROWSER}) as http,
    ):
        yield Shop(stack, folder, client, http)
