"""Two journeys that are weaker than cart recovery, in its lane. One waits for it, the other ends."""

from workflows.vocabulary import ORDER_COMPLETED, Journey, Lane, On, Plan, Yields, journey, timedelta

HOUR = timedelta(hours=1)


@journey
class Browse(Journey):
    """Looks back at what was looked at, an hour later and a day after that."""

    plan = Plan(
        name="test-browse",
        trigger=On("Never"),
        goal=ORDER_COMPLETED,
        topic="reminders",
        owner="tests",
        lane=Lane.PROMOTION,
        priority=50,
    )

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        await self.send("cart/objections")
        await self.wait(24 * HOUR)
        await self.send("cart/social_proof")


@journey
class Welcome(Journey):
    """Greets at once and two days later, unless something more important comes up."""

    plan = Plan(
        name="test-welcome",
        trigger=On("Never"),
        goal=ORDER_COMPLETED,
        topic="welcome",
        owner="tests",
        lane=Lane.PROMOTION,
        priority=20,
        yields=Yields.END,
    )

    async def steps(self) -> None:
        """See the class."""
        await self.send("cart/objections")
        await self.wait(48 * HOUR)
        await self.send("cart/social_proof")
