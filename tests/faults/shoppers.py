"""Shoppers, who live by the seed, and write down what they were promised: each event that was answered with 200."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2

from domain import event as names
from domain.errors import UnavailableError
from starter.client import SegueClient
from tests.faults.floor import WRITE_KEY, Floor
from tests.faults.sink_log import Conversation, SinkLog

LAMP: dict[str, Any] = {"product_id": "lamp", "name": "Linen floor lamp", "price": 129.0, "quantity": 1}

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

LOOK_EVERY = 0.1
PAUSE = 0.3
MAIL_WITHIN = 60.0
"""Real seconds in which a shopper's first mail may come; whoever waits in vain does nothing more."""

ONE_IN = 6
"""So many shoppers have one among them who fills a cart on another browser, too, and signs in there later."""

LEFT = "left by the link"
"""What a shopper's diary calls an unsubscription."""


@dataclass(frozen=True)
class Promise:
    """An event that was answered with 200, at a real moment (seconds of the epoch)."""

    at: float
    customer: str
    event: str
    message_id: str
    order_id: str | None = None


@dataclass
class Diary:
    """What all shoppers were promised."""

    promises: list[Promise] = field(default_factory=list)

    def of(self, *events: str) -> list[Promise]:
        """Promises about these events."""
        return [each for each in self.promises if each.event in events]


