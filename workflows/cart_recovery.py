"""Cart recovery (J1): somebody filled a cart and went quiet."""

from workflows.vocabulary import (
    CART_ACTIVITY,
    CART_EMPTIED,
    ORDER_COMPLETED,
    PRODUCT_ADDED,
    Click,
    Duration,
    HasCart,
    Journey,
    Lane,
    On,
    Plan,
    Revisit,
    Stage,
    Value,
    Yields,
    journey,
    timedelta,
)


class Waits(Value):
    """How long cart recovery waits; a deployment may change each."""

    quiet: Duration = timedelta(hours=1)
    reaction: Duration = timedelta(hours=23)
    between: Duration = timedelta(hours=24)


@journey
class CartRecovery(Journey):
    """Win back a cart: remind, then answer what the customer does. Ends at once when they buy or empty it.

    Starts when something is put into a cart. Lives three days, or as long as the shopper keeps changing the cart. Where
    they went on to the checkout it gives way to checkout recovery, which speaks of the same cart.
    """

    plan = Plan(
        name="cart-recovery",
        trigger=On(PRODUCT_ADDED) & HasCart(),
        goal=ORDER_COMPLETED,
        exits=(CART_EMPTIED,),
        lane=Lane.PROMOTION,
        priority=90,
        yields=Yields.END,
        topic="cart reminders",
        owner="lifecycle marketing",
        reentry=timedelta(days=7),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Remind once the cart rests, then follow the shopper's answer."""
        waits = self.settings(Waits)
        await self.quiet(waits.quiet, since=CART_ACTIVITY)
        reminder = await self.send("cart/reminder")
        if not reminder.went_out:
            return  # nothing was said, so there is nothing to follow up

        match await self.reaction(Click, Revisit, within=waits.reaction):
            case Click():
                await self.send("cart/deeper", stage=Stage.CONSIDERATION, urgent=True)
            case Revisit():
                await self.send("cart/urgency", urgent=True)
            case None:
                await self.send("cart/objections", stage=Stage.CONSIDERATION)
                await self.wait(waits.between)
                await self.send("cart/social_proof", stage=Stage.CONSIDERATION)

        await self.wait(waits.between)
        await self.send("cart/last_call", offer=await self.offer())
