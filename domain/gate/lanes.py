"""Priorities: while a stronger journey of the same lane is open for a customer, a weaker one waits or ends."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.gate.facts import Rival
from domain.gate.rule import Asked, Delay, Delays, Forbids
from domain.lane import Place, Yields

ASK_AGAIN = timedelta(hours=6)
"""Nobody knows when the stronger journey will end, so a mail that waits for it asks now and then."""


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
    return None if rival is None else Delay(_asks_again(asked), f"{rival.journey} goes first")


def _asks_again(asked: Asked) -> datetime:
    """Soon, and a last time when the mail is just fresh enough: the stronger journey may have ended by then."""
    soon, last = asked.facts.now + ASK_AGAIN, asked.ask.fresh_until
    return soon if last is None or last <= asked.facts.now else min(soon, last)


GIVES_WAY = Forbids("lane", _gives_way)
WAITS = Delays("lane", _waits)
