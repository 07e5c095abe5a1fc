"""Product education (J5): somebody takes an interest in a kind of product, and is not buying yet."""

from domain.event import BROWSING, CHECKOUT_STARTED, CONTENT_VIEWED, PRODUCT_VIEWED
from workflows.vocabulary import (
    ORDER_COMPLETED,
    PRODUCT_ADDED,
    Click,
    Duration,
    HasAddress,
    HasCart,
    Journey,
    Lane,
    On,
    Plan,
    Stage,
    Tier,
    TierAtLeast,
    Times,
    Value,
    journey,
    timedelta,
)

WEEK = timedelta(days=7)


class Waits(Value):
    """How long product education waits; a deployment may change each."""

    quiet: Duration = timedelta(days=1)
    answer: Duration = timedelta(days=3)
    between: Duration = timedelta(days=3)
    keeps: Duration = WEEK
    """How long a mail may wait for stronger journeys: what is worth knowing today is worth knowing next week."""


@journey
class ProductEducation(Journey):
    """Explain a kind of product to somebody who is interested in it. Ends when they buy or put something into the cart.

    Starts with something read, or with the fourth product of one category in a week, of somebody with no cart whose
    intent is medium at least; once a month at most. Lives one to two weeks, longer where stronger journeys go first. A
    click leads deeper; two mails without one are the last.
    """

    plan = Plan(
        name="product-education",
        trigger=(On(CONTENT_VIEWED) | (On(PRODUCT_VIEWED) & Times(PRODUCT_VIEWED, 4, within=WEEK, same="category")))
        & HasAddress()
        & ~HasCart()
        & TierAtLeast(Tier.MEDIUM),
        goal=ORDER_COMPLETED,
        exits=(PRODUCT_ADDED, CHECKOUT_STARTED),
        lane=Lane.PROMOTION,
        priority=50,
        topic="product knowledge",
        owner="content",
        reentry=timedelta(days=30),
        settings=Waits,
    )

    async def steps(self) -> None:
        """What it consists of, more of it after a click, a routine, and what others say."""
        waits = self.settings(Waits)
        await self.quiet(waits.quiet, since=(*BROWSING, CONTENT_VIEWED))
        if not await self.explain("education/features"):
            return  # nothing was said, so there is nothing to deepen
        if await self.reaction(Click, within=waits.answer):
            await self.explain("education/in_depth")
            await self.wait(waits.between)
            await self.explain("education/routine")
            await self.wait(waits.between)
        else:
            await self.explain("education/routine")
            if not await self.reaction(Click, within=waits.answer):
                return  # two mails without an answer are answer enough
        await self.explain("education/testimonials")

    async def explain(self, template: str) -> bool:
        """A mail that keeps for a while. Whether it went out."""
        sent = await self.send(template, stage=Stage.CONSIDERATION, stale_after=self.settings(Waits).keeps)
        return sent.went_out
