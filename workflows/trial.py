"""Trial onboarding (J9): somebody tries before they subscribe."""

from domain.event import EMAIL_LINK_CLICKED, GUIDE_OPENED, SUBSCRIPTION_STARTED, TRIAL_STARTED
from workflows.vocabulary import (
    TRIAL_END,
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


class Waits(Value):
    """How long the trial's mails wait; a deployment may change each.

    `objections` and `value` count back from the end of the trial, `grace` on from it: some subscribe a little late.
    """

    guide: Duration = timedelta(hours=48)
    objections: Duration = timedelta(days=7)
    value: Duration = timedelta(days=3)
    grace: Duration = timedelta(days=2)


def _opened_guide(portrait: Portrait) -> bool:
    """The mail that welcomes them leads to the guide alone, so a click on it is an opening, too."""
    began = portrait.occasion.occurred_at
    return any(
        stored.event.name == GUIDE_OPENED
        or (stored.event.name == EMAIL_LINK_CLICKED and stored.event.properties.get("journey") == Trial.plan.name)
        for stored in portrait.events
        if stored.event.occurred_at >= began
    )


GUIDE_SEEN = Fact("has opened the guide", YES_NO, _opened_guide)


@journey
class Trial(Journey):
    """Help somebody who tries to a first result, then to a decision. Ends as a success when they subscribe.

    Starts with a trial, at most twice a year. Lives until two days after it ends. The mails before its end follow the
    end that was reported, also when it moves; in a short trial the first of them is left out, and without a reported
    end both are.
    """

    plan = Plan(
        name="trial",
        trigger=On(TRIAL_STARTED),
        goal=SUBSCRIPTION_STARTED,
        lane=Lane.MEMBERSHIP,
        priority=70,
        topic="trial",
        owner="customer success",
        reentry=timedelta(days=180),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Welcome with the guide; a quick win for whoever did not open it; answers, then the value before the end."""
        waits = self.settings(Waits)
        await self.send("trial/welcome", kind=Kind.TRANSACTIONAL, stage=Stage.CONSIDERATION)
        await self.wait(waits.guide)
        if not await self.fact(GUIDE_SEEN):
            await self.send("trial/quick_win", stage=Stage.CONSIDERATION)

        if await self.until(TRIAL_END, before=waits.objections) is Timing.ON_TIME:
            await self.send("trial/objections", stage=Stage.CONSIDERATION)
        if await self.until(TRIAL_END, before=waits.value) is Timing.ON_TIME:
            await self.send("trial/value", stage=Stage.PURCHASE)
            await self.until(TRIAL_END)
            await self.wait(waits.grace)
