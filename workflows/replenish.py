"""Replenish (J13): somebody who has bought before is silent past their own rhythm."""

from domain.event import REPURCHASE_DUE
from workflows.vocabulary import (
    ORDER_COMPLETED,
    Click,
    Duration,
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
    """How long replenish waits; a deployment may change each.

    `decide` is the time for whoever came to look: they may need no reward. `patience` is how late the first mail
    still makes sense; it outlives the days for which the gate spares whoever answered nothing.
    """

    answer: Duration = timedelta(days=4)
    decide: Duration = timedelta(days=3)
    patience: Duration = timedelta(days=5)


@journey
class Replenish(Journey):
    """Bring what they usually buy to mind, with what goes well with it; then reward their loyalty.

    Starts when an order is due by the customer's own rhythm. Ends at once when they order. The reward goes only where
    the offer policy grants one. Lives a week or so.
    """

    plan = Plan(
        name="replenish",
        trigger=On(REPURCHASE_DUE),
        goal=ORDER_COMPLETED,
        lane=Lane.PROMOTION,
        priority=55,
        topic="news and offers",
        owner="lifecycle marketing",
        reentry=timedelta(days=21),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Show what goes with it; whoever looks gets time to decide, and then everybody the reward."""
        waits = self.settings(Waits)
        picks = await self.send("replenish/picks", stage=Stage.RETENTION, stale_after=waits.patience)
        if picks.went_out and await self.reaction(Click, Revisit, within=waits.answer):
            await self.wait(waits.decide)
        reward = await self.offer()
        if reward.is_incentive:
            await self.send("replenish/reward", stage=Stage.RETENTION, offer=reward)
