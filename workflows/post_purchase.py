"""Post-purchase (J6): somebody bought; make it a good purchase, then the first of several."""

from domain.basket import read_number
from domain.event import SUBSCRIPTION_STARTED
from domain.rhythm import REPURCHASE_DAYS
from workflows.vocabulary import (
    FIRST_ORDER,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    YES_NO,
    Duration,
    Fact,
    Journey,
    Kind,
    Lane,
    On,
    Plan,
    Portrait,
    Stage,
    Value,
    journey,
    timedelta,
)


def _runs_out(portrait: Portrait) -> bool:
    products = portrait.properties.get("products")
    ordered = [each for each in products if isinstance(each, dict)] if isinstance(products, list) else []
    declared = any(read_number(product.get(REPURCHASE_DAYS)) for product in ordered)
    return declared and not portrait.did(SUBSCRIPTION_STARTED)


RUNS_OUT = Fact("runs out", YES_NO, _runs_out)
"""Something ordered says by `repurchase_days` that it is used up in time, and the customer has no subscription yet."""


class Waits(Value):
    """How long post-purchase waits; a deployment may change each. `used` is when a product has been used."""

    arrival: Duration = timedelta(days=3)
    between: Duration = timedelta(days=4)
    used: Duration = timedelta(days=14)
    loyalty: Duration = timedelta(days=16)


@journey
class PostPurchase(Journey):
    """Confirm an order, help with it, and after a first order lead on to the next, or to a subscription.

    Starts with every order, once per order id. Ends as a success when the customer orders again, and without one when
    the order is cancelled or refunded. Lives some five weeks after a first order, two after a later one.
    """

    plan = Plan(
        name="post-purchase",
        trigger=On(ORDER_COMPLETED),
        goal=ORDER_COMPLETED,
        exits=(ORDER_CANCELLED, ORDER_REFUNDED),
        lane=Lane.SERVICE,
        priority=80,
        topic="order follow-up",
        owner="customer care",
        one_per="order_id",
        settings=Waits,
    )

    async def steps(self) -> None:
        """Confirm at once; a first order gets the whole series, a later one only the review."""
        waits = self.settings(Waits)
        await self.send("post_purchase/confirmation", kind=Kind.TRANSACTIONAL, stage=Stage.RETENTION)
        if not await self.fact(FIRST_ORDER):
            await self.wait(waits.used)
            await self.send("post_purchase/review_request", stage=Stage.ADVOCACY)
            return

        await self.wait(waits.arrival)
        await self.send("post_purchase/usage_guide", stage=Stage.RETENTION)
        await self.wait(waits.between)
        await self.send("post_purchase/complementary", stage=Stage.RETENTION)
        await self.wait(waits.used - waits.arrival - waits.between)
        await self.send("post_purchase/review_request", stage=Stage.ADVOCACY)
        await self.wait(waits.loyalty)
        if await self.fact(RUNS_OUT):
            await self.send("post_purchase/subscription", stage=Stage.RETENTION)
        else:
            await self.send("post_purchase/loyalty", stage=Stage.RETENTION, offer=await self.offer())
