"""Subscription lifecycle (J8): one period of a subscription, from its first day to its renewal."""

from domain.event import SUBSCRIPTION_CANCELLED, SUBSCRIPTION_RENEWED, SUBSCRIPTION_STARTED
from workflows.vocabulary import (
    RENEWAL,
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
    Timing,
    Value,
    journey,
    timedelta,
)

LONG = timedelta(days=28)
"""A period of a month or more has room for the series, and deserves a reminder. Every week one would be noise."""


class Waits(Value):
    """How long the subscription's mails wait; a deployment may change each.

    `notice` counts back from the renewal, `grace` on from it: some renewals are paid a little late.
    """

    first_steps: Duration = timedelta(days=2)
    habits: Duration = timedelta(days=5)
    complementary: Duration = timedelta(days=6)
    upgrade: Duration = timedelta(days=6)
    notice: Duration = timedelta(days=7)
    grace: Duration = timedelta(days=3)


def _is_long(portrait: Portrait) -> bool:
    """By the event that began the period. One that names no renewal counts as long: nothing is too often then."""
    renews = RENEWAL.at_first(portrait)
    return renews is None or renews - portrait.occasion.occurred_at >= LONG


FIRST_PERIOD = Fact(
    "first period", YES_NO, lambda portrait: portrait.occasion.name == SUBSCRIPTION_STARTED, settled=True
)
LONG_PERIOD = Fact("period of a month or more", YES_NO, _is_long, settled=True)
GOES_ON = Fact(
    "subscription goes on",
    YES_NO,
    lambda portrait: not portrait.has_followed(SUBSCRIPTION_CANCELLED, same="subscription_id"),
)


@journey
class Subscription(Journey):
    """Help a subscriber settle in, and remind of the renewal. Ends as a success when it renews, else when cancelled.

    Starts when a subscription does, and anew with each renewal: one enrollment is one period, so that none lives for
    years, and each period counts by itself. Lives until three days after the renewal, wherever that moves. A later
    period has neither series nor offer; one of less than a month gets its confirmation alone.
    """

    plan = Plan(
        name="subscription",
        trigger=On(SUBSCRIPTION_STARTED, SUBSCRIPTION_RENEWED),
        goal=SUBSCRIPTION_RENEWED,
        exits=(SUBSCRIPTION_CANCELLED,),
        lane=Lane.MEMBERSHIP,
        priority=75,
        topic="subscription",
        owner="customer success",
        one_per="subscription_id",
        reentry=timedelta(),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Confirm; in the first period help along and offer more; remind of the renewal, and see it happen."""
        waits = self.settings(Waits)
        is_first = await self.fact(FIRST_PERIOD)
        confirmation = "subscription/confirmation" if is_first else "subscription/renewed"
        await self.send(confirmation, kind=Kind.TRANSACTIONAL, stage=Stage.RETENTION)
        if not await self.fact(LONG_PERIOD):
            return

        if is_first:
            await self._settle_in(waits)
        is_near = await self.until(RENEWAL, before=waits.notice) in (Timing.ON_TIME, Timing.LATE)
        # Owed: whoever pays again without a word was not asked. So it waits for no consent and no cap, and must not
        # reach somebody who has just cancelled; the question is asked last.
        if is_near and await self.fact(GOES_ON):
            await self.send("subscription/renewal", kind=Kind.TRANSACTIONAL, stage=Stage.RETENTION)
            await self.until(RENEWAL)
            await self.wait(waits.grace)

    async def _settle_in(self, waits: Waits) -> None:
        """How to use it, twice; then what goes with it, then the larger plan."""
        await self.wait(waits.first_steps)
        await self.send("subscription/first_steps", stage=Stage.RETENTION)
        await self.wait(waits.habits)
        await self.send("subscription/habits", stage=Stage.RETENTION)
        await self.wait(waits.complementary)
        await self.send("subscription/complementary", stage=Stage.RETENTION)
        await self.wait(waits.upgrade)
        await self.send("subscription/upgrade", stage=Stage.PURCHASE, offer=await self.offer())
