"""Journeys that are wrong on purpose, each in one way, and beside it one that is nearly so and right."""

from typing import Any

from domain.message import MessageStatus
from workflows.vocabulary import (
    CART_ACTIVITY,
    FIRST_ORDER,
    HAS_CART,
    Click,
    Journey,
    Kind,
    Lane,
    On,
    Plan,
    Revisit,
    Stage,
    Value,
    timedelta,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def plan(name: str, **fields: Any) -> Plan:
    """A declaration without fault, but for what is given."""
    usual: dict[str, Any] = {"trigger": On("Lamp Lit"), "goal": "Order Completed", "topic": "lamps", "owner": "tests"}
    return Plan(name=name, **(usual | fields))


# -- ends ------------------------------------------------------------------------------------------------------------


class GoesRound(Journey):
    """Waits until something is in the cart.

    Who never puts anything there waits for ever.
    """

    plan = plan("goes-round")

    async def steps(self) -> None:
        """Look every day."""
        while not await self.fact(HAS_CART):
            await self.wait(DAY)
        await self.send("cart/reminder")


class GoesRoundThrice(Journey):
    """Waits until something is in the cart.

    Gives up after three days.
    """

    plan = plan("goes-round-thrice")

    async def steps(self) -> None:
        """Look on three days."""
        for _ in range(3):
            if await self.fact(HAS_CART):
                await self.send("cart/reminder")
                return
            await self.wait(DAY)


class CountsForEver(Journey):
    """Counts hours.

    No two rounds are alike, and there is no last one.
    """

    plan = plan("counts-for-ever")

    async def steps(self) -> None:
        """Count."""
        hours = 0
        while True:
            await self.wait(MINUTE)
            hours += 1


class LivesTooLong(Journey):
    """Comes back after a year and more.

    Each wait alone is right.
    """

    plan = plan("lives-too-long")

    async def steps(self) -> None:
        """Wait, and if they clicked some more."""
        await self.wait(180 * DAY)
        await self.wait(180 * DAY)
        await self.send("cart/reminder")
        if await self.reaction(Click, within=20 * DAY):
            await self.wait(41 * DAY)


class LivesLong(Journey):
    """Comes back after a year and more.

    A little less more.
    """

    plan = plan("lives-long")

    async def steps(self) -> None:
        """Wait."""
        await self.wait(180 * DAY)
        await self.wait(180 * DAY)
        await self.wait(39 * DAY)


class Fails(Journey):
    """Reads an offer's code.

    Not every offer has one.
    """

    plan = plan("fails")

    async def steps(self) -> None:
        """Send where there is a code."""
        await self.wait(DAY)
        offer = await self.offer()
        if offer.code.upper() != "LAMP":  # type: ignore[union-attr] # that is the fault
            await self.send("cart/last_call", offer=offer)


# -- explored --------------------------------------------------------------------------------------------------------


class AsksTooMuch(Journey):
    """Asks for intent each day, and remembers all answers.

    After ten days there are 59,049 ways to have answered.
    """

    plan = plan("asks-too-much")

    async def steps(self) -> None:
        """Ask each day."""
        tiers = []
        for _ in range(10):
            tiers.append((await self.score()).tier)
            await self.wait(DAY)
        if len(set(tiers)) > 1:
            await self.send("cart/reminder")


# -- nothing-after-exit ----------------------------------------------------------------------------------------------


class ReceiptTooLate(Journey):
    """Owes a mail, and waits first.

    Who unsubscribes meanwhile gets it all the same.
    """

    plan = plan("receipt-too-late")

    async def steps(self) -> None:
        """Wait, then send."""
        await self.wait(2 * HOUR)
        await self.send("post_purchase/review_request", kind=Kind.TRANSACTIONAL)


class ReceiptsAtOnce(Journey):
    """Owes two mails, and sends them at once.

    Who buys while the first is sent gets the second too: they are still there.
    """

    plan = plan("receipts-at-once")

    async def steps(self) -> None:
        """Send both, then wait."""
        await self.send("post_purchase/review_request", kind=Kind.TRANSACTIONAL)
        await self.fact(FIRST_ORDER)
        await self.send("post_purchase/usage_guide", kind=Kind.TRANSACTIONAL)
        await self.wait(DAY)
        await self.send("post_purchase/loyalty")


# -- caps, cool-down, spacing: how far the mails are apart is up to the policy ---------------------------------------


class TwoMails(Journey):
    """Sends two mails, three hours apart.

    The gate holds the second back, unless a deployment lets more through.
    """

    plan = plan("two-mails")

    async def steps(self) -> None:
        """Send, wait, send."""
        await self.send("cart/reminder")
        await self.wait(3 * HOUR)
        await self.send("cart/objections")


class TwoMailsFourHoursApart(Journey):
    """Sends two mails, four hours apart.

    That is enough.
    """

    plan = plan("two-mails-four-hours-apart")

    async def steps(self) -> None:
        """Send, wait, send."""
        await self.send("cart/reminder")
        await self.wait(4 * HOUR)
        await self.send("cart/objections")


class AnswersAtOnce(Journey):
    """Answers a click.

    What answers the customer may come at once, and past the daily cap.
    """

    plan = plan("answers-at-once")

    async def steps(self) -> None:
        """Send, and answer."""
        await self.send("cart/reminder")
        if await self.reaction(Click, within=DAY):
            await self.send("cart/deeper", urgent=True)


class FourOfAStage(Journey):
    """Sends four mails of one stage.

    The fourth waits until the first is a week old.
    """

    plan = plan("four-of-a-stage")

    async def steps(self) -> None:
        """Send every other day."""
        for template in ("cart/reminder", "cart/objections", "cart/social_proof", "cart/last_call"):
            await self.send(template, stage=Stage.PURCHASE, stale_after=None)
            await self.wait(2 * DAY)


class MailsAfterAnOffer(Journey):
    """Offers something, and answers whoever clicks.

    The answer comes while the offer still works.
    """

    plan = plan("mails-after-an-offer")

    async def steps(self) -> None:
        """Offer, then answer."""
        await self.send("cart/last_call", offer=await self.offer())
        if await self.reaction(Click, within=2 * DAY):
            await self.send("cart/deeper", urgent=True)


class MailsADayAfterAnOffer(Journey):
    """Offers something, and comes back.

    A day later.
    """

    plan = plan("mails-a-day-after-an-offer")

    async def steps(self) -> None:
        """Offer, wait, come back."""
        await self.send("cart/last_call", offer=await self.offer())
        await self.wait(DAY)
        await self.send("cart/deeper", urgent=True)


# -- waits -----------------------------------------------------------------------------------------------------------


class WaitsTooLong(Journey):
    """Waits for 181 days.

    Somebody meant hours.
    """

    plan = plan("waits-too-long")

    async def steps(self) -> None:
        """Wait."""
        await self.wait(181 * DAY)


class Waits(Value):
    """How long `WaitsForNothing` waits."""

    total: timedelta = 3 * DAY
    first: timedelta = 2 * DAY


class WaitsForTheRest(Journey):
    """Waits twice, as its settings say.

    A deployment may make the second wait negative.
    """

    plan = plan("waits-for-the-rest", settings=Waits)

    async def steps(self) -> None:
        """Wait, then wait for the rest."""
        waits = self.settings(Waits)
        await self.wait(waits.first)
        await self.wait(waits.total - waits.first)


class NobodyAnswersSoFast(Journey):
    """Waits for an answer for seconds.

    No mail is read so soon.
    """

    plan = plan("nobody-answers-so-fast")

    async def steps(self) -> None:
        """Send, and wait for an answer."""
        await self.send("cart/reminder")
        if await self.reaction(Revisit, within=timedelta(seconds=59)):
            await self.send("cart/urgency", urgent=True)


class QuietTooLong(Journey):
    """Waits until the cart rests for eight days.

    By then nobody remembers it.
    """

    plan = plan("quiet-too-long")

    async def steps(self) -> None:
        """Wait for quiet."""
        await self.quiet(8 * DAY, since=CART_ACTIVITY)


class WaitsForThePast(Journey):
    """Waits for a moment that is past on every path.

    So it does not wait.
    """

    plan = plan("waits-for-the-past")

    async def steps(self) -> None:
        """Wait for a moment."""
        await self.wait(2 * HOUR)
        await self.wait_until(self.start.occasion.occurred_at + HOUR)


class WaitsUnlessLate(Journey):
    """Waits for a moment that is past where the mail before was held back.

    There it goes on at once, as it should.
    """

    plan = plan("waits-unless-late")

    async def steps(self) -> None:
        """Send, then wait for half a day to be over."""
        await self.send("cart/reminder")
        await self.wait_until(self.start.occasion.occurred_at + 10 * HOUR)


# -- dead-steps ------------------------------------------------------------------------------------------------------


class AlwaysStale(Journey):
    """Sends a second mail at once, that must not come late.

    The daily cap lets it go tomorrow, and then it is late.
    """

    plan = plan("always-stale")

    async def steps(self) -> None:
        """Send twice."""
        first = await self.send("cart/reminder")
        if first.went_out:
            await self.send("cart/urgency", stale_after=HOUR)


class StaleInTheEvening(Journey):
    """Sends a mail that must not come late.

    In the evening it does, in the morning it does not.
    """

    plan = plan("stale-in-the-evening")

    async def steps(self) -> None:
        """Wait an hour, then send."""
        await self.wait(HOUR)
        await self.send("cart/urgency", stale_after=HOUR)


class NeverReached(Journey):
    """Asks for what no delivery says.

    So the helper is called by nobody.
    """

    plan = plan("never-reached")

    async def steps(self) -> None:
        """Send, and remind where that was claimed."""
        delivery = await self.send("cart/reminder")
        if delivery.status is MessageStatus.CLAIMED:
            await self._again()

    async def _again(self) -> None:
        await self.send("cart/objections")


class ReachedByAHelper(Journey):
    """Sends through a helper.

    Which everybody reaches who got the reminder.
    """

    plan = plan("reached-by-a-helper")

    async def steps(self) -> None:
        """Send, and once more."""
        await self._send("cart/reminder")
        await self.wait(2 * DAY)
        await self._send("cart/objections")

    async def _send(self, template: str) -> None:
        await self.send(template)


# -- templates -------------------------------------------------------------------------------------------------------


class HasNoTemplate(Journey):
    """Sends what nobody wrote.

    The gate would let it go.
    """

    plan = plan("has-no-template")

    async def steps(self) -> None:
        """Wait, then send."""
        await self.wait(HOUR)
        await self.send("lamps/never_written")


# -- declared --------------------------------------------------------------------------------------------------------


class SaysLittle(Journey):
    """Says little."""

    plan = plan("says-little")

    async def steps(self) -> None:
        await self.wait(HOUR)


class NeedsASetting(Value):
    """Settings without a default."""

    pause: timedelta


class HasNoDefault(Journey):
    """Waits as long as it is told.

    A deployment that says nothing cannot begin it.
    """

    plan = plan("has-no-default", settings=NeedsASetting)

    async def steps(self) -> None:
        """Wait."""
        await self.wait(self.settings(NeedsASetting).pause)


# -- load ------------------------------------------------------------------------------------------------------------


class Busy(Journey):
    """Sends three mails in two days and a little.

    In one lane that is allowed.
    """

    plan = plan("busy", lane=Lane.PROMOTION)

    async def steps(self) -> None:
        """Send on three days."""
        for template in ("cart/reminder", "cart/objections"):
            await self.send(template)
            await self.wait(DAY)
        await self.send("cart/social_proof")


class BusyToo(Busy):
    """Sends three mails in two days and a little.

    In another lane.
    """

    plan = plan("busy-too", lane=Lane.NURTURE, priority=40)


class BusyInTurn(Busy):
    """Sends three mails in two days and a little.

    In the same lane.
    """

    plan = plan("busy-in-turn", lane=Lane.PROMOTION, priority=40)


# -- what is forgotten, what is not asked for ------------------------------------------------------------------------


class ForgetsToAwait(Journey):
    """Writes a verb, and does not await it.

    Nothing comes of it.
    """

    plan = plan("forgets-to-await")

    async def steps(self) -> None:
        """Wait, and forget."""
        await self.send("cart/reminder")
        self.wait(DAY)  # type: ignore[unused-coroutine]


class UrgentUnasked(Journey):
    """Calls everything urgent.

    Nobody asked for any of it.
    """

    plan = plan("urgent-unasked")

    async def steps(self) -> None:
        """Mail, and mail again."""
        await self.send("cart/reminder", urgent=True)
        await self.wait(HOUR)
        await self.send("cart/urgency", urgent=True, stage=Stage.CONSIDERATION)
