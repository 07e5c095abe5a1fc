"""Paths through an exploration: counted, walked, drawn by lot, and told as a person would tell them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from domain.enrollment import Outcome
from rehearsal.fates import FateKind
from rehearsal.graph import Branch, Exploration, Node
from rehearsal.world import WENT_OUT, Turn, TurnKind
from workflows.vocabulary.words import in_words


class EndlessError(Exception):
    """The exploration has a loop, so its paths have no end and cannot be counted. `path` goes round once."""

    def __init__(self, path: "Path") -> None:
        super().__init__(f"a path never ends: {path.told}")
        self.path = path


@dataclass(frozen=True)
class Happened:
    """A turn of a path, `after` so long since the enrollment began. `step` names the mail, as the ledger does."""

    after: timedelta
    turn: Turn
    step: str = ""

    @property
    def when(self) -> str:
        """The moment in words: `at 2 days`, or `at once`."""
        return _moment(self.after)

    @property
    def what(self) -> str:
        """The turn in words: `reminder sent (accepted)`."""
        turn = self.turn
        return f"{self.step} {turn.kind.value} ({turn.words})" if turn.template else turn.words


@dataclass(frozen=True)
class Path:
    """A way from the beginning, as far as it goes."""

    branches: tuple[Branch, ...]
    without_verbs: Outcome | None = None
    """How a journey ends that asks for nothing."""

    @property
    def outcome(self) -> Outcome | None:
        """How it ends; None where it stops on the way."""
        to = self.branches[-1].to if self.branches else self.without_verbs
        return to if isinstance(to, Outcome) else None

    @cached_property
    def happened(self) -> tuple[Happened, ...]:
        """What happens on it, in order."""
        found: list[Happened] = []
        named: dict[str, int] = {}
        after = timedelta()
        for branch in self.branches:
            begins = branch.node.world.now
            step = _step(branch, named)
            found.extend(
                Happened(after + (turn.at - begins), turn, step if turn.template else "") for turn in branch.turns
            )
            after += branch.lasted
        return tuple(found)

    @property
    def lasts(self) -> timedelta:
        """From the beginning to its end."""
        return sum((branch.lasted for branch in self.branches), timedelta())

    @property
    def mails(self) -> tuple[Happened, ...]:
        """What went out, owed mail included."""
        return tuple(each for each in self.happened if each.turn.kind in WENT_OUT)

    @property
    def told(self) -> str:
        """The path in one line: who the customer is, and what they do when."""
        given = [branch.fate.words for branch in self.branches if branch.fate.kind is FateKind.ANSWER]
        does: list[str] = []
        named: dict[str, int] = {}
        after = timedelta()
        for branch in self.branches:
            step = _step(branch, named)
            if branch.fate.words and branch.fate.kind is not FateKind.ANSWER:
                mail = f" ({step})" if step else ""  # what the words call *it*
                does.append(f"{branch.fate.words}{mail} {_moment(after + _noticed(branch))}")
            after += branch.lasted
        who = f"({', '.join(given)}) " if given else ""
        return f"{who}the customer {', then '.join(does) or 'does nothing'}"

    def timeline(self) -> tuple[str, ...]:
        """What happens on it, a line each."""
        return tuple(f"{each.when}: {each.what}" for each in self.happened)


def way_to(last: Branch | Node | None) -> Path:
    """The way by which a branch, or a node, was first reached."""
    branches: list[Branch] = []
    branch = last.first if isinstance(last, Node) else last
    while branch is not None:
        branches.append(branch)
        branch = branch.node.first
    return Path(tuple(reversed(branches)))


def count_paths(exploration: Exploration) -> int:
    """How many paths there are, those that end where the bound was reached included.

    Raises:
        EndlessError: there is a loop.
    """
    root = exploration.root
    return _counts(exploration)[root] if isinstance(root, Node) else 1


def all_paths(exploration: Exploration) -> Iterator[Path]:
    """Every path, the usual ones first.

    Raises:
        EndlessError: there is a loop.
    """
    if not isinstance(exploration.root, Node):
        yield Path((), exploration.root)
        return
    _counts(exploration)
    trail: list[Branch] = []
    waiting = [(branch, 0) for branch in reversed(exploration.root.branches)]
    while waiting:
        branch, depth = waiting.pop()
        del trail[depth:]
        trail.append(branch)
        if isinstance(branch.to, Node):
            waiting.extend((following, depth + 1) for following in reversed(branch.to.branches))
        else:
            yield Path(tuple(trail))


def draw_paths(exploration: Exploration, lots: random.Random) -> Iterator[Path]:
    """Paths by lot for ever, each as likely as any other.

    Raises:
        EndlessError: there is a loop.
    """
    counts = _counts(exploration)
    while True:
        at, trail = exploration.root, list[Branch]()
        while isinstance(at, Node):
            weights = [counts[branch.to] if isinstance(branch.to, Node) else 1 for branch in at.branches]
            trail.append(lots.choices(at.branches, weights)[0])
            at = trail[-1].to
        yield Path(tuple(trail), None if trail else at)


def _counts(exploration: Exploration) -> dict[Node, int]:
    """Paths from each node on; children before parents, by an explicit stack since journeys may be long."""
    if exploration.endless:
        raise EndlessError(way_to(exploration.endless[0]))
    counts: dict[Node, int] = {}
    opened: set[Node] = set()
    stack = [exploration.root] if isinstance(exploration.root, Node) else []
    while stack:
        node = stack[-1]
        if node in counts:
            stack.pop()
            continue
        opened.add(node)
        ahead = [(branch, to) for branch in node.branches if isinstance(to := branch.to, Node) and to not in counts]
        for branch, to in ahead:
            if to in opened:
                raise EndlessError(Path((*way_to(branch.node).branches, branch)))
        if ahead:
            stack.append(ahead[0][1])
        else:
            counts[node] = sum(counts[to] if isinstance(to := branch.to, Node) else 1 for branch in node.branches)
            opened.discard(node)
            stack.pop()
    return counts


def _step(branch: Branch, named: dict[str, int]) -> str:
    """The step's name, as the performer gives it: each send takes one, whatever becomes of it."""
    template = getattr(branch.node.verb, "template", None)
    if template is None:
        return ""
    name = str(template).rsplit("/", 1)[-1]
    named[name] = named.get(name, 0) + 1
    return name if named[name] == 1 else f"{name}-{named[name]}"


def _noticed(branch: Branch) -> timedelta:
    """When, since the verb began, what the fate is about happened."""
    for turn in branch.turns:
        if turn.kind is TurnKind.HEARD:
            return turn.at - branch.node.world.now
    return branch.lasted if branch.fate.kind is FateKind.NOT_SENT else timedelta()


def _moment(after: timedelta) -> str:
    return f"at {in_words(after)}" if after else "at once"
