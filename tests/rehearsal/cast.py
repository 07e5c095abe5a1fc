"""Plays an explored path on a Temporal server: the real workflow, with activities that act as the path says.

The activities stand in for the world under their real names and answer in their real types. The gate's rules are the
real ones, over a ledger kept here. What the path predicts is not looked at: only what is to happen from outside.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker, WorkflowRunner

from domain import calls
from domain.calls import Delivery
from domain.clock import PacedClock
from domain.enrollment import Occasion, Outcome, Start, workflow_id
from domain.event import ORDER_COMPLETED
from domain.gate import GateFacts, GatePolicy, PastMessage, decide
from domain.intent import Intent, Tier
from domain.message import Kind, MessageStatus, Verdict, ledger_id
from domain.moments import Timing
from domain.offer import Offer
from domain.signals import SIGNAL_NAMES, Observation, Purchase, Signal
from rehearsal.explore import start_of
from rehearsal.fate import Cancel
from rehearsal.fates import A_WHILE, AN_HOUR_AGO, Rehearsed, When
from rehearsal.graph import Branch, Exploration
from rehearsal.paths import Path
from rehearsal.world import TurnKind
from temporal import TASK_QUEUE
from workflows.vocabulary import Journey, verbs

_QUESTIONS = (verbs.Score, verbs.ReadFact, verbs.ChooseOffer, verbs.ChooseVariant)
_MEDIUM = Intent(
    score=50, tier=Tier.MEDIUM, parts=(), why="played", scored_at=datetime.fromisoformat("2026-03-02T09:00Z")
)


@dataclass(frozen=True)
class Seen:
    """What became of a mail, so long after the enrollment began."""

    step: str
    status: str
    after: timedelta


@dataclass
class Performance:
    """One path being played."""

    path: Path
    start: Start
    ledger: list[tuple[datetime, Any]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    place: int = 0
    sending: bool = False
    handle: WorkflowHandle[Any, Any] | None = None
    outcome: Outcome | None = None
    ended_after: timedelta | None = None
    told: int = 0
    moments: dict[int, list[datetime | None]] = field(default_factory=dict)
    """What was read as the moment of an `until`, each time, by its place in the path."""
    suppressed: str | None = None

    def after(self, at: datetime) -> timedelta:
        return at - self.start.occasion.occurred_at

    def branch_of_step(self, step: str) -> Branch:
        """The branch of a send, by its step's name."""
        named: dict[str, int] = {}
        for index, branch in enumerate(self.path.branches):
            if isinstance(branch.node.verb, verbs.Send):
                name = branch.node.verb.template.rsplit("/", 1)[-1]
                named[name] = named.get(name, 0) + 1
                if step == (name if named[name] == 1 else f"{name}-{named[name]}"):
                    self.place = max(self.place, index + 1)
                    return branch
        raise AssertionError(f"the path has no step {step}")

    def next_question(self, kind: type[verbs.Verb[Any]]) -> Branch | None:
        """The branch of the next question or send, if it is a question of that kind; it is then answered."""
        for index in range(self.place, len(self.path.branches)):
            verb = self.path.branches[index].node.verb
            if isinstance(verb, (*_QUESTIONS, verbs.Send)):
                if not isinstance(verb, kind):
                    return None
                self.place = index + 1
                return self.path.branches[index]
        return None

    async def tell(self, arrived: Signal | Cancel) -> None:
        assert self.handle is not None
        if isinstance(arrived, Cancel):
            await self.handle.cancel()
            return
        self.told += 1
        signal = arrived.model_copy(update={"event_id": f"{arrived.event_id}-{self.told}"})
        await self.handle.signal(SIGNAL_NAMES[type(signal)], signal)

    async def taken_up(self) -> None:
        """Wait until the workflow has acted on the last signal.

        The test server loses a workflow that cancels an activity which has just completed; the real one does not.
        """
        assert self.handle is not None
        async with asyncio.timeout(30):
            while True:
                names = [EventType.Name(event.event_type) for event in (await self.handle.fetch_history()).events]
                told = max(place for place, name in enumerate(names) if name.endswith("EXECUTION_SIGNALED"))
                if any(name.endswith("WORKFLOW_TASK_COMPLETED") for name in names[told:]):
                    return
                await asyncio.sleep(0.02)


