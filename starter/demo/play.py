"""Plays the demo's shoppers against a running stack, and tells what came of it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

import httpx2

from domain.errors import PermanentError
from domain.message import MessageStatus
from starter.client import SegueClient
from starter.demo.expectations import Seen
from starter.demo.letters import Letters
from starter.demo.shop import Shop
from starter.demo.shoppers import SHOPPERS, Shopper
from starter.stack import Stack
from storage.enrollments import Enrollments
from storage.ledger import Ledger

LENGTH = timedelta(days=3, hours=12)
"""Product time that it takes, a few hours more or less."""

LONGEST = timedelta(days=8)
"""Product time after which the play ends, finished or not."""

AFTERWARDS = timedelta(hours=6)
"""Product time in which nothing more may come once all has come that must."""

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
"""Shoppers click as people do: a program that says so is taken for a link scanner."""

LOOK_EVERY = 0.5
"""Seconds between looks at how far the journeys are."""

Watch = Callable[[Sequence[Seen]], None]


class StoryError(PermanentError):
    """A shopper could not act: the stack does not do what it must."""


class Play:
    """One performance."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._reasons: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))

    async def perform(self, watch: Watch) -> Sequence[Seen]:
        """Play to the end, showing the state now and then. Returns what was seen last.

        Raises:
            StoryError: a shopper could not act; the others are stopped.
        """
        async with (
            SegueClient(self._stack.addresses.collector, self._stack.write_key, timeout=60) as client,
            httpx2.AsyncClient(timeout=60, headers={"User-Agent": BROWSER}) as http,
        ):
            letters = Letters(self._stack.addresses.inbox, http)
            shop = Shop(client, letters, self._stack.clock.paced, self._stack.clock.now, self._wait)
            try:
                async with asyncio.TaskGroup() as group:
                    acting = [group.create_task(self._act(shop, shopper)) for shopper in SHOPPERS]
                    await self._until_over(letters, watch)
                    for each in acting:
                        each.cancel()  # whoever still waits for a mail waits in vain
            except ExceptionGroup as failures:
                # Once a shopper is stuck the play cannot become what was expected: the first trouble tells enough.
                raise failures.exceptions[0] from None
            await self._wait(AFTERWARDS)
            seen = await self._look(letters)
            watch(seen)
            return seen

    async def _act(self, shop: Shop, shopper: Shopper) -> None:
        try:
            await shop.meet(shopper.id, shopper.traits, shopper.past)
            await self._wait(shopper.arrives)
            await shopper.story(shop, shopper.id)
        except Exception as error:  # whatever it is, it ends the play, and the line must say whose story it was
            raise StoryError(f"{shopper.name} {shopper.does}: {str(error) or type(error).__name__}") from error

    async def _until_over(self, letters: Letters, watch: Watch) -> None:
        """Show how it goes until all has come that must, or something that must not."""
        last = self._stack.clock.now() + LONGEST
        while self._stack.clock.now() < last:
            seen = await self._look(letters)
            watch(seen)
            if all(one.is_over for one in seen) or any(one.is_lost for one in seen):
                return
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self, letters: Letters) -> Sequence[Seen]:
        """Read the database: to ask every journey would be more work than the journeys are."""
        async with self._stack.database.read() as session:
            messages = await Ledger(session).list()
            enrollments = {each.id: await Enrollments(session).of_customer(each.id) for each in SHOPPERS}
        for row in messages:
            if row.status is MessageStatus.DEFERRED:
                self._reasons[row.customer][row.template][row.reason] = None
        return [
            Seen(
                shopper,
                enrollments[shopper.id],
                [row for row in messages if row.customer == shopper.id],
                len(await letters.of(shopper.id)),
                self._reasons[shopper.id],
            )
            for shopper in SHOPPERS
        ]

    async def _wait(self, product_time: timedelta) -> None:
        await asyncio.sleep(self._stack.clock.paced.timer(product_time).total_seconds())
