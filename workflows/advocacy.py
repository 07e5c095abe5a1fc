"""Advocacy (J14): somebody has ordered several times, and speaks well of it."""

from domain.event import ADVOCATE_FOUND, PRODUCT_REVIEWED
from domain.evidence import is_praise
from workflows.vocabulary import (
    Click,
    Duration,
    Fact,
    Journey,
    Lane,
    Observation,
    On,
    Plan,
    Portrait,
    Stage,
    Value,
    journey,
    timedelta,
)

PRODUCT_SHARED = "Product Shared"
"""Segment's name for a recommendation to friends."""


def _last_review(portrait: Portrait) -> str:
    review = portrait.last(PRODUCT_REVIEWED)
    if review is None:
        return "none"
    return "praise" if is_praise(review.event) else "other"


REVIEW = Fact("last review", ("none", "praise", "other"), _last_review)
"""What the customer wrote last about a product, in the last ninety days."""


class Waits(Value):
    """How long advocacy waits; a deployment may change each. `patience` is how late a mail still makes sense."""

    review: Duration = timedelta(days=14)
    rest: Duration = timedelta(days=5)
    success: Duration = timedelta(days=14)
    patience: Duration = timedelta(days=10)


@journey
class Advocacy(Journey):
    """Ask for a review, and whoever wrote one or meant to, for a recommendation.

    Starts when a customer with several orders clicked or praised something lately, twice a year at most. A product that
    they share is the success. Silence ends it, and so does a review that is no praise. Lives up to five weeks.
    """

    plan = Plan(
        name="advocacy",
        trigger=On(ADVOCATE_FOUND),
        goal=PRODUCT_SHARED,
        lane=Lane.NURTURE,
        priority=30,
        topic="reviews and recommendations",
        owner="customer care",
        reentry=timedelta(days=180),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Ask for a review unless they have just written one; then, if it is praise, for a recommendation."""
        waits = self.settings(Waits)
        if await self.fact(REVIEW) == "none":
            request = await self.send("advocacy/review", stage=Stage.ADVOCACY, stale_after=waits.patience)
            if not request.went_out:
                return
            match await self.reaction(Click, Observation, within=waits.review):
                case Click() | Observation(name="Product Reviewed"):
                    await self.wait(waits.rest)
                case _:
                    return
        if await self.fact(REVIEW) == "other":
            return  # they are not asked to recommend what they do not praise
        referral = await self.send("advocacy/referral", stage=Stage.ADVOCACY, stale_after=waits.patience)
        if referral.went_out:
            await self.wait(waits.success)
