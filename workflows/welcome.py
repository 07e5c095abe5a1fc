"""Welcome (J4): somebody signed up, and has bought nothing yet."""

from domain.event import SIGNED_UP
from workflows.vocabulary import (
    ORDER_COMPLETED,
    PRICING_SEEN,
    RETURNING,
    Duration,
    Holds,
    Journey,
    Lane,
    On,
    Plan,
    Stage,
    Value,
    journey,
    timedelta,
)


class Waits(Value):
    """How long the welcome waits; a deployment may change each.

    `greets` is how late the first mail still makes sense, `keeps` the others: longer than a cart holds the lane, with
    the silence that the gate keeps after it.
    """

    story: Duration = timedelta(days=2)
    education: Duration = timedelta(days=4)
    greets: Duration = timedelta(days=4)
    keeps: Duration = timedelta(days=7)


@journey
class Welcome(Journey):
    """Welcome a newcomer: a place to begin, who we are, how to choose. Steps back while a cart or a search is open.

    Starts when somebody signs up who has not ordered yet, once in a customer's life; whoever gave no consent gets
    nothing. Ends as a success with the first order, which post-purchase takes over. Lives six days.
    """

    plan = Plan(
        name="welcome",
        trigger=On(SIGNED_UP) & ~Holds(RETURNING),
        goal=ORDER_COMPLETED,
        lane=Lane.PROMOTION,
        priority=45,
        topic="welcome",
        owner="lifecycle marketing",
        settings=Waits,
    )

    async def steps(self) -> None:
        """Welcome at once, or compare where the prices are known; then tell who we are, then how to choose."""
        waits = self.settings(Waits)
        if await self.fact(PRICING_SEEN):
            welcome = await self.send(
                "welcome/comparison", stage=Stage.CONSIDERATION, urgent=True, stale_after=waits.greets
            )
        else:
            offer = await self.offer()
            welcome = await self.send(
                "welcome/intro", stage=Stage.AWARENESS, urgent=True, stale_after=waits.greets, offer=offer
            )
        if not welcome.went_out:
            return  # they did not agree to mail: what follows would not go either

        await self.wait(waits.story)
        await self.send("welcome/story", stage=Stage.AWARENESS, stale_after=waits.keeps)
        await self.wait(waits.education)
        await self.send("welcome/education", stage=Stage.CONSIDERATION, stale_after=waits.keeps)
