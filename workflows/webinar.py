"""Webinar (J10): somebody registered for an event, which has a day and an hour."""

from domain.event import RECORDING_WATCHED, WEBINAR_CANCELLED, WEBINAR_REGISTERED
from workflows.vocabulary import (
    EVENT_END,
    EVENT_START,
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

DAY = timedelta(days=1)


class Waits(Value):
    """How long the webinar's mails wait; a deployment may change each.

    `reminder` is how long before the start, `recording` how long after the end. `keeps` is how late the recording still
    makes sense, `watch` how long its watching counts.
    """

    reminder: Duration = DAY
    recording: Duration = timedelta(hours=3)
    keeps: Duration = timedelta(days=4)
    watch: Duration = timedelta(days=2)


def _registered_late(portrait: Portrait) -> bool:
    starts = EVENT_START.at_first(portrait)
    return starts is not None and starts - portrait.occasion.occurred_at < DAY


REGISTERED_LATE = Fact("registered on the last day", YES_NO, _registered_late, settled=True)
STILL_COMES = Fact(
    "still registered", YES_NO, lambda portrait: not portrait.has_followed(WEBINAR_CANCELLED, same="webinar_id")
)


@journey
class Webinar(Journey):
    """Confirm a registration, remind a day before, bring the recording. Ends when the registration is cancelled.

    Starts with each registration, one enrollment per webinar id, and again after a cancellation. The same registration
    reported again with other times moves what is still to come. Whoever registers on the last day is not reminded, and
    whoever registers afterwards gets the recording. Ends as a success when that was watched. Lives until two days after
    the recording.
    """

    plan = Plan(
        name="webinar",
        trigger=On(WEBINAR_REGISTERED),
        goal=RECORDING_WATCHED,
        exits=(WEBINAR_CANCELLED,),
        lane=Lane.EVENTS,
        priority=85,
        topic="events",
        owner="events",
        one_per="webinar_id",
        reentry=timedelta(),
        settings=Waits,
    )

    async def steps(self) -> None:
        """Confirm at once; what follows goes by the clock of the event."""
        waits = self.settings(Waits)
        await self.send("webinar/confirmation", kind=Kind.TRANSACTIONAL, stage=Stage.CONSIDERATION)
        if not await self.fact(REGISTERED_LATE):
            await self._remind(waits)
        if await self.until(EVENT_END) is not Timing.NEVER:
            await self.wait(waits.recording)
            await self.send("webinar/recording", stage=Stage.CONSIDERATION, stale_after=waits.keeps)
            await self.wait(waits.watch)

    async def _remind(self, waits: Waits) -> None:
        """Remind a day before, at once where the event was moved to within a day.

        Owed, like the confirmation: they asked to be there, and no cap or cool-down of marketing may make them miss it.
        So it must not reach somebody who has just cancelled; the question is asked last.
        """
        is_near = await self.until(EVENT_START, before=waits.reminder) in (Timing.ON_TIME, Timing.LATE)
        if is_near and await self.fact(STILL_COMES):
            await self.send("webinar/reminder", kind=Kind.TRANSACTIONAL, stage=Stage.CONSIDERATION)