class Cast:
    """Activities for any number of performances, told apart by enrollment."""

    def __init__(self, policy: GatePolicy) -> None:
        self._policy = policy
        self._playing: dict[str, Performance] = {}

    def play(self, performance: Performance) -> None:
        self._playing[performance.start.enrollment] = performance
        self._playing[performance.start.customer] = performance

    def activities(self) -> list[Any]:
        return [
            self.admit, self.close, self.score, self.decide, self.render, self.send, self.read_fact,
            self.read_last_activity, self.read_moment, self.suppress, self.choose_offer,
            self.choose_variant, self.find_local_time,
        ]  # fmt: skip

    @activity.defn(name=calls.ADMIT)
    async def admit(self, request: calls.AdmitRequest) -> calls.Admission:
        return calls.Admission(admitted=True)

    @activity.defn(name=calls.CLOSE)
    async def close(self, request: calls.CloseRequest) -> bool:
        playing = self._playing[request.enrollment]
        playing.outcome, playing.ended_after = request.outcome, playing.after(request.at)
        return True

    @activity.defn(name=calls.SCORE)
    async def score(self, request: calls.ScoreRequest) -> Intent:
        playing = self._playing[request.customer]
        branch = None if playing.sending else playing.next_question(verbs.Score)
        return _MEDIUM if branch is None else branch.fate.answer.model_copy(update={"scored_at": request.at})  # type: ignore[attr-defined]

    @activity.defn(name=calls.GATE)
    async def decide(self, request: calls.GateRequest) -> calls.Gated:
        playing = self._playing[request.enrollment]
        first = not playing.sending
        fate = playing.branch_of_step(request.step).fate
        playing.sending = True
        if first and fate.another_mail is not None:
            playing.ledger.append((request.at - AN_HOUR_AGO, fate.another_mail.stage))
        facts = GateFacts(
            now=request.at,
            has_address=True,
            consent=True,
            suppression=fate.refusal,
            sunset=playing.suppressed,
            zone="UTC",
            recent=tuple(
                PastMessage(sent_or_claimed_at=at, stage=stage, journey=request.journey) for at, stage in playing.ledger
            ),
        )
        decision = decide(request.ask, facts, self._policy)
        if decision.verdict is Verdict.DROP:
            playing.sending = False
            playing.seen.append(Seen(request.step, "dropped", playing.after(request.at)))
        return calls.Gated(message=ledger_id(request.enrollment, request.step), decision=decision)

    @activity.defn(name=calls.RENDER)
    async def render(self, request: calls.RenderRequest) -> calls.Rendered:
        return calls.Rendered(message=request.message)

    @activity.defn(name=calls.SEND)
    async def send(self, request: calls.SendRequest) -> Delivery:
        playing = self._playing[request.customer]
        step = activity.info().activity_id and _step_of(playing, request.message)
        fate = playing.branch_of_step(step).fate
        at = max(request.at, playing.start.clock.product(activity.info().started_time))
        playing.sending = False
        if fate.when is When.JUST_BEFORE_SENDING and isinstance(fate.arrived, Signal):
            ended_by = _event_of(fate.arrived)
            await playing.tell(fate.arrived)
            await playing.taken_up()
            return Delivery(
                message=request.message, status=MessageStatus.DROPPED, reason="it ended", at=at, ended_by=ended_by
            )
        if fate.status in (MessageStatus.SENT, MessageStatus.UNKNOWN) and request.ask.kind is Kind.MARKETING:
            playing.ledger.append((at, request.ask.stage))
        playing.seen.append(Seen(step, fate.status.value, playing.after(at)))
        if fate.when is When.WHILE_SENDING and fate.arrived is not None:
            await playing.tell(fate.arrived)
            await playing.taken_up()
        return Delivery(message=request.message, status=fate.status, reason="played", at=at)

    @activity.defn(name=calls.READ_FACT)
    async def read_fact(self, request: calls.FactRequest) -> calls.FactAnswer:
        return calls.FactAnswer(value=self._answer(request.customer, verbs.ReadFact))

    @activity.defn(name=calls.CHOOSE_OFFER)
    async def choose_offer(self, request: calls.OfferRequest) -> Offer:
        offer: Offer = self._answer(request.customer, verbs.ChooseOffer)
        return offer

    @activity.defn(name=calls.CHOOSE_VARIANT)
    async def choose_variant(self, request: calls.VariantRequest) -> calls.Variant:
        return calls.Variant(name=self._answer(request.customer, verbs.ChooseVariant))

    @activity.defn(name=calls.READ_ACTIVITY)
    async def read_last_activity(self, request: calls.ActivityRequest) -> calls.LastActivity:
        playing = self._playing[request.customer]
        elapsed, last = timedelta(), None
        for index, branch in enumerate(playing.path.branches):
            verb = branch.node.verb
            if isinstance(verb, verbs.Quiet) and verb.since == request.names:
                if branch.fate.active_at is not None:
                    since = branch.fate.active_at - branch.node.world.now
                    last = playing.start.occasion.occurred_at + elapsed + since
                if index >= playing.place:  # the wait that asks
                    break
            elapsed += branch.lasted
        return calls.LastActivity(at=last)

    @activity.defn(name=calls.READ_MOMENT)
    async def read_moment(self, request: calls.MomentRequest) -> calls.MomentAnswer:
        playing = self._playing[request.customer]
        elapsed = timedelta()
        for index, branch in enumerate(playing.path.branches):
            verb, began = branch.node.verb, branch.node.world.now
            if isinstance(verb, verbs.Until) and verb.moment.name == request.moment and index >= playing.place:
                # Asked first when the wait begins, then whenever its end seems to have come.
                reads = playing.moments.setdefault(index, [])
                reads.append(branch.fate.moment(verb.moment, began + A_WHILE if reads else began))
                at = reads[-1]
                if branch.fate.answer is not Timing.ON_TIME or reads[-2:] == [at, at]:
                    playing.place = index + 1  # it is over: the next to ask is another wait for this moment
                if at is None:
                    return calls.MomentAnswer()
                return calls.MomentAnswer(at=playing.start.occasion.occurred_at + elapsed + (at - began))
            elapsed += branch.lasted
        return calls.MomentAnswer()

    @activity.defn(name=calls.SUPPRESS)
    async def suppress(self, request: calls.SuppressRequest) -> bool:
        self._playing[request.customer].suppressed = request.reason
        return True

    @activity.defn(name=calls.NEXT_LOCAL)
    async def find_local_time(self, request: calls.LocalTimeRequest) -> calls.LocalTime:
        at = datetime.combine(request.after.date(), request.wall_clock, tzinfo=request.after.tzinfo)
        return calls.LocalTime(at=at if at >= request.after else at + timedelta(days=1))

    def _answer(self, customer: str, kind: type[verbs.Verb[Any]]) -> Any:
        branch = self._playing[customer].next_question(kind)
        assert branch is not None
        return branch.fate.answer


