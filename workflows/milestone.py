"""Milestone (J12): a birthday, the anniversary of a first order, a loyalty tier that was reached."""

from domain.event import BIRTHDAY, FIRST_ORDER_ANNIVERSARY, LOYALTY_TIER_REACHED
from workflows.vocabulary import (
    ORDER_COMPLETED,
    Duration,
    Fact,
    Journey,
    Lane,
    On,
    Plan,
    Stage,
    Value,
    journey,
    timedelta,
)

_KINDS = {BIRTHDAY: "birthday", LOYALTY_TIER_REACHED: "loyalty tier"}

MILESTONE = Fact(
    "milestone",
    ("anniversary", "birthday", "loyalty tier"),
    lambda portrait: _KINDS.get(portrait.occasion.name, "anniversary"),
    settled=True,
)
"""What there is to celebrate. Who is enrolled by hand is thanked as on an anniversary."""


class Waits(Value):
    """How long milestone waits; a deployment may change each.

    `same_day` and `some_days` are how late a birthday's mail and the others still make sense: a birthday is found
    between midnight and six where the customer lives, and a wish that comes late says that it was forgotten. An order
    counts for so long as `success`.
    """

    same_day: Duration = timedelta(hours=15)
    some_days: Duration = timedelta(days=4)
    success: Duration = timedelta(days=7)


@journey
class Milestone(Journey):
    """Mark a day that is the customer's own with one mail, at the hour at which they like to read.

    Starts with a birthday, the anniversary of the first order, or a loyalty tier, once for each. An order in the week
    after it is its success; one within a day after a tier counts as the one that earned it, and ends nothing. Lives a
    week.
    """

    plan = Plan(
        name="milestone",
        trigger=On(FIRST_ORDER_ANNIVERSARY, BIRTHDAY, LOYALTY_TIER_REACHED),
        goal=ORDER_COMPLETED,
        lane=Lane.NURTURE,
        priority=40,
        topic="birthday and anniversary",
        owner="lifecycle marketing",
        one_per="occasion",
        settings=Waits,
    )

    async def steps(self) -> None:
        """Send the one mail that fits the day; the gate finds the hour."""
        waits = self.settings(Waits)
        match await self.fact(MILESTONE):
            case "birthday":
                mail = await self.send(
                    "milestone/birthday", stage=Stage.RETENTION, stale_after=waits.same_day, offer=await self.offer()
                )
            case "loyalty tier":
                mail = await self.send("milestone/loyalty_tier", stage=Stage.RETENTION, stale_after=waits.some_days)
            case _:
                mail = await self.send(
                    "milestone/anniversary",
                    stage=Stage.RETENTION,
                    stale_after=waits.some_days,
                    offer=await self.offer(),
                )
        if mail.went_out:
            await self.wait(waits.success)
