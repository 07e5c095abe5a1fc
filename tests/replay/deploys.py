"""One journey as several deploys have it. All have the same name, as a changed journey has; one has not."""

from tests.workflows.journeys import plan
from workflows.vocabulary import BOUGHT_SINCE, FIRST_ORDER, HAS_CART, Click, Journey, Revisit, journey, timedelta

PLAN = plan("test-deploys")
HOUR = timedelta(hours=1)


@journey
class AsItWas(Journey):
    """The version that runs."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        await self.score()
        await self.wait(2 * HOUR)
        await self.send("post_purchase/review_request")
        await self.reaction(Click, Revisit, within=3 * HOUR)
        await self.fact(FIRST_ORDER)
        await self.wait(4 * HOUR)


@journey
class OtherTexts(Journey):
    """Sends another mail, and waits longer at the end."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        await self.score()
        await self.wait(2 * HOUR)
        await self.send("post_purchase/loyalty")
        await self.reaction(Click, Revisit, within=3 * HOUR)
        await self.fact(FIRST_ORDER)
        await self.wait(5 * HOUR)


@journey
class AsksForAFact(Journey):
    """Asks for a fact where it asked for a score."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        await self.fact(HAS_CART)
        await self.wait(2 * HOUR)
        await self.send("post_purchase/review_request")
        await self.reaction(Click, Revisit, within=3 * HOUR)
        await self.fact(FIRST_ORDER)
        await self.wait(4 * HOUR)


@journey
class AsksForAFactSince(Journey):
    """The same change, for those who come there later."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        if await self.since("facts-instead-of-scores"):
            await self.fact(HAS_CART)
        else:
            await self.score()
        await self.wait(2 * HOUR)
        await self.send("post_purchase/review_request")
        await self.reaction(Click, Revisit, within=3 * HOUR)
        await self.fact(FIRST_ORDER)
        await self.wait(4 * HOUR)


@journey
class Hurries(Journey):
    """Has no second wait."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        await self.score()
        await self.send("post_purchase/review_request")
        await self.reaction(Click, Revisit, within=3 * HOUR)
        await self.fact(FIRST_ORDER)
        await self.wait(4 * HOUR)


@journey
class AnotherFact(Journey):
    """Asks for another fact: Temporal's replay takes its answer from the one that was asked for."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        await self.score()
        await self.wait(2 * HOUR)
        await self.send("post_purchase/review_request")
        await self.reaction(Click, Revisit, within=3 * HOUR)
        await self.fact(BOUGHT_SINCE)
        await self.wait(4 * HOUR)


@journey
class Fails(Journey):
    """Has a mistake that shows after the first wait."""

    plan = PLAN

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
        await self.score()
        raise LookupError("no such thing")


@journey
class Renamed(Journey):
    """Has another name."""

    plan = plan("test-deploys-renamed")

    async def steps(self) -> None:
        """See the class."""
        await self.wait(HOUR)
