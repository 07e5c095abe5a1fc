"""Browse abandonment (J3): somebody looked around with interest, and left without a cart."""

from domain.event import BROWSING, CHECKOUT_STARTED, PRODUCT_LIST_VIEWED, PRODUCT_VIEWED
from workflows.vocabulary import (
    CLEAR_FAVOURITE,
    FAVOURITE_CATEGORY,
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
    Value,
    journey,
    timedelta,
)


class Waits(Value):
    """How long browse abandonment waits; a deployment may change each."""

    quiet_if_high: Duration = timedelta(hours=2)
    """After the last look, for whoever is near to buying."""
    quiet: Duration = timedelta(hours=4)
    """After the last look, for everybody else. Not shorter than that."""
    between: Duration = timedelta(hours=24)
    category: Duration = timedelta(days=2)
    """For an answer to new arrivals."""


@journey
class BrowseAbandonment(Journey):
    """Help somebody choose who looked around. Ends at once when they buy, or put something into the cart.

    Starts with a look at a product or a category, of somebody with no cart whose intent is medium at least: a passing
    look starts nothing. From the cart on, cart recovery speaks with them. Lives one to four days, or as long as they
    keep looking.
    """

    plan = Plan(
        name="browse-abandonment",
        trigger=On(PRODUCT_VIEWED, PRODUCT_LIST_VIEWED) & HasAddress() & ~HasCart() & TierAtLeast(Tier.MEDIUM),
        goal=ORDER_COMPLETED,
        exits=(PRODUCT_ADDED, CHECKOUT_STARTED),
        lane=Lane.PROMOTION,
        priority=70,
        topic="product reminders",
        owner="lifecycle marketing",
        reentry=timedelta(days=14),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Once they rest: about the one dear product, else about the one category, else about what they looked at."""
        waits = self.settings(Waits)
        await self.quiet(waits.quiet_if_high, since=BROWSING)
        if (await self.score()).tier is not Tier.HIGH:
            await self.quiet(waits.quiet, since=BROWSING)  # counted from the last look: two hours more
        if await self.fact(CLEAR_FAVOURITE):
            await self.answer_questions(waits)
        elif await self.fact(FAVOURITE_CATEGORY):
            await self.show_what_is_new(waits)
        else:
            await self.help_choose(waits)

    async def answer_questions(self, waits: Waits) -> None:
        """An expert first, and a limited offer where the policy grants one."""
        expert = await self.send("browse/expert", stage=Stage.CONSIDERATION)
        if expert.went_out:
            await self.wait(waits.between)
            await self.offer_if_granted("browse/limited_offer")

    async def show_what_is_new(self, waits: Waits) -> None:
        """New arrivals of the category; who finds nothing among them gets a guide to choosing."""
        arrivals = await self.send("browse/new_arrivals", stage=Stage.CONSIDERATION)
        if arrivals.went_out and not await self.reaction(Click, within=waits.category):
            await self.send("browse/benefits", stage=Stage.CONSIDERATION)

    async def help_choose(self, waits: Waits) -> None:
        """The product, others of its kind unless it is the one, a guide, and what the offer policy grants."""
        first = await self.send("browse/still_thinking", stage=Stage.CONSIDERATION)
        if not first.went_out:
            return
        if not await self.reaction(Click, within=waits.between):
            await self.send("browse/alternatives", stage=Stage.CONSIDERATION)
        await self.wait(waits.between)
        await self.send("browse/benefits", stage=Stage.CONSIDERATION)
        await self.wait(waits.between)
        await self.offer_if_granted("browse/light_offer")

    async def offer_if_granted(self, template: str) -> None:
        """A mail that is nothing without an offer."""
        offer = await self.offer()
        if offer.is_incentive:
            await self.send(template, offer=offer)