def _step_of(playing: Performance, message: str) -> str:
    steps = {each.step for each in playing.path.happened if each.step}
    return next(step for step in steps if ledger_id(playing.start.enrollment, step) == message)


def _event_of(arrived: Signal) -> str:
    match arrived:
        case Purchase():
            return ORDER_COMPLETED
        case Observation(name=name):
            return name
        case _:
            raise AssertionError(f"{arrived} ends no journey by its event")


def from_outside(path: Path) -> list[tuple[timedelta, Signal | Cancel]]:
    """What has to be done from outside, when, so that a path is taken; what happens during a hand-over left out."""
    done: list[tuple[timedelta, Signal | Cancel]] = []
    elapsed = timedelta()
    for branch in path.branches:
        fate: Rehearsed = branch.fate
        if fate.arrived is not None:
            done.extend((at, fate.arrived) for at in _arrival(branch, elapsed))
        elapsed += branch.lasted
    return sorted(done, key=lambda each: each[0])


def _arrival(branch: Branch, elapsed: timedelta) -> list[timedelta]:
    world = branch.node.world
    match branch.fate.when:
        case When.BEFORE:
            assert isinstance(branch.fate.arrived, Signal)
            return [elapsed - (world.now - world.unheard_since(type(branch.fate.arrived))) / 2]
        case When.SOON | When.HALF_WAY | When.LATE:
            return [elapsed + (turn.at - world.now) for turn in branch.turns if turn.kind is TurnKind.HEARD]
        case _:
            return []


async def perform(
    env: WorkflowEnvironment, cast: Cast, exploration: Exploration, path: Path, number: int
) -> Performance:
    """Play a path to its end on the server of `env`, where a worker with the cast's activities runs."""
    plan = exploration.plan
    began = await env.get_current_time()
    start = start_of(plan, exploration.begins).model_copy(
        update={
            "enrollment": f"e{number}",
            "customer": f"c{number}",
            "clock": PacedClock(anchor_real=began, anchor_product=exploration.begins),
        }
    )
    playing = Performance(path, start)
    cast.play(playing)
    playing.handle = handle = await env.client.start_workflow(
        plan.name, start, id=workflow_id(plan.name, start.customer, start.key), task_queue=TASK_QUEUE
    )
    try:
        async with asyncio.timeout(30):
            for after, arrived in from_outside(path):
                await env.sleep(began + after - await env.get_current_time())
                await playing.tell(arrived)
            await handle.result()
    except WorkflowFailureError:
        assert playing.outcome is not None  # cancelled
    except TimeoutError:
        stands = await handle.query("status")
        raise AssertionError(f"it does not end: {path.told}\n{path.timeline()}\n{stands}") from None
    return playing


def worker(env: WorkflowEnvironment, journey: type[Journey], cast: Cast, runner: WorkflowRunner) -> Worker:
    """A worker for one journey with the cast's activities."""
    return Worker(
        env.client,
        task_queue=TASK_QUEUE,
        workflows=[journey],
        activities=cast.activities(),
        workflow_runner=runner,
    )


def occasion(begins: datetime) -> Occasion:
    return Occasion(event_id="the-occasion", name="Something", seq=1, occurred_at=begins)
