"""Journeys as a careless change would leave them, under the names of the real ones: replay must refuse them."""

from datetime import timedelta

from workflows.cart_recovery import CartRecovery
from workflows.vocabulary import CART_ACTIVITY, Click, Journey, Revisit, journey

HOUR = timedelta(hours=1)


@journey
class StepsSwapped(Journey):
    """Waits before it looks for an answer, and not after."""

    plan = CartRecovery.plan

    async def steps(self) -> None:
        await self.quiet(HOUR, since=CART_ACTIVITY)
        await self.send("cart/reminder")
        await self.reaction(Click, Revisit, within=23 * HOUR)
        await self.wait(24 * HOUR)
        await self.send("cart/objections")
        await self.send("cart/social_proof")
        await self.wait(24 * HOUR)
        await self.send("cart/last_call", offer=await self.offer())


@journey
class WaitDropped(Journey):
    """Has no patience between the last two mails."""

    plan = CartRecovery.plan

    async def steps(self) -> None:
        await self.quiet(HOUR, since=CART_ACTIVITY)
        await self.send("cart/reminder")
        await self.reaction(Click, Revisit, within=23 * HOUR)
        await self.send("cart/objections")
        await self.wait(24 * HOUR)
        await self.send("cart/social_proof")
        await self.send("cart/last_call", offer=await self.offer())


@journey
class FactAdded(Journey):
    """Reads a fact that it did not read before."""

    plan = CartRecovery.plan

    async def steps(self) -> None:
        await self.quiet(HOUR, since=CART_ACTIVITY)
        await self.score()
        await self.send("cart/reminder")
        await self.reaction(Click, Revisit, within=23 * HOUR)
        await self.send("cart/objections")
        await self.wait(24 * HOUR)
        await self.send("cart/social_proof")
        await self.wait(24 * HOUR)
        await self.send("cart/last_call", offer=await self.offer())


@journey
class WordsChanged(Journey):
    """Waits for other times and sends other templates, in the same order: replay sees no difference."""

    plan = CartRecovery.plan

    async def steps(self) -> None:
        await self.quiet(HOUR, since=CART_ACTIVITY)
        await self.send("cart/urgency")
        await self.reaction(Click, Revisit, within=20 * HOUR)
        await self.send("cart/deeper")
        await self.wait(30 * HOUR)
        await self.send("cart/deeper")
        await self.wait(30 * HOUR)
        await self.send("cart/last_call", offer=await self.offer())
