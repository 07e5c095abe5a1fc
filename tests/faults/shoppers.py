"""A shopper: lives by the seed, and writes down what was promised. What shoppers do is in `tests.faults.lives`."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from domain import event as names
from starter.client import SegueClient
from tests.faults.diary import Diary, Promise, Said, Word
from tests.faults.floor import Floor
from tests.faults.line import LOOK_EVERY, Line
from tests.faults.sink_log import Conversation

LAMP: dict[str, Any] = {"product_id": "lamp", "name": "Linen floor lamp", "price": 129.0, "quantity": 1}


class Shopper:
    """One customer. Times are product hours.

    Args:
        name: the user id.
        floor: where they shop.
        line: how they reach it.
    """

    def __init__(self, name: str, floor: Floor, line: Line) -> None:
        self.name = name
        self.address = f"{name}@shop.example"
        self.first_name = name.replace("shopper", "Samantha")
        """Nobody else is called so: where it is found, it is theirs."""
        self.browser = f"browser-of-{name}"
        self.lot = random.Random(f"{floor.plan.seed}/{name}")
        self.floor, self.line = floor, line
        self.diary = Diary()
        self._said = 0

    async def identify(self, browser: str | None = None) -> None:
        """Say who they are, and that they like to be written to; perhaps on another browser."""
        message_id, at = self.next_id(), datetime.now(UTC)
        await self.report(
            "identify",
            message_id,
            lambda: self.line.backend.identify(
                self.name, self._traits(self.address), anonymous_id=browser, message_id=message_id, timestamp=at
            ),
        )

    async def come_as_guest(self, address: str) -> None:
        """Leave an address on another browser, without signing in."""
        message_id, at = self.next_id(), datetime.now(UTC)
        await self.report(
            "identify",
            message_id,
            lambda: self.line.backend.identify(
                None, self._traits(address), anonymous_id=self.browser, message_id=message_id, timestamp=at
            ),
        )

    async def alias(self) -> None:
        """Have a backend say whose the other browser is."""
        message_id, at = self.next_id(), datetime.now(UTC)
        await self.report(
            "alias",
            message_id,
            lambda: self.line.backend.alias(self.browser, self.name, message_id=message_id, timestamp=at),
        )

    async def say(
        self,
        event: str,
        properties: dict[str, Any] = LAMP,
        order_id: str | None = None,
        *,
        as_visitor: bool = False,
        by_page: bool = False,
    ) -> None:
        """Have an event reported until it is stored. A visitor is not signed in; a page reports with its own key."""
        message_id, at = self.next_id(), datetime.now(UTC)
        user, browser = (None, self.browser) if as_visitor else (self.name, None)
        client: SegueClient = self.line.page if by_page else self.line.backend
        await self.report(
            event,
            f"browser:{message_id}" if by_page else message_id,
            lambda: client.track(user, event, properties, anonymous_id=browser, message_id=message_id, timestamp=at),
            order_id,
        )

    async def order(self, order_id: str | None = None, *, by_page: bool = False) -> str:
        """Buy. Returns the order's id."""
        order_id = order_id or f"{self.name}-order-{self._said}"
        order = {"order_id": order_id, "revenue": 129.0, "currency": "USD", "products": [LAMP]}
        await self.say(names.ORDER_COMPLETED, order, order_id, by_page=by_page)
        return order_id

    async def passes(self, least: float, most: float) -> None:
        """Let so many hours pass."""
        most = min(most, max(self.floor.plan.linger, least))
        await asyncio.sleep(self.lot.uniform(least, most) * 3600 / self.floor.plan.pace)

    async def mail(self, which: Callable[[Conversation], bool]) -> Conversation | None:
        """The first such mail that they got; None where none comes."""
        deadline = time.monotonic() + self.floor.plan.mail_within
        while time.monotonic() < deadline:
            if found := [mail for mail in self.line.log.taken_at(self.address) if which(mail)]:
                return found[0]
            await asyncio.sleep(LOOK_EVERY)
        return None

    async def marketing_mail(self) -> Conversation | None:
        """The first that they may leave by."""
        return await self.mail(lambda mail: bool(mail.leave))

    async def report(
        self, event: str, message_id: str, report: Callable[[], Awaitable[object]], order_id: str | None = None
    ) -> None:
        """Report until it is stored, and write down that it was promised."""
        asked = time.time()
        await self.line.until_done(report)
        self.promised(event, message_id, asked, order_id)

    def promised(self, event: str, message_id: str, asked: float, order_id: str | None = None) -> None:
        """Write down that an event was answered with 200."""
        self.diary.promises.append(Promise(time.time(), self.name, event, message_id, order_id, asked))

    def said(self, what: Said, asked: float, mail: str = "", address: str = "") -> None:
        """Write down that something they said was answered."""
        self.diary.words.append(Word(what, self.name, asked, time.time(), mail, address or self.address))

    def next_id(self) -> str:
        """An id for the next event."""
        self._said += 1
        return f"{self.name}-event-{self._said}"

    def _traits(self, address: str) -> dict[str, Any]:
        return {"email": address, "firstName": self.first_name, "consent": True}
