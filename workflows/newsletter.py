"""Newsletter (J15): nothing else speaks to the customer, and a new month has begun."""

from domain.event import NEWSLETTER_DUE
from workflows.vocabulary import (
    ORDER_COMPLETED,
    Duration,
    Journey,
    Lane,
    On,
    Plan,
    Stage,
    Value,
    Yields,
    journey,
    timedelta,
)


class Waits(Value):
    """How long the newsletter waits; a deployment may change each. `patience` is how late it still makes sense."""

    success: Duration = timedelta(days=7)
    patience: Duration = timedelta(days=5)


@journey
class Newsletter(Journey):
    """Keep in touch once a month with who is in no other journey.

    Starts when the month's newsletter is due. Gives way for good to any stronger journey of its lane; next month's
    newsletter is due when that has ended. An order in the week after it is its success. Lives a week.
    """

    plan = Plan(
        name="newsletter",
        trigger=On(NEWSLETTER_DUE),
        goal=ORDER_COMPLETED,
        lane=Lane.PROMOTION,
        priority=10,
        yields=Yields.END,
        topic="newsletter",
        owner="editorial team",
        reentry=timedelta(days=14),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Send the month's mail."""
        waits = self.settings(Waits)
        issue = await self.send("newsletter/monthly", stage=Stage.AWARENESS, stale_after=waits.patience)
        if issue.went_out:
            await self.wait(waits.success)
