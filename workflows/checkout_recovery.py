"""Checkout recovery (J2): somebody was at the till, and left without an order."""

from domain.calls import Delivery
from domain.event import BROWSING, CHECKOUT_ACTIVITY, CHECKOUT_STARTED
from workflows.vocabulary import (
    CART_EMPTIED,
    MIXED_SIGNALS,
    ORDER_COMPLETED,
    PREMIUM_ITEM,
    VIP,
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
    journey,
    timedelta,
)


class Waits(Value):
    """How long checkout recovery waits; a deployment may change each."""

    quiet: Duration = timedelta(minutes=45)
    """The visit is over by then, and help still comes within the hour."""
    second: Duration = timedelta(hours=4)
    last: Duration = timedelta(hours=8)
    """Twelve hours after the first mail, where nobody answers."""
    offer: Duration = timedelta(hours=24)
    """An offer gets a day to work."""
    rest: Duration = timedelta(days=2)
    """After the last mail, while an order still counts as this journey's."""


@journey
class CheckoutRecovery(Journey):
    """Help somebody over the last step to an order, within half a day. Ends at once when they buy or empty the cart.

    Starts when a checkout is begun with something in the cart. Lives two to three days, for its mails are followed by
    two days in which it sends nothing and stays open. While it is open cart recovery gives way and ends: one cart is
    not recovered twice, and nothing repeats what was said here.
    """

    plan = Plan(
        name="checkout-recovery",
        trigger=On(CHECKOUT_STARTED) & HasCart(),
        goal=ORDER_COMPLETED,
        exits=(CART_EMPTIED,),
        lane=Lane.PROMOTION,
        priority=95,
        topic="cart reminders",
        owner="lifecycle marketing",
        reentry=timedelta(days=7),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Once the visit is over: a letter to a good customer, a nudge to a hasty one, help for everybody else."""
        waits = self.settings(Waits)
        await self.quiet(waits.quiet, since=(*CHECKOUT_ACTIVITY, *BROWSING))
        if await self.fact(VIP) and await self.fact(PREMIUM_ITEM):
            first = await self.write_in_person(waits)
        elif await self.fact(MIXED_SIGNALS):
            first = await self.send("checkout/incentive", urgent=True, offer=await self.offer())
        else:
            first = await self.help(waits)
        if first.went_out:
            await self.wait(waits.rest)

    async def write_in_person(self, waits: Waits) -> Delivery:
        """One letter, with what the offer policy grants, and a last word a day later. What became of the letter."""
        letter = await self.send("checkout/personal", urgent=True, offer=await self.offer())
        if letter.went_out:
            await self.wait(waits.offer)
            await self.send("checkout/last_call")
        return letter

    async def help(self, waits: Waits) -> Delivery:
        """Help first; whoever comes back for it is not helped twice. All are urgent: they answer an open checkout."""
        opening = await self.send("checkout/help", urgent=True)
        if not opening.went_out:
            return opening
        if not await self.reaction(Click, Revisit, within=waits.second):
            await self.send("checkout/reassurance", stage=Stage.CONSIDERATION, urgent=True)
        await self.wait(waits.last)
        await self.send("checkout/last_call", urgent=True, offer=await self.offer())
        return opening
