"""Explores a journey: the production class, run without Temporal through every outcome of every verb.

A coroutine cannot be forked, so each way is reached by running the journey from its beginning with the answers that
lead there: two or three microseconds a verb. States that are alike — the code at the same place holding the same, the
world around it the same — are explored once, so what comes out is a graph; its paths are the journey's. See
docs/decisions/0020.
"""

import gc
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.calls import Delivery
from domain.enrollment import Occasion, Outcome, OutcomeKind, Start
from domain.errors import JourneyError
from domain.gate import GatePolicy
from rehearsal.delivery import moment_of
from rehearsal.fates import Fates
from rehearsal.graph import Branch, Exploration, Node
from rehearsal.snapshot import held, place
from rehearsal.virtual import VirtualPerformer
from rehearsal.world import World
from workflows.vocabulary import verbs
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.listening import observes
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.script import Script

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday, when marketing mail may go."""

EVENING = MORNING.replace(hour=20, minute=30)
"""Half an hour before the quiet hours, so that the first waits end in them."""

COMPLETED = Outcome(kind=OutcomeKind.COMPLETED, why="the sequence is complete")


@dataclass(frozen=True)
class Bound:
    """How far exploring goes. What it reaches is reported; nothing is left out silently."""

    states: int = 50_000
    verbs: int = 300
    """On one path. More is a journey without an end, or one that nobody will read."""


class BrokenError(JourneyError):
    """The journey's code fails, with `__cause__`, after `branch`; None: before its first verb."""

    def __init__(self, plan: Plan, branch: Branch | None, cause: Exception) -> None:
        super().__init__(f"the code of {plan.name} fails: {type(cause).__name__}: {cause}")
        self.branch = branch


def start_of(plan: Plan, begins: datetime, settings: dict[str, Any] | None = None) -> Start:
    """The input of a rehearsed enrollment. Without `settings` the model's defaults hold."""
    defaults = {} if plan.settings is None else plan.settings().model_dump(mode="json")
    return Start(
        enrollment="rehearsed",
        journey=plan.name,
        customer="somebody",
        key="something" if plan.one_per else None,
        occasion=Occasion(event_id="the-occasion", name=_occasion(plan), seq=1, occurred_at=begins),
        settings=defaults if settings is None else settings,
    )


def explore(
    journey: type[Journey],
    *,
    begins: datetime = MORNING,
    policy: GatePolicy | None = None,
    settings: dict[str, Any] | None = None,
    bound: Bound | None = None,
    merge: bool = True,
) -> Exploration:
    """Explore every path of a journey.

    Args:
        journey: the production class.
        begins: product time of the event that begins the enrollment. It decides what the quiet hours hold back.
        policy: the gate's; the default one otherwise.
        settings: the journey's, as `Start.settings`; the model's defaults otherwise.
        bound: how far to go.
        merge: whether states that are alike are explored once. Off, the graph is a tree.

    Raises:
        BrokenError: the journey's code fails on a path.
    """
    with _nothing_to_collect():
        return _Explorer(journey, begins, policy or GatePolicy(), settings, bound or Bound(), merge=merge).run()


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Spare the search for unreachable cycles: all that grows here is kept, and looking it through costs a third."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class NotTheSameTwiceError(JourneyError):
    """The journey's code does not do the same twice: something but its answers decides."""

    def __init__(self) -> None:
        super().__init__(
            "with the same answers it does not do the same twice: it asks chance, a clock or something outside, or "
            "keeps something in its class or module; only verbs may decide, and only `self` and locals may remember"
        )


class _Run:
    """The journey's code, suspended at a verb."""

    def __init__(self, fresh: Journey, answers: tuple[Any, ...] = ()) -> None:
        # A copy costs a tenth of what building one does. Verbs leave the parts alone that copies share.
        self.steps = copy(fresh).steps()
        self.script = Script(self.steps)
        self.verb = self.script.begin()
        self.is_taken = False
        for answer in answers:
            self.answer(answer)

    def answer(self, answer: object) -> None:
        """Go on to the next verb.

        Raises:
            NotTheSameTwiceError: with the same answers the sequence was longer before.
        """
        if self.verb is None:
            raise NotTheSameTwiceError
        self.verb = self.script.answer(answer)


class _CalendarNeededError(Exception):
    """The journey has asked what day it is, or waits for a moment: two states a day apart are not alike."""


