"""Priorities: while a stronger journey of the same lane is open for a customer, a weaker one waits or ends."""

from collections.abc import Iterable
from datetime import datetime

from domain.gate.facts import Rival
from domain.gate.rule import Asked, Delay, Delays, Forbids
from domain.lane import Place, Yields


def stronger(place: Place, rivals: Iterable[Rival]) -> Rival | None:
    """The strongest open journey before which one of that place stands back; None when it is the strongest itself."""
    before = [
        rival
        for rival in rivals
        if rival.lane is place.lane and rival.priority > place.priority and rival.journey != place.journey
    ]
    return max(before, key=lambda rival: (rival.priority, rival.journey), default=None)


def _gives_way(asked: Asked) -> str | None:
    rival = stronger(asked.ask.place, asked.facts.rivals) if asked.ask.place.yields is Yields.END else None
    return None if rival is None else f"gives way to {rival.journey}"


def _waits(asked: Asked, _at: datetime) -> Delay | None:
    rival = stronger(asked.ask.place, asked.facts.rivals)
    # Nobody knows when the stronger journey will end.
    return None if rival is None else Delay(asked.again_at, f"{rival.journey} goes first", foreseen=False)


GIVES_WAY = Forbids("lane", _gives_way)
WAITS = Delays("lane", _waits)
