"""How large a journey can become: its paths, the longest of them, and the mails on them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from graphlib import TopologicalSorter
from typing import TypeVar

from domain.gate import TWO_DAYS
from rehearsal.graph import Branch, Exploration, Node
from rehearsal.paths import EndlessError, Path, count_paths
from rehearsal.world import WENT_OUT

W = TypeVar("W", int, timedelta)


@dataclass(frozen=True)
class Measures:
    """What is largest over all paths of an exploration. Without an end there is no number of paths, and no longest."""

    paths: int | None
    longest: Path | None
    most_mails: int | None
    """On one path, owed mail included."""
    most_in_two_days: int
    """Marketing mails within 48 hours, wherever they begin."""


def measure(exploration: Exploration) -> Measures:
    """Measure an exploration."""
    crowded = most_in_two_days(exploration)
    try:
        paths = count_paths(exploration)
    except EndlessError:
        return Measures(None, None, None, crowded)
    longest = heaviest(exploration, lambda branch: branch.lasted, timedelta())
    mails = heaviest(exploration, mails_in, 0)
    return Measures(paths, longest, len(mails.mails), crowded)


def heaviest(exploration: Exploration, weigh: Callable[[Branch], W], nothing: W) -> Path:
    """The path whose branches together weigh most; of several the most usual.

    Raises:
        CycleError: there is a loop.
    """
    ahead = {node: [to for branch in node.branches if isinstance(to := branch.to, Node)] for node in exploration.nodes}
    best: dict[Node, tuple[W, Branch]] = {}
    for node in TopologicalSorter(ahead).static_order():  # children first
        weights = [
            weigh(branch) + (best[branch.to][0] if isinstance(branch.to, Node) else nothing) for branch in node.branches
        ]
        best[node] = max(zip(weights, node.branches, strict=True), key=lambda weighed: weighed[0])
    trail: list[Branch] = []
    at = exploration.root
    while isinstance(at, Node):
        trail.append(best[at][1])
        at = trail[-1].to
    return Path(tuple(trail))


def mails_in(branch: Branch) -> int:
    """How many mails go out in a branch."""
    return sum(turn.kind in WENT_OUT for turn in branch.turns)


def most_in_two_days(exploration: Exploration) -> int:
    """The largest number of the journey's marketing mails within 48 hours. A window ends with its last mail."""
    found = 0
    for branch in (branch for node in exploration.nodes for branch in node.branches):
        if any(turn.kind in WENT_OUT and not turn.owed for turn in branch.turns):
            own = [mail.at for mail in branch.world.mails if mail.own]
            found = max(found, sum(own[-1] - at < TWO_DAYS for at in own))
    return found
