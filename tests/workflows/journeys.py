"""Small journeys for tests of the verbs; one of them breaks the rules."""

import asyncio
from datetime import UTC, datetime

from temporalio import workflow

from workflows.vocabulary import (
    CART_ACTIVITY,
    HAS_CART,
    Click,
    Journey,
    Kind,
    On,
    Plan,
    Revisit,
    Value,
    journey,
    time,
    timedelta,
)


def plan(name: str, settings: type[Value] | None = None) -> Plan:
    """The declaration of a test's journey."""
    never = On("Never")
    return Plan(name=name, trigger=never, goal="Goal Reached", topic="tests", owner="tests", settings=settings)


class Settings(Value):
    """How long `Waits` waits."""

    pause: timedelta = timedelta(hours=1)


class Telling(Journey):
    """A journey that can be asked what its steps have seen."""

    def said(self, what: object) -> None:
        """Remember something for the query."""
        self.__dict__.setdefault("said_so_far", []).append(str(what))

    @workflow.query
    def seen(self) -> list[str]:
        """What the steps have seen so far."""
        return [*self.__dict__.get("said_so_far", [])]


@journey
class Waits(Telling):
    """Waits for a duration, then until a moment, then until a moment that is past."""

    plan = plan("test-waits", Settings)

    async def steps(self) -> None:
        """See the class."""
        await self.wait(self.settings(Settings).pause)
        self.said("waited")
        await self.wait_until(self.start.occasion.occurred_at + timedelta(hours=5))
        self.said("moment")
        await self.wait_until(self.start.occasion.occurred_at)
        self.said("past")


@journey
class NineOClock(Telling):
    """Waits for nine o'clock, twice."""

    plan = plan("test-nine")

    async def steps(self) -> None:
        """See the class."""
        await self.wait_until_local(time(9))
        self.said("nine")
        await self.wait(timedelta(hours=1))
        await self.wait_until_local(time(9))
        self.said("nine again")


@journey
class Asks(Telling):
    """Asks for everything that takes no time, and says what it was told."""

    plan = plan("test-asks")

    async def steps(self) -> None:
        """See the class."""
        self.said((await self.score()).tier.value)
        self.said(await self.fact(HAS_CART))
        self.said((await self.offer()).kind.value)
        self.said(await self.variant("subject", ("short", "long")))
        self.said(await self.variant("subject", ("short", "long")))
        delivery = await self.send("post_purchase/review_request", kind=Kind.TRANSACTIONAL)
        self.said(delivery.status.value)
        self.said(
            (await self.send("post_purchase/review_request", kind=Kind.TRANSACTIONAL)).message != delivery.message
        )


@journey
class SendsTwice(Journey):
    """Waits, then sends two mails one after the other."""

    plan = plan("test-twice")

    async def steps(self) -> None:
        """See the class."""
        await self.wait(timedelta(hours=1))
        await self.send("post_purchase/review_request", kind=Kind.TRANSACTIONAL)
        await self.send("post_purchase/review_request", kind=Kind.TRANSACTIONAL)


@journey
class ReadsTheClock(Journey):
    """Reads this machine's clock, which no replay can repeat."""

    plan = plan("test-clock")

    async def steps(self) -> None:
        """See the class."""
        if datetime.now(UTC).hour < 12:
            await self.wait(timedelta(hours=1))


@journey
class Sleeps(Journey):
    """Awaits something that is no verb."""

    plan = plan("test-sleep")

    async def steps(self) -> None:
        """See the class."""
        await asyncio.sleep(60)


@journey
class EveryWait(Telling):
    """Waits in each way there is, with a mail in between."""

    plan = plan("test-every-wait")

    async def steps(self) -> None:
        """See the class."""
        await self.quiet(timedelta(hours=1), since=CART_ACTIVITY)
        self.said("quiet")
        await self.wait(timedelta(hours=4))
        self.said("waited")
        await self.wait_until(self.start.occasion.occurred_at + timedelta(hours=12))
        self.said("moment")
        await self.wait_until_local(time(9))
        self.said("nine")
        delivery = await self.send("post_purchase/review_request")
        self.said(delivery.status.value)
        reaction = await self.reaction(Click, Revisit, within=timedelta(hours=20))
        self.said(type(reaction).__name__)
        await self.send("post_purchase/loyalty")
        await self.wait(timedelta(hours=1))


@journey
class Confirms(Telling):
    """Waits, sends what is owed, and goes on."""

    plan = plan("test-confirms")

    async def steps(self) -> None:
        """See the class."""
        await self.wait(timedelta(hours=1))
        await self.send("post_purchase/confirmation", kind=Kind.TRANSACTIONAL)
        await self.wait(timedelta(hours=1))


@journey
class AnswersLater(Telling):
    """Looks for an answer only some time after the mail."""

    plan = plan("test-answers-later")

    async def steps(self) -> None:
        """See the class."""
        await self.send("post_purchase/review_request")
        await self.wait(timedelta(hours=5))
        reaction = await self.reaction(Click, within=timedelta(hours=1))
        self.said(reaction and reaction.link)
        await self.wait(timedelta(hours=5))
