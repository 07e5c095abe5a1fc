"""Re-engagement and sunset (J7): somebody has been away for a month or more."""

from domain.event import CUSTOMER_LAPSED, CUSTOMER_RETURNED
from domain.offer import Offer
from workflows.vocabulary import (
    ORDER_COMPLETED,
    Duration,
    Journey,
    Lane,
    On,
    Plan,
    Stage,
    Value,
    journey,
    timedelta,
)

ENOUGH = 3
"""So many mails without an answer, and the customer is left in peace."""


class Waits(Value):
    """How long re-engagement waits; a deployment may change each.

    `patience` outlives the three days for which the gate spares whoever answered nothing: these customers did not.
    """

    between: Duration = timedelta(days=3)
    farewell: Duration = timedelta(days=14)
    patience: Duration = timedelta(days=5)


@journey
class Reengagement(Journey):
    """Win back who stays away; whoever answers nothing is left in peace.

    Starts when a customer has lapsed. Any activity is the success, a click in a mail too; an order without a visit
    ends it as well. The offer, the first of them, comes nine days after the beginning, after three unanswered mails.
    Two weeks later, if three mails or more went out and nothing came back, the customer gets no marketing any more
    until they return, and the reason is kept. Lives some three weeks.
    """

    plan = Plan(
        name="reengagement",
        trigger=On(CUSTOMER_LAPSED),
        goal=CUSTOMER_RETURNED,
        exits=(ORDER_COMPLETED,),
        lane=Lane.PROMOTION,
        priority=40,
        topic="news and offers",
        owner="lifecycle marketing",
        reentry=timedelta(days=30),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Say hello, show what is new, show what fits, offer something; then fall silent for good."""
        waits = self.settings(Waits)
        unanswered = await self._say("reengagement/we_miss_you")
        await self.wait(waits.between)
        unanswered += await self._say("reengagement/new_arrivals")
        await self.wait(waits.between)
        unanswered += await self._say("reengagement/personal_picks")
        await self.wait(waits.between)
        unanswered += await self._say("reengagement/final_offer", offer=await self.offer())
        await self.wait(waits.farewell)
        if unanswered >= ENOUGH:
            await self.suppress("no answer to three mails")

    async def _say(self, template: str, offer: Offer | None = None) -> int:
        """Send a mail that keeps for some days. Returns 1 if it went out, else 0."""
        patience = self.settings(Waits).patience
        mail = await self.send(template, stage=Stage.RETENTION, stale_after=patience, offer=offer)
        return int(mail.went_out)
