"""Plays the demo's shoppers against a running stack, and checks what came of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx2

from domain.enrollment import State
from domain.errors import PermanentError
from domain.message import MessageStatus
from starter.client import SegueClient
from starter.demo.letters import Letters
from starter.demo.shoppers import SHOPPERS, Shop, Shopper
from starter.operations import EnrollmentStatus, Operations
from starter.stack import Stack
from storage.ledger import LedgerRow

LONGEST = timedelta(days=8)
"""Product time after which the play ends, finished or not; it takes three days and a little."""

AFTERWARDS = timedelta(hours=12)
"""Product time in which nothing more may come once every cart journey has ended."""

LOOK_EVERY = 0.25
"""Seconds between looks at how far the journeys are."""


class StoryError(PermanentError):
    """A shopper could not act: the stack does not do what it must."""


@dataclass(frozen=True)
class Seen:
    """One shopper's journeys and mails, as the ledger and the inbox have them."""

    shopper: Shopper
    enrollments: Sequence[EnrollmentStatus]
    messages: Sequence[LedgerRow]
    arrived: int
    """Mails in the inbox."""


@dataclass(frozen=True)
class Expectation:
    """Something that must have held, and whether it did."""

    what: str
    held: bool
    found: str = ""


class Play:
    """One performance."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._operations = Operations(stack.database, stack.client, stack.routes, stack.clock)

    async def perform(self, watch: Callable[[Sequence[Seen]], None]) -> Sequence[Seen]:
        """Play to the end, showing the state now and then. Returns what was seen last.

        Raises:
            StoryError: a shopper could not act; the others are stopped.
        """
        async with (
            SegueClient(self._stack.addresses.collector, self._stack.write_key) as client,
            httpx2.AsyncClient(timeout=30) as http,
        ):
            letters = Letters(self._stack.addresses.inbox, http)
            shop = Shop(client, letters, self._wait)
            try:
                async with asyncio.TaskGroup() as acting:
                    for shopper in SHOPPERS:
                        acting.create_task(self._act(shop, shopper))
                    await self._until_over(letters, watch)
            except ExceptionGroup as failures:
                # Once a shopper is stuck the play cannot become what was expected: the first trouble tells enough.
                raise failures.exceptions[0] from None
            await self._wait(AFTERWARDS)
            seen = await self._look(letters)
            watch(seen)
            return seen

    async def _act(self, shop: Shop, shopper: Shopper) -> None:
        traits = {"email": shopper.email, "firstName": shopper.name, "timezone": "UTC", "consent": True}
        try:
            await shop.client.identify(shopper.id, traits)
            await shop.view(shopper.id, shopper.product)
            await shop.add(shopper.id, shopper.product)
            await shopper.story(shop, shopper.id)
        except Exception as error:  # whatever it is, it ends the play, and the line must say whose story it was
            raise StoryError(f"{shopper.name} {shopper.does}: {str(error) or type(error).__name__}") from error

    async def _until_over(self, letters: Letters, watch: Callable[[Sequence[Seen]], None]) -> None:
        """Show how it goes until every cart journey has ended."""
        last = self._stack.clock.now() + LONGEST
        while self._stack.clock.now() < last:
            seen = await self._look(letters)
            watch(seen)
            if all(_is_over(one) for one in seen):
                return
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self, letters: Letters) -> Sequence[Seen]:
        return await asyncio.gather(*(self._look_at(letters, shopper) for shopper in SHOPPERS))

    async def _look_at(self, letters: Letters, shopper: Shopper) -> Seen:
        known = await self._operations.knows(shopper.id)
        enrollments = await self._operations.status(shopper.id) if known else []
        messages = await self._operations.messages(customer=shopper.id) if known else []
        return Seen(shopper, enrollments, messages, len(await letters.of(shopper.id)))

    async def _wait(self, product_time: timedelta) -> None:
        await asyncio.sleep(self._stack.clock.paced.timer(product_time).total_seconds())


def check(seen: Sequence[Seen]) -> list[Expectation]:
    """Compare what was seen with what each shopper must get."""
    return [expectation for one in seen for expectation in _check_one(one)]


def _check_one(one: Seen) -> list[Expectation]:
    shopper = one.shopper
    sent = [row.template for row in one.messages if row.status is MessageStatus.SENT]
    wanted = list(shopper.expects)
    ends = {status.journey: _end(status) for status in one.enrollments}
    mails = " → ".join(template.split("/")[-1] for template in wanted) or "nothing"
    return [
        Expectation(f"{shopper.name} {shopper.does}: {mails}", sent == wanted, f"got {', '.join(sent) or 'nothing'}"),
        Expectation(
            f"{shopper.name}: every mail sent has arrived, once", one.arrived == len(sent), f"{one.arrived} arrived"
        ),
        Expectation(
            f"{shopper.name}: {', '.join(f'{name} {end}' for name, end in shopper.outcomes.items())}",
            ends == shopper.outcomes,
            f"{ends}",
        ),
    ]


def _end(status: EnrollmentStatus) -> str:
    return status.outcome.kind.value if status.outcome else status.state.value


def _is_over(one: Seen) -> bool:
    carts = [status for status in one.enrollments if status.journey == "cart-recovery"]
    begun = {status.journey for status in one.enrollments} >= one.shopper.outcomes.keys()
    sent = sum(row.status is MessageStatus.SENT for row in one.messages)
    complete = sent >= len(one.shopper.expects)
    return begun and complete and bool(carts) and all(status.state is State.ENDED for status in carts)
