"""Journeys that are not deployed, for tests of the stage; some of them broken."""

from workflows.vocabulary import Click, HasCart, Journey, Kind, Observation, On, Plan, journey, time, timedelta


@journey
class Birthday(Journey):
    """A journey somebody is still writing. Nothing begins it."""

    plan = Plan(
        name="birthday", trigger=On("Never") & HasCart() & ~HasCart(), goal=None, topic="birthdays", owner="tests"
    )

    async def steps(self) -> None:
        """See the class."""
        await self.wait_until_local(time(11))
        await self.send("cart/reminder")
        if await self.reaction(Click, within=timedelta(days=1)):
            await self.send("cart/deeper", urgent=True)


@journey
class Subscription(Journey):
    """One enrollment for each of something that is no order, with a trigger that wants a cart."""

    plan = Plan(
        name="lost-subscription",
        trigger=On("Subscription Ended") & HasCart(),
        goal=None,
        topic="subscriptions",
        owner="tests",
        one_per="subscription_id",
    )

    async def steps(self) -> None:
        """See the class."""
        await self.send("cart/reminder", kind=Kind.TRANSACTIONAL)


@journey
class Broken(Journey):
    """Has a mistake after its first wait."""

    plan = Plan(name="broken", trigger=On("Never"), goal=None, topic="tests", owner="tests")

    async def steps(self) -> None:
        """See the class."""
        await self.wait(timedelta(hours=1))
        no_such: dict[str, None] = {}
        no_such["no such key"]


@journey
class Circles(Journey):
    """Asks the same question for ever."""

    plan = Plan(name="circles", trigger=On("Never"), goal=None, topic="tests", owner="tests")

    async def steps(self) -> None:
        """See the class."""
        while True:
            await self.score()


@journey
class Greets(Journey):
    """Begins with the first thing that is known of somebody."""

    plan = Plan(name="greets", trigger=~HasCart(), goal=None, topic="tests", owner="tests")

    async def steps(self) -> None:
        """See the class."""
        await self.send("cart/reminder")


@journey
class Misnamed(Journey):
    """Sends a template that is not there."""

    plan = Plan(name="misnamed", trigger=On("Never"), goal=None, topic="tests", owner="tests")

    async def steps(self) -> None:
        """See the class."""
        await self.send("cart/no_such_mail")


@journey
class SecondCartRecovery(Journey):
    """Takes a name that is deployed."""

    plan = Plan(name="cart-recovery", trigger=On("Never"), goal=None, topic="tests", owner="tests")

    async def steps(self) -> None:
        """See the class."""


@journey
class Shares(Journey):
    """Answers whatever it is told, and names but one event."""

    plan = Plan(name="shares", trigger=On("Never"), goal=None, topic="tests", owner="tests")

    async def steps(self) -> None:
        """See the class."""
        told = await self.reaction(Observation, within=timedelta(days=5))
        if told and told.name in ("Product Shared", "Product Reviewed"):
            await self.send("cart/deeper")
        elif told:
            await self.send("cart/urgency")
