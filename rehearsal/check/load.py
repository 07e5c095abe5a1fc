"""The rule about load: what all journeys together send to a customer who does nothing.

Journeys of one lane take turns, so a lane counts as its busiest journey. The lanes run side by side: where the gate
lets silence cool down for 48 hours, no such span has mails of two journeys, and the busiest lane is all of it; else
the lanes add up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from domain.gate import GatePolicy
from domain.lane import Lane
from rehearsal.check.rule import Rule
from rehearsal.check.subject import House, Subject
from rehearsal.check.violation import Violation
from rehearsal.check.ways import Ways, is_unusual
from rehearsal.graph import Branch, Node
from rehearsal.paths import Path
from rehearsal.world import WENT_OUT

_WINDOW = timedelta(hours=48)


@dataclass(frozen=True)
class Load:
    """A lane's part: marketing mails per customer in 48 hours, by the journey that sends most of them."""

    lane: Lane
    journey: str
    mails: float
    path: Path
    """The silent path on which it sends them."""


def loads(house: House) -> tuple[Load, ...]:
    """Each lane's part, in the order of lanes. Lanes without a journey have none."""
    found = [load for subject in house.subjects if (load := _busiest(subject))]
    lanes = {lane: [load for load in found if load.lane is lane] for lane in Lane}
    return tuple(max(each, key=lambda load: load.mails) for each in lanes.values() if each)


def together(parts: tuple[Load, ...], policy: GatePolicy) -> float:
    """What the lanes come to for a customer who does nothing."""
    mails = [part.mails for part in parts]
    return max(mails, default=0.0) if _rests(policy) else sum(mails)


def in_words(parts: tuple[Load, ...], policy: GatePolicy) -> str:
    """The whole and its parts, e.g. `2.63, the busiest of: 2.63 promotion (cart-recovery), 0.27 service (…)`."""
    rests = _rests(policy)
    listed = (", " if rests else " + ").join(f"{part.mails:.2f} {part.lane.value} ({part.journey})" for part in parts)
    return f"{together(parts, policy):.2f}{', the busiest of: ' if rests else ' = '}{listed}" if parts else "0"


def _rests(policy: GatePolicy) -> bool:
    """Whether a journey says nothing for a whole window after another one's mail that was not answered."""
    return min(policy.cool_downs.unanswered, policy.cool_downs.ignored) >= _WINDOW


def _load(house: House) -> Iterator[Violation]:
    parts, limit = loads(house), house.gate.caps.per_48h
    if house.is_whole and together(parts, house.gate) > limit:
        yield Violation(
            journeys=tuple(part.journey for part in parts),
            wrong=f"A customer in every lane gets more marketing mails in 48 hours than the cap of {limit}: "
            f"{in_words(parts, house.gate)}.",
            remedy="Send fewer mails, spread them over a longer time, or put two journeys into one lane.",
            path=max(parts, key=lambda part: part.mails).path,
        )


def _busiest(subject: Subject) -> Load | None:
    silent = [life for ways in subject.ways for life in _silent(ways)]
    if not silent:
        return None
    life = max(silent, key=_Life.per_window)
    return Load(subject.plan.lane, subject.plan.name, life.per_window(), Path(life.trail))


class _Life(NamedTuple):
    """The life of a customer who does nothing, so far."""

    mails: int = 0
    lasts: timedelta = timedelta()
    trail: tuple[Branch, ...] = ()

    def along(self, branch: Branch) -> "_Life":
        sent = sum(turn.kind in WENT_OUT and not turn.owed for turn in branch.turns)
        return _Life(self.mails + sent, self.lasts + branch.lasted, (*self.trail, branch))

    def per_window(self) -> float:
        """Marketing mails per window, over a life of one window at least."""
        return self.mails * (_WINDOW / max(self.lasts, _WINDOW))


def _silent(ways: Ways) -> Iterator[_Life]:
    """Every silent life, one for each answer to what is asked about the customer; alike ones once."""
    waiting = [(node, _Life()) for node in ways.nodes[:1]]
    seen: set[tuple[Node, int, timedelta]] = set()
    while waiting:
        node, life = waiting.pop()
        if (node, life.mails, life.lasts) in seen:
            continue
        seen.add((node, life.mails, life.lasts))
        for branch in node.branches:
            if is_unusual(branch):
                continue
            if isinstance(branch.to, Node) and not ways.goes_back(branch):
                waiting.append((branch.to, life.along(branch)))
            else:
                yield life.along(branch)


LOAD = Rule("load", "All journeys together stay under the cap of 48 hours, for a customer who does nothing.", _load)