class _Explorer:
    def __init__(
        self,
        journey: type[Journey],
        begins: datetime,
        policy: GatePolicy,
        settings: dict[str, Any] | None,
        bound: Bound,
        *,
        merge: bool,
    ) -> None:
        self._bound, self._merge = bound, merge
        start = start_of(journey.plan, begins, settings)
        self._fresh = journey(start)
        self._engines_own = frozenset(vars(self._fresh))
        self._performer = VirtualPerformer(journey.plan, start, policy)
        self._fates = Fates(journey.plan, start, observes(journey))
        self._horizon = policy.horizon
        self._any_day = True
        """Two states that differ in the day alone are alike, as nothing has asked for the day yet."""
        self._known: dict[Hashable, Node] = {}
        self._pending: list[tuple[Node, tuple[Any, ...], _Run | None]] = []
        self._found = Exploration(journey.plan, begins)

    def run(self) -> Exploration:
        try:
            return self._explore()
        except _CalendarNeededError:
            self._any_day = False
            self._known, self._pending = {}, []
            self._found = Exploration(self._found.plan, self._found.begins)
            return self._explore()

    def _explore(self) -> Exploration:
        try:
            run = _Run(self._fresh)
        except Exception as error:
            raise BrokenError(self._found.plan, None, error) from error
        self._found.root = self._enter(run, self._performer.first_world(), None, ()) or COMPLETED
        while self._pending:
            node, answers, waiting = self._pending.pop()
            try:
                self._expand(node, answers, waiting or self._run_again(node, answers))
            except (_CalendarNeededError, BrokenError):
                raise
            except Exception as error:
                raise BrokenError(self._found.plan, node.first, error) from error
        return self._found

    def _run_again(self, node: Node, answers: tuple[Any, ...]) -> _Run:
        """Bring the code to a node once more."""
        run = _Run(self._fresh, answers)
        if run.verb != node.verb or place(run.steps) != node.place:
            raise NotTheSameTwiceError
        return run

    def _expand(self, node: Node, answers: tuple[Any, ...], run: _Run) -> None:
        """Perform a node's verb with every fate, and enter what follows each answer."""
        first = True
        for answer, branches in self._by_answer(node):
            following = (*answers, answer)
            try:
                if not first:
                    run = self._run_again(node, answers)
                    run.answer(answer)
                else:
                    run.answer(answer)
                    first = False
            except Exception as error:
                raise BrokenError(self._found.plan, branches[0], error) from error
            for branch in branches:
                self._lead(branch, run, following)

    def _lead(self, branch: Branch, run: _Run, answers: tuple[Any, ...]) -> None:
        """Say where a branch leads. After an ending only what is owed goes on."""
        world, verb = branch.world, run.verb
        if world.ending is not None and (verb is None or world.cancelled or not verb.is_owed):
            branch.to = world.ending
        else:
            branch.to = self._enter(run, world, branch, answers) or (None if verb else COMPLETED)

    def _enter(self, run: _Run, world: World, branch: Branch | None, answers: tuple[Any, ...]) -> Node | None:
        """The node of this state, found again or new. None where there is no verb, or where the bound is reached."""
        if run.verb is None:
            return None
        world = world.forgetting(self._horizon)
        code = self._code(run, run.verb, world)
        if code is not None and branch is not None and (earlier := _was_there(branch.node, code)):
            branch.back_at = earlier
            self._found.endless.append(branch)
            return None
        key = self._key(code, world) if self._merge and code is not None else None
        if key is not None and key in self._known:
            self._found.merged += 1
            return self._known[key]
        if branch is not None and (len(answers) > self._bound.verbs or len(self._found.nodes) >= self._bound.states):
            self._found.unexplored.append(branch)
            return None
        node = Node(run.verb, place(run.steps), code, world, branch)
        self._found.nodes.append(node)
        if key is not None:
            self._known[key] = node
        # A run goes on with the first node that it reaches; for each of the others another is made when it is due.
        self._pending.append((node, answers, None if run.is_taken else run))
        run.is_taken = True
        return node

    def _by_answer(self, node: Node) -> Iterable[tuple[object, list[Branch]]]:
        """The branches of a node, grouped by what the journey is answered."""
        groups: dict[Hashable, tuple[object, list[Branch]]] = {}
        for fate in self._fates.of(node.verb, node.world, self._performer.holds):
            done = self._performer.perform(fate.before(node.world), node.verb, fate)
            branch = Branch(node, fate, done.turns, done.world)
            node.branches.append(branch)
            groups.setdefault(_told(done.answer), (done.answer, []))[1].append(branch)
        return groups.values()

    def _code(self, run: _Run, verb: verbs.Verb[Any], world: World) -> Hashable | None:
        """Where the code stands, what it holds and asks for; None when it cannot be compared."""
        if self._any_day and (self._performer.notice.was_read or isinstance(verb, verbs.WaitUntil)):
            raise _CalendarNeededError
        holds = held(run.steps, world.now if self._any_day else None, self._engines_own)
        return None if holds is None else _Code((holds, verb))

    def _key(self, code: Hashable, world: World) -> Hashable:
        now = world.now
        return (
            code,
            now.time() if self._any_day else now,
            tuple((now - mail.at, mail.stage, mail.own, mail.incentive) for mail in world.mails),
            None if world.planned is None else now - world.planned,
            now > world.answers_from,
            frozenset(kind for kind, at in world.listened if at >= now),
            tuple((signal, now - happened) for signal, happened in world.unread),
            tuple((known.question, id(known.answer), known.at is None) for known in world.known),
            tuple((names, now - at) for names, at in world.active),
            world.suppressed,
            world.ending,
        )


class _Code:
    """What code holds, with its hash at hand: it is compared with that of every state on the way."""

    __slots__ = ("_hash", "_holds")

    def __init__(self, holds: Hashable) -> None:
        self._holds, self._hash = holds, hash(holds)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Code) and self._hash == other._hash and self._holds == other._holds


def _was_there(node: Node, code: Hashable) -> Node | None:
    """Where the code was in that state before: the node, or one on the way to it."""
    at: Node | None = node
    while at is not None:
        if at.code == code:
            return at
        at = at.first.node if at.first is not None else None
    return None


def _told(answer: object) -> Hashable:
    """What tells an answer from others, at a fraction of the price of comparing models."""
    if isinstance(answer, Delivery):
        return (answer.message, answer.status, answer.reason, moment_of(answer))
    return (type(answer), answer)


def _occasion(plan: Plan) -> str:
    """An event that may begin the journey."""
    return next(iter(plan.trigger.in_order()), "Something")
