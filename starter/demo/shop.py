"""What a shopper can do in the demo's shop: through its doors alone, calls to the collector and links of mails."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.clock import PacedClock
from domain.event import CHECKOUT_STARTED, ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_VIEWED, EventType
from starter.catalogue.sample import FOLDER
from starter.client import SegueClient
from starter.demo.letters import Letters

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_SHOP = "https://shop.example"


def _goods() -> dict[str, dict[str, Any]]:
    """The sample shop's products by id, as events name them."""
    products: list[dict[str, Any]] = json.loads((FOLDER / "products.json").read_text(encoding="utf-8"))
    named = ("product_id", "name", "price", "category")
    return {each["product_id"]: {name: each[name] for name in named} for each in products}


_GOODS = _goods()


def goods(product_id: str, **more: Any) -> dict[str, Any]:
    """A product of the sample shop, as the Segment e-commerce spec wants it."""
    return {**_GOODS[product_id], "url": f"{_SHOP}/p/{product_id}", "quantity": 1, **more}


def order(order_id: str, product_id: str) -> dict[str, Any]:
    """An order of one product."""
    return {"order_id": order_id, "revenue": _GOODS[product_id]["price"], "products": [goods(product_id)]}


@dataclass(frozen=True)
class Past:
    """Something that a shopper did before the demo begins."""

    ago: timedelta
    event: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Shop:
    """Its doors. `wait` lets product time pass, `letters` are what shoppers read and click."""

    client: SegueClient
    letters: Letters
    clock: PacedClock
    now: Callable[[], datetime]
    wait: Callable[[timedelta], Awaitable[None]]

    async def meet(self, who: str, traits: Mapping[str, Any], past: Sequence[Past]) -> None:
        """Make somebody known, with what they did before: old events start nothing, and sources read them."""
        first = self.now() - max((each.ago for each in past), default=timedelta())
        calls: list[dict[str, Any]] = [{"type": EventType.IDENTIFY, "traits": traits, "timestamp": self._real(first)}]
        for each in past:
            call = {"type": EventType.TRACK, "event": each.event, "properties": each.properties}
            calls.append({**call, "timestamp": self._real(self.now() - each.ago)})
        await self.client.batch([{**call, "userId": who} for call in calls])

    async def did(self, who: str, event: str, properties: Mapping[str, Any] | None = None) -> None:
        """Do something that has no word of its own here."""
        await self.client.track(who, event, properties or {})

    async def view(self, who: str, product: str) -> None:
        """Look at a product for two minutes."""
        await self.did(who, PRODUCT_VIEWED, goods(product, time_on_page=120))

    async def add(self, who: str, product: str) -> None:
        """Put it into the cart."""
        await self.did(who, PRODUCT_ADDED, goods(product))

    async def check_out(self, who: str, product: str) -> None:
        """Go to the till with it."""
        await self.did(who, CHECKOUT_STARTED, {"products": [goods(product)]})

    async def order(self, who: str, product: str) -> None:
        """Buy it."""
        await self.did(who, ORDER_COMPLETED, order(f"{who}-today", product))

    def _real(self, product_time: datetime) -> datetime:
        """What senders report is real time. Before the demo began it runs as fast as product time."""
        return self.clock.real(product_time)
