"""All ways through an exploration, watched in one pass over its graph: their number does not matter, their length does.

A rule about paths is a small machine: it carries a state along a way and looks at each branch. Ways that bring the same
state to the same node go on alike, so a machine is run once for each pair; of all ways to a pair the simplest is kept,
and how many there are.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from rehearsal.check.violation import Violation
from rehearsal.fates import FateKind
from rehearsal.graph import Branch, Exploration, Node
from rehearsal.paths import Path

S = TypeVar("S", bound=Hashable)

Watch = Callable[[S, Branch], tuple[S, Violation | None]]
"""From the state before a branch to the state after it, and what is wrong with the branch."""


@dataclass(frozen=True)
class Way:
    """The simplest of the ways that lead somewhere, as a chain from its end."""

    unusual: int = 0
    """Fates other than the usual ones. Answers are none: somebody is always a first buyer or not."""
    length: int = 0
    number: int = 1
    """How many ways there are."""
    last: Branch | None = None
    before: "Way | None" = None

    def along(self, branch: Branch) -> "Way":
        """This way and one branch more."""
        return Way(self.unusual + is_unusual(branch), self.length + 1, self.number, branch, self)

    def or_by(self, other: "Way | None") -> "Way":
        """This way and another that lead to the same."""
        if other is None:
            return self
        # Of two that are as simple the one found first stays: the usual fates come first.
        simplest = min(other, self, key=lambda way: (way.unusual, way.length))
        return replace(simplest, number=self.number + other.number)

    @property
    def path(self) -> Path:
        """As a path."""
        branches: list[Branch] = []
        way: Way | None = self
        while way is not None and way.last is not None:
            branches.append(way.last)
            way = way.before
        return Path(tuple(reversed(branches)))


@dataclass(frozen=True)
class Sighting:
    """Something wrong, and the way to it, its branch included."""

    wrong: Violation
    way: Way


class Ways:
    """The ways through one exploration. One that goes in circles is followed once around."""

    def __init__(self, exploration: Exploration) -> None:
        self.exploration = exploration
        self.nodes = _in_order(exploration)
        """No way leads from a later one to an earlier one, but in a circle."""
        self._rank = {node: rank for rank, node in enumerate(self.nodes)}

    def goes_back(self, branch: Branch) -> bool:
        """Whether a branch leads to where its way has been."""
        return isinstance(branch.to, Node) and self._rank[branch.to] <= self._rank[branch.node]

    def watch(self, begins_with: S, watch: Watch[S]) -> Iterator[Sighting]:
        """Carry a state along every way, and see what is wrong."""
        arrived: dict[Node, dict[S, Way]] = {node: {begins_with: Way()} for node in self.nodes[:1]}
        for node in self.nodes:
            for state, way in arrived.pop(node).items():
                for branch in node.branches:
                    after, wrong = watch(state, branch)
                    along = way.along(branch)
                    if wrong is not None:
                        yield Sighting(wrong, along)
                    if isinstance(branch.to, Node) and not self.goes_back(branch):
                        there = arrived.setdefault(branch.to, {})
                        there[after] = along.or_by(there.get(after))


def simplest(sightings: Iterable[Sighting]) -> Iterator[Violation]:
    """One violation for each place, with the simplest way that shows it and the number of the others."""
    places: dict[Hashable, list[Sighting]] = {}
    for sighting in sightings:
        places.setdefault(sighting.wrong.place, []).append(sighting)
    for seen in places.values():
        first = min(seen, key=lambda sighting: (sighting.way.unusual, sighting.way.length))
        number = sum(sighting.way.number for sighting in seen)
        yield replace(first.wrong, path=first.way.path, more=number - 1)


def is_first(branch: Branch) -> bool:
    """Whether it is its node's first, and usual, branch: what concerns the node alone is said there."""
    return branch is branch.node.branches[0]


def is_unusual(branch: Branch) -> bool:
    """Whether something happens on it that need not."""
    return bool(branch.fate.words) and branch.fate.kind is not FateKind.ANSWER


def line_of(node: Node) -> int:
    """The line at which the journey's own code awaits."""
    return node.place[-1][1]


def _in_order(exploration: Exploration) -> tuple[Node, ...]:
    """Every node after all from which a way leads to it, those of usual fates first.

    Depth first and back to front; by an explicit stack, since journeys may be long.
    """
    done: list[Node] = []
    if not isinstance(exploration.root, Node):
        return ()
    met = {exploration.root}
    stack = [(exploration.root, reversed(exploration.root.branches))]
    while stack:
        node, branches = stack[-1]
        ahead = next((branch.to for branch in branches if isinstance(branch.to, Node) and branch.to not in met), None)
        if ahead is None:
            done.append(node)
            stack.pop()
        else:
            met.add(ahead)
            stack.append((ahead, reversed(ahead.branches)))
    return tuple(reversed(done))
