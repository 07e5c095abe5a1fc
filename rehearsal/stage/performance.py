"""A performance: one journey, played from a script to its end, and what came of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from domain.enrollment import Outcome
from domain.event import CART_EMPTIED
from domain.model import Value
from rehearsal.stage.errors import ScriptError, StageError
from rehearsal.stage.samples import properties_of
from rehearsal.stage.script import Cue, Deed
from rehearsal.stage.stage import Stage
from rehearsal.stage.timeline import Entry
from workflows.vocabulary import Journey

_PLAIN: Mapping[Deed, Callable[[Stage], Awaitable[None]]] = {
    Deed.CLICK: Stage.click,
    Deed.REVISIT: Stage.revisit,
    Deed.UNSUBSCRIBE: Stage.unsubscribe,
    Deed.BOUNCE: Stage.bounce,
    Deed.COMPLAINT: Stage.complain,
    Deed.ERASE: Stage.erase,
    Deed.CANCEL: Stage.cancel,
    Deed.PAUSE: Stage.pause,
    Deed.RESUME: Stage.resume,
    Deed.SKIP: Stage.skip,
}
"""Deeds that need no more than themselves."""


class Performance(Value):
    """What came of it. Without an outcome the journey was still at something when the time was over."""

    journey: str
    zone: str
    timeline: Sequence[Entry]
    sent: Sequence[str]
    outcome: Outcome | None = None
    doing: str = ""


async def perform(stage: Stage, journey: type[Journey], cues: Sequence[Cue], *, at_most: timedelta) -> Performance:
    """Play a journey on an empty stage.

    Args:
        stage: where nothing has happened yet.
        journey: what to play.
        cues: what happens, in order.
        at_most: how long the enrollment may live.

    Raises:
        ScriptError: a cue cannot be played, e.g. a click before any mail; says which.
        StageError: the journey's code broke.
    """
    await stage.enroll(journey)
    for cue in cues:
        if cue.after > at_most:
            raise ScriptError(f"“{cue}” lies beyond the end of the rehearsal: leave it out, or let it last longer")
        await stage.advance(cue.after - stage.elapsed)
        try:
            await _play(stage, journey, cue)
        except StageError as error:
            raise ScriptError(f"“{cue}”: {error}") from error
    ended = await stage.play_out(at_most)
    return Performance(
        journey=journey.plan.name,
        zone=stage.zone,
        timeline=stage.timeline,
        sent=stage.sent,
        outcome=await stage.outcome() if ended else None,
        doing="" if ended else stage.doing,
    )


async def _play(stage: Stage, journey: type[Journey], cue: Cue) -> None:
    match cue.deed:
        case Deed.PURCHASE:
            await stage.purchase(cue.revenue)
        case Deed.EVENT if cue.event == CART_EMPTIED:
            await stage.empty_cart()
        case Deed.EVENT:
            await stage.report(cue.event, **properties_of(cue.event, journey.plan))
        case deed:
            await _PLAIN[deed](stage)