class Shopper:
    """One customer. Times are product hours."""

    def __init__(self, number: int, floor: Floor, client: SegueClient, http: httpx2.AsyncClient, log: SinkLog) -> None:
        self.name = f"shopper-{number:03}"
        self._has_another_browser = number % ONE_IN == 0
        self._lot = random.Random(f"{floor.plan.seed}/{self.name}")
        self._floor, self._client, self._http, self._log = floor, client, http, log
        self._said = 0
        self.diary: list[Promise] = []

    def as_another(self, number: int) -> "Shopper":
        """Somebody else on the same line."""
        return Shopper(number, self._floor, self._client, self._http, self._log)

    async def live(self) -> None:
        """Come, look, and do one of the things that people do."""
        await self.identify()
        await self.say(names.PRODUCT_ADDED)
        if self._has_another_browser:
            await self._sign_in_elsewhere()
            return
        lives: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (2, self._buy_at_once),
            (5, self._buy_later),
            (3, self._buy_and_come_back),
            (2, self._buy_twice),
            (3, self._empty),
            (3, self._click),
            (3, self._leave),
            (4, self._do_nothing),
        ]
        (life,) = self._lot.choices([life for _, life in lives], [weight for weight, _ in lives])
        await life()

    async def _buy_at_once(self) -> None:
        await self._pass(0, 1)
        await self._order()

    async def _buy_later(self) -> None:
        await self._pass(1, 74)
        await self._order()

    async def _buy_and_come_back(self) -> None:
        """Two journeys then want to mail in the same moment: the cart's reminder, and the order's first mail."""
        await self._order()
        await self.say(names.PRODUCT_ADDED)

    async def _buy_twice(self) -> None:
        await self._pass(0, 2)
        await self._order()
        await self._pass(1, 40)
        await self._order()

    async def _empty(self) -> None:
        await self._pass(0.5, 50)
        await self.say(names.CART_EMPTIED, {})

    async def _click(self) -> None:
        mail = await self._first_mail()
        if mail is not None and mail.click is not None:
            await self._until_answered(lambda: self._http.get(str(mail.click)), 302)
            await self._pass(0, 30)
            if self._lot.random() < 0.5:
                await self._order()

    async def _leave(self) -> None:
        mail = await self._first_mail()
        if mail is not None and mail.leave is not None:
            await self._until_answered(lambda: self._http.post(str(mail.leave)), 200)
            ledger = mail.message_id.strip("<>").split("@")[0]
            self._note(LEFT, f"unsubscribe-{ledger}")

    async def _do_nothing(self) -> None:
        pass

    async def _sign_in_elsewhere(self) -> None:
        """Two carts, one person: the journey of one goes on, that of the other is superseded."""
        await self._pass(0, 30)
        await self.say(names.PRODUCT_ADDED, as_visitor=True)
        await self._pass(0, 0.9)
        await self.identify(f"browser-of-{self.name}")
        await self._pass(0, 60)
        if self._lot.random() < 0.5:
            await self._order()

    async def identify(self, browser: str | None = None) -> None:
        """Say who they are, and that they like to be written to; perhaps on another browser."""
        traits = {"email": f"{self.name}@shop.example", "firstName": "Sam", "consent": True}
        message_id, at = self._next(), datetime.now(UTC)
        await self._until_stored(
            lambda: self._client.identify(self.name, traits, anonymous_id=browser, message_id=message_id, timestamp=at)
        )
        self._note("identify", message_id)

    async def _order(self) -> None:
        order_id = f"{self.name}-order-{self._said}"
        order = {"order_id": order_id, "revenue": 129.0, "currency": "USD", "products": [LAMP]}
        await self.say(names.ORDER_COMPLETED, order, order_id)

    async def say(
        self,
        event: str,
        properties: dict[str, Any] = LAMP,
        order_id: str | None = None,
        *,
        as_visitor: bool = False,
    ) -> None:
        """Report an event until it is stored, and write down that it was promised. A visitor is not signed in."""
        message_id, at = self._next(), datetime.now(UTC)
        user, browser = (None, f"browser-of-{self.name}") if as_visitor else (self.name, None)
        await self._until_stored(
            lambda: self._client.track(
                user, event, properties, anonymous_id=browser, message_id=message_id, timestamp=at
            )
        )
        self._note(event, message_id, order_id)

    def _next(self) -> str:
        self._said += 1
        return f"{self.name}-event-{self._said}"

    def _note(self, event: str, message_id: str, order_id: str | None = None) -> None:
        at = datetime.now(UTC).timestamp()
        self.diary.append(Promise(at, self.name, event, message_id, order_id))

    async def _pass(self, least: float, most: float) -> None:
        await asyncio.sleep(self._lot.uniform(least, most) * 3600 / self._floor.plan.pace)

    async def _first_mail(self) -> Conversation | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + MAIL_WITHIN
        while loop.time() < deadline:
            if found := [mail for mail in self._log.taken_from(self.name) if mail.leave]:
                return found[0]
            await asyncio.sleep(LOOK_EVERY)
        return None

    async def _until_stored(self, report: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await report()
            except UnavailableError:
                continue  # it has been patient for some seconds by itself
            return

    async def _until_answered(self, ask: Callable[[], Awaitable[httpx2.Response]], status: int) -> None:
        while True:
            try:
                if (await ask()).status_code == status:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(LOOK_EVERY)


async def _briefly(seconds: float) -> None:
    """Pause between attempts as a shopper on a fast clock does: the client's own seconds would be days."""
    await asyncio.sleep(min(seconds, PAUSE))


@asynccontextmanager
async def visitor(floor: Floor, number: int) -> AsyncIterator[Shopper]:
    """One shopper, with their own line to the shop."""
    async with (
        SegueClient(floor.url, WRITE_KEY, timeout=5, sleep=_briefly) as client,
        httpx2.AsyncClient(timeout=5, follow_redirects=False, headers={"User-Agent": BROWSER}) as http,
    ):
        yield Shopper(number, floor, client, http, floor.sink_log)


async def all_live(floor: Floor) -> Diary:
    """Let everybody come, spread over the time in which things are killed, and return their diaries."""
    diary = Diary()
    async with visitor(floor, 0) as one:

        async def come(number: int) -> None:
            await asyncio.sleep(floor.plan.lasts * number / floor.plan.shoppers)
            shopper = one.as_another(number)
            await shopper.live()
            diary.promises += shopper.diary

        await asyncio.gather(*(come(number) for number in range(floor.plan.shoppers)))
    return diary
