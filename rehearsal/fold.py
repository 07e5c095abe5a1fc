"""Folds an exploration into steps: what a person would draw as one, because the journey does the same there.

States differ in what was mailed when, in the hour, in what stands unread; a picture leaves that out. A step is a place
in the code with its verb. It is split only where the same answer leads on to different steps, as in a loop over
templates, or after an answer that is remembered. What is still done after an ending is left out: it is owed mail, and
the code comes to it by the same places.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeAlias

from domain.enrollment import Outcome
from rehearsal.graph import Branch, Exploration, Node
from rehearsal.snapshot import Place
from rehearsal.told import PASSED, SILENCE, told_in
from workflows.vocabulary import verbs
from workflows.vocabulary.plan import Plan

MOST_STEPS = 60
"""With more nobody would read the picture: a step is then a place alone, and a long loop is drawn as a loop."""

_OVER = -1


class End(Enum):
    """Where a picture stops, besides the endings that may come at any moment."""

    COMPLETED = "completed"
    UNEXPLORED = "not explored any further"


@dataclass(eq=False)
class Step:
    """A verb at a place in the code. `ways` is what follows each answer; silence comes last."""

    place: Place
    verb: verbs.Verb[Any]
    nodes: list[Node] = field(default_factory=list)
    ways: "dict[str, list[Target]]" = field(default_factory=dict)

    @property
    def leads_to(self) -> "list[Target]":
        """What may follow."""
        return list(dict.fromkeys(to for targets in self.ways.values() for to in targets))


Target: TypeAlias = Step | End


@dataclass(frozen=True)
class Folded:
    """A journey as steps, the earlier before the later."""

    plan: Plan
    begins: Target
    steps: tuple[Step, ...]
    endings: tuple[Outcome, ...]
    """What may end it at any moment, each once."""

    @property
    def mails(self) -> tuple[verbs.Send, ...]:
        """The mails it may send, one for each step that is one."""
        return tuple(step.verb for step in self.steps if isinstance(step.verb, verbs.Send))


def fold(exploration: Exploration) -> Folded:
    """Fold an exploration."""
    nodes = [_Told(node) for node in exploration.nodes if node.world.ending is None]
    group = _grouped(nodes)
    steps: dict[int, Step] = {}
    for each in nodes:
        place, verb, _ = each.spot
        steps.setdefault(group[each.node], Step(place, verb)).nodes.append(each.node)
    step_of = {node: steps[number] for node, number in group.items()}
    for step in steps.values():
        step.ways.update(_ways(step, step_of))
    begins = step_of[exploration.root] if isinstance(exploration.root, Node) else End.COMPLETED
    return Folded(exploration.plan, begins, tuple(_in_order(begins)), _endings(exploration))


class _Told:
    """A node with what its branches tell the journey, read once. Branches that end it tell nothing."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.told = [(what, _to(branch)) for branch in node.branches if (what := told_in(branch)) is not None]
        # A question that was answered before is asked in another step than where anything may be answered.
        tells_something = any(what != PASSED for what, _ in self.told)
        self.spot = (node.place, _without_what_varies(node.verb), tells_something)

    def leads(self, group: dict[Node, int]) -> dict[str, frozenset[int]]:
        """Where each answer leads. What was not explored may lead anywhere."""
        found: dict[str, frozenset[int]] = {}
        for what, to in self.told:
            if to is not None:
                found[what] = found.get(what, frozenset()) | {group[to] if isinstance(to, Node) else _OVER}
        return found


def _grouped(told: list[_Told]) -> dict[Node, int]:
    """A number for each node: the same for those that are one step."""
    spots: dict[object, int] = {}
    by_place = {each.node: spots.setdefault(each.spot, len(spots)) for each in told}
    group, count = by_place, len(spots)
    while count <= MOST_STEPS:
        finer = _split(told, group)
        found = len(set(finer.values()))
        if found == count:
            return group
        group, count = finer, found
    return by_place


def _split(told: list[_Told], group: dict[Node, int]) -> dict[Node, int]:
    """Tell apart those of a group that lead on differently. An answer that one of them cannot get is no difference."""
    finer: dict[Node, int] = {}
    known: dict[int, list[tuple[int, dict[str, frozenset[int]]]]] = {}
    count = 0
    for each in told:
        leads = each.leads(group)
        for number, agreed in known.setdefault(group[each.node], []):
            if all(agreed.get(what, where) == where for what, where in leads.items()):
                agreed.update(leads)
                finer[each.node] = number
                break
        else:
            known[group[each.node]].append((count, leads))
            finer[each.node] = count
            count += 1
    return finer


def _without_what_varies(verb: verbs.Verb[Any]) -> verbs.Verb[Any]:
    """The verb without what differs from state to state although it is the same step."""
    match verb:
        case verbs.Send():
            return replace(verb, offer=None)
        case verbs.WaitUntil():
            return replace(verb, moment=datetime.min.replace(tzinfo=UTC))
        case _:
            return verb


def _ways(step: Step, step_of: dict[Node, Step]) -> dict[str, list[Target]]:
    """What follows each answer. Where one leads to several steps, what happened is said more closely."""
    closely: dict[str, dict[str, list[Target]]] = {}
    for branch in (branch for node in step.nodes for branch in node.branches):
        what = told_in(branch)
        if what is not None:
            to = _to(branch)
            target = step_of[to] if isinstance(to, Node) else _end(to)
            closely.setdefault(what, {}).setdefault(branch.fate.words or what, []).append(target)
    ways: dict[str, list[Target]] = {}
    for what, happens in closely.items():
        every = _different(to for targets in happens.values() for to in targets)
        if len(every) == 1:
            ways[what] = every
        else:
            ways.update((words, _different(targets)) for words, targets in happens.items())
    return dict(sorted(ways.items(), key=lambda way: way[0] == SILENCE))


def _different(targets: Iterable[Target]) -> list[Target]:
    """Each once. That exploring was bounded says nothing where another state of the step was explored."""
    every = list(dict.fromkeys(targets))
    return [to for to in every if to is not End.UNEXPLORED] or every


def _to(branch: Branch) -> Node | Outcome | None:
    """Where a branch leads; round, where the journey goes round for ever."""
    return branch.back_at or branch.to


def _end(to: Outcome | None) -> End:
    return End.UNEXPLORED if to is None else End.COMPLETED


def _in_order(begins: Target) -> list[Step]:
    """What comes later on a way stands later, but in a loop; of several answers the first stands first."""
    done: list[Step] = []
    met: set[Target] = {begins}
    stack = [(begins, iter(reversed(begins.leads_to)))] if isinstance(begins, Step) else []
    while stack:
        step, following = stack[-1]
        ahead = next((to for to in following if isinstance(to, Step) and to not in met), None)
        if ahead is None:
            done.append(step)
            stack.pop()
        else:
            met.add(ahead)
            stack.append((ahead, iter(reversed(ahead.leads_to))))
    return done[::-1]


def _endings(exploration: Exploration) -> tuple[Outcome, ...]:
    found: dict[tuple[str, str], Outcome] = {}
    for branch in (branch for node in exploration.nodes for branch in node.branches):
        if (ending := branch.world.ending) is not None:
            found.setdefault((ending.kind.value, ending.why), ending)
    return tuple(found.values())
