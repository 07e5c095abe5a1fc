"""One journey as three deploys have it. All have the same name, as a changed journey has."""

from tests.workflows.journeys import Telling, plan
from workflows.vocabulary import HAS_CART, journey, timedelta

PLAN = plan("test-versions")
HOUR = timedelta(hours=1)


@journey
class AsItWas(Telling):
    """Looks at the customer before the last wait."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        self.said("first")
        await self.score()
        await self.wait(2 * HOUR)
        self.said("scored")


@journey
class Guarded(Telling):
    """Looks no more, and asks for a fact instead, where the enrollment has not come there yet."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        self.said("first")
        if await self.since("facts-instead-of-scores"):
            await self.fact(HAS_CART)
            self.said("fact")
            await self.wait(2 * HOUR)
            return
        await self.score()
        await self.wait(2 * HOUR)
        self.said("scored")


@journey
class Careless(Telling):
    """Makes the same change without asking."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        self.said("first")
        await self.fact(HAS_CART)
        self.said("fact")
        await self.wait(2 * HOUR)
