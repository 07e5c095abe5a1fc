"""Performs verbs in virtual time: the same rules as `workflows.vocabulary.performer`, with no Temporal and no database.

What the performer leaves to the world — who does what when, what a fact says, whether the mail server takes a mail — is
asked of a `Fate`. The explorer's fates are all that can be; the backtest's is what was recorded. The gate is the real
one. A differential test holds this module to the performer on a Temporal server.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from domain.calls import Delivery
from domain.civil import next_local, zone_or_default
from domain.enrollment import Outcome, OutcomeKind, Start
from domain.gate import Ask, GateFacts, GatePolicy, PastMessage, decide
from domain.intent import Intent
from domain.message import Decision, Kind, MessageStatus, Verdict
from domain.offer import Offer, OfferKind
from domain.signals import Signal
from rehearsal.world import Known, Mail, Turn, TurnKind, World
from workflows.vocabulary import verbs
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.verbs import SIGNAL_WORDS
from workflows.vocabulary.words import in_words

INCENTIVES = (OfferKind.DISCOUNT, OfferKind.FREE_SHIPPING)
"""Offers that cost the shop money."""


class Cancel:
    """An operator cancels the enrollment. Arrives as signals do."""


Arrival = tuple[datetime, Signal | Cancel]
Unread = tuple[tuple[Signal, datetime], ...]


class Leave(NamedTuple):
    """What the gate is told of whether a customer may be mailed at all; fields as in `domain.gate.GateFacts`."""

    has_address: bool = True
    suppression: str | None = None
    opted_out: bool = False
    consent: bool | None = True


FREE = Leave()
"""Everything may go."""


class Fate(Protocol):
    """What the world has in store for one verb."""

    def arrival(self, now: datetime, until: datetime) -> Arrival | None:
        """What arrives next, from `now` until `until` inclusive; asked again after each."""

    def leave(self, now: datetime) -> Leave:
        """Whether the customer may be mailed now."""

    def ends_before_mail(self) -> Signal | None:
        """An event that is committed just before the hand-over, and told a moment later."""

    def handed_over(self, template: str) -> MessageStatus:
        """What the mail server makes of a mail: sent, unknown or refused."""

    def arrives_while_sending(self) -> Signal | None:
        """A signal that comes while the mail is being handed over."""

    def last_activity(self, names: tuple[str, ...], now: datetime, since: datetime) -> datetime | None:
        """When the customer last did one of these things, up to now; `since` is the last time known."""

    def fact(self, verb: "verbs.ReadFact[Any]", now: datetime) -> object:
        """What a fact says."""

    def intent(self, now: datetime) -> Intent:
        """The customer's intent."""

    def offer(self, now: datetime) -> Offer:
        """What the policy grants."""

    def variant(self, verb: verbs.ChooseVariant) -> str:
        """The customer's variant."""

    def since(self, change: str) -> bool:
        """Whether the enrollment comes to a change of the code after it was deployed."""


@dataclass(frozen=True)
class Done:
    """A verb performed: how things stand then, the journey's answer, and what happened meanwhile."""

    world: World
    answer: Any
    turns: tuple[Turn, ...] = ()


class VirtualPerformer:
    """Performs verbs of one enrollment. Holds no state of its own: worlds go in and come out."""

    def __init__(self, plan: Plan, start: Start, policy: GatePolicy, zone: str = "UTC") -> None:
        self._plan, self._start, self._policy = plan, start, policy
        self._zone = zone_or_default(zone, policy.default_zone)
        self._zone_name = zone
        self._decisions: dict[object, Decision] = {}
        self._meanings: dict[int, tuple[Signal, tuple[Outcome | None, bool]]] = {}

    def first_world(self, *mails: Mail) -> World:
        """How things stand when the enrollment begins."""
        began = self._start.occasion.occurred_at
        return World(now=began, answers_from=began, mails=mails)

    def perform(self, world: World, verb: verbs.Verb[Any], fate: Fate) -> Done:
        """Do what a verb asks. An ending cuts every wait short; the answer is then void."""
        world = world.forgetting(self._policy.caps.horizon)
        match verb:
            case verbs.Send():
                return self._send(world, verb, fate)
            case verbs.Wait(duration):
                return self._wait(world, world.now + duration, fate)
            case verbs.WaitUntil(moment):
                return self._wait(world, moment, fate)
            case verbs.WaitUntilLocal(wall_clock):
                return self._wait(world, next_local(world.now, self._zone, wall_clock), fate)
            case verbs.Quiet():
                return self._quiet(world, verb, fate)
            case verbs.Reaction():
                return self._reaction(world, verb, fate)
            case _:
                return self._ask(world, verb, fate)

    def holds(self, world: World, verb: verbs.Send) -> bool:
        """Whether the gate would hold a mail back for a while as things stand."""
        world = world.forgetting(self._policy.caps.horizon)
        due = min(world.planned or world.now, world.now)
        return self._decide(world, verb, due, FREE).verdict is Verdict.DEFER

    def hear(self, world: World, arrived: Signal | Cancel, at: datetime) -> World:
        """The world after something arrived."""
        if world.ending is not None:
            return world
        if isinstance(arrived, Cancel):
            outcome = Outcome(kind=OutcomeKind.CANCELLED, why="cancelled by an operator")
            return world._replace(ending=outcome, cancelled=True)
        happened = arrived.occurred_at or at
        if happened < self._start.occasion.occurred_at:
            return world
        ending, is_reaction = self._meaning(arrived, at)
        if ending is not None:
            return world._replace(ending=ending)
        if happened < world.answers_from or not is_reaction:
            return world
        return world._replace(unread=_joined(world.unread, arrived, happened))

    def _meaning(self, arrived: Signal, at: datetime) -> tuple[Outcome | None, bool]:
        """The outcome if it ends the journey, and whether it is an answer to a mail."""
        known = self._meanings.get(id(arrived))
        if known is not None and known[0] is arrived:
            return known[1]
        # The real inbox decides; a fresh one has heard nothing before.
        inbox = Inbox(self._plan, self._start)
        inbox.receive(arrived, at)
        meaning = (inbox.ending, inbox.holds((type(arrived),)))
        self._meanings[id(arrived)] = (arrived, meaning)
        return meaning

    # -- waits ---------------------------------------------------------------------------------------------------

    def _sleep(
        self, world: World, until: datetime, fate: Fate, woken_by: Callable[[World], bool] = lambda _world: False
    ) -> tuple[World, tuple[Turn, ...]]:
        turns: list[Turn] = []
        while (arrival := fate.arrival(world.now, until)) is not None:
            at, arrived = arrival
            before, world = world, self.hear(world._replace(now=max(world.now, at)), arrived, at)
            if world.ending is not before.ending or world.unread is not before.unread:
                turns.append(Turn(world.now, TurnKind.HEARD, in_words_of(arrived)))
            if world.ending is not None or woken_by(world):
                return world, tuple(turns)
        return world._replace(now=max(world.now, until)), tuple(turns)

    def _wait(self, world: World, until: datetime, fate: Fate) -> Done:
        began = world.now
        world, turns = self._sleep(world._replace(planned=until), until, fate)
        return Done(world, None, (*turns, *_waited(began, world, "")))

    def _quiet(self, world: World, verb: verbs.Quiet, fate: Fate) -> Done:
        heard: list[Turn] = []
        last, began = self._start.occasion.occurred_at, world.now
        while world.ending is None:
            world, turns = self._sleep(world._replace(planned=last + verb.duration), last + verb.duration, fate)
            heard.extend(turns)
            if world.ending is not None:
                break
            last = fate.last_activity(verb.since, world.now, last) or last
            if last + verb.duration <= world.now:
                break
        return Done(world, None, (*heard, *_waited(began, world, f", quiet for {in_words(verb.duration)}")))

    def _reaction(self, world: World, verb: "verbs.Reaction[Any]", fate: Fate) -> Done:
        def answered(world: World) -> bool:
            return any(isinstance(signal, verb.kinds) for signal, _ in world.unread)

        began, until = world.now, world.now + verb.within
        world = world._replace(planned=until)
        turns: tuple[Turn, ...] = ()
        if not answered(world):
            world, turns = self._sleep(world, until, fate, answered)
        listened = tuple(each for each in world.listened if each[0] not in verb.kinds)
        world = world._replace(listened=(*listened, *((kind, world.now) for kind in verb.kinds)))
        for index, (signal, _) in enumerate(world.unread):
            if isinstance(signal, verb.kinds):
                unread = (*world.unread[:index], *world.unread[index + 1 :])
                return Done(world._replace(unread=unread, planned=None), signal, turns)
        return Done(world, None, turns or tuple(_waited(began, world, ", no answer")))

    # -- sending -------------------------------------------------------------------------------------------------

    def _send(self, world: World, verb: verbs.Send, fate: Fate) -> Done:
        due = min(world.planned or world.now, world.now)
        turns: list[Turn] = []
        while True:
            decision = self._decide(world, verb, due, fate.leave(world.now))
            if decision.verdict is not Verdict.DEFER or decision.until is None:
                break
            turns.append(self._turn(world, TurnKind.HELD, verb, decision.reason.split(": waits until")[0]))
            world, heard = self._sleep(world, decision.until, fate)
            turns.extend(heard)
            if world.ending is not None:
                return self._dropped(world, verb, world.ending.why, turns)
        if decision.verdict is Verdict.DROP:
            return self._dropped(world, verb, decision.reason, turns)
        return self._hand_over(world, verb, fate, turns)

    def _hand_over(self, world: World, verb: verbs.Send, fate: Fate, turns: list[Turn]) -> Done:
        # Reactions from before this mail answer an earlier one.
        unread = tuple(each for each in world.unread if each[1] >= world.now)
        world = world._replace(answers_from=world.now, unread=unread, listened=())
        ending = None if verb.is_owed else fate.ends_before_mail()
        if ending is not None:
            world = self.hear(world, ending, world.now)
            turns.append(Turn(world.now, TurnKind.HEARD, in_words_of(ending)))
            return self._dropped(world, verb, world.ending.why if world.ending else "", turns)
        status = fate.handed_over(verb.template)
        kind = {MessageStatus.SENT: TurnKind.SENT, MessageStatus.UNKNOWN: TurnKind.UNKNOWN}.get(
            status, TurnKind.REFUSED
        )
        turns.append(self._turn(world, kind, verb, "accepted" if kind is TurnKind.SENT else str(status)))
        if kind is not TurnKind.REFUSED and verb.kind is Kind.MARKETING:
            world = world._replace(mails=(*world.mails, Mail(world.now, verb.stage)))
        delivery = _delivery(verb, status, turns[-1].words, world.now)
        if (arrived := fate.arrives_while_sending()) is not None:
            world = self.hear(world, arrived, world.now)
            turns.append(Turn(world.now, TurnKind.HEARD, in_words_of(arrived)))
        return Done(world._replace(planned=None), delivery, tuple(turns))

    def _dropped(self, world: World, verb: verbs.Send, reason: str, turns: list[Turn]) -> Done:
        turns.append(self._turn(world, TurnKind.DROPPED, verb, reason))
        delivery = _delivery(verb, MessageStatus.DROPPED, reason, world.now)
        return Done(world._replace(planned=None), delivery, tuple(turns))

    def _decide(self, world: World, verb: verbs.Send, due: datetime, leave: Leave) -> Decision:
        key = (world.now, world.mails, due, verb.kind, verb.stage, verb.urgent, verb.stale_after, leave)
        if key not in self._decisions:
            self._decisions[key] = self._ask_the_gate(world, verb, due, leave)
        return self._decisions[key]

    def _ask_the_gate(self, world: World, verb: verbs.Send, due: datetime, leave: Leave) -> Decision:
        ask = Ask(
            kind=verb.kind,
            topic=self._plan.topic,
            stage=verb.stage,
            urgent=verb.urgent,
            due_at=due,
            stale_after=verb.stale_after,
        )
        recent = tuple(
            PastMessage(sent_or_claimed_at=mail.at, stage=mail.stage) for mail in world.mails if mail.at <= world.now
        )
        facts = GateFacts(
            now=world.now,
            has_address=leave.has_address,
            suppression=leave.suppression,
            opted_out=leave.opted_out,
            consent=leave.consent,
            zone=self._zone_name,
            recent=recent,
        )
        return decide(ask, facts, self._policy)

    def _turn(self, world: World, kind: TurnKind, verb: verbs.Send, words: str) -> Turn:
        incentive = verb.offer is not None and verb.offer.kind in INCENTIVES
        return Turn(world.now, kind, words, verb.template, verb.is_owed, verb.urgent, incentive)

    # -- questions -----------------------------------------------------------------------------------------------

    def _ask(self, world: World, verb: verbs.Verb[Any], fate: Fate) -> Done:
        question, settled = question_of(verb)
        for known in world.known:
            if known.question == question:
                return Done(world, known.answer)
        answer = _answer(verb, fate, world.now)
        known = Known(question, answer, None if settled else world.now)
        turn = Turn(world.now, TurnKind.ANSWERED, answer_in_words(verb, answer))
        return Done(world._replace(known=(*world.known, known)), answer, (turn,))


def _joined(unread: Unread, arrived: Signal, happened: datetime) -> Unread:
    """Reactions with one more. Those of a kind about the same thing are one, as in the real inbox."""
    for index, (signal, before) in enumerate(unread):
        if type(signal) is type(arrived) and signal.subject == arrived.subject:
            together = signal.model_copy(
                update={
                    "more": signal.count + arrived.count - 1,
                    "others": (),
                    "occurred_at": arrived.occurred_at if happened >= before else signal.occurred_at,
                }
            )
            return (*unread[:index], (together, max(happened, before)), *unread[index + 1 :])
    return (*unread, (arrived, happened))


def question_of(verb: verbs.Verb[Any]) -> tuple[str, bool]:
    """What a verb asks, and whether the answer stays the same as long as the enrollment lives."""
    match verb:
        case verbs.ReadFact(fact):
            return f"fact {fact.name}", fact.settled
        case verbs.ChooseVariant(experiment):
            return f"variant of {experiment}", True
        case verbs.Since(change):
            return f"since {change}", True
        case _:
            return type(verb).__name__, False


def answer_in_words(verb: verbs.Verb[Any], answer: object) -> str:
    """An answer as a person would say it."""
    match verb, answer:
        case verbs.ReadFact(fact), bool():
            return fact.name if answer else f"not {fact.name}"
        case verbs.ReadFact(fact), _:
            return f"{fact.name}: {answer}"
        case _, Intent(tier=tier):
            return f"intent {tier.value}"
        case _, Offer(kind=kind):
            return f"offer: {kind.value}"
        case verbs.ChooseVariant(experiment), _:
            return f"{experiment}: {answer}"
        case verbs.Since(change), _:
            return f"came here {'after' if answer else 'before'} {change}"
        case _:
            return f"{verb.describe()}: {answer}"


def in_words_of(arrived: Signal | Cancel) -> str:
    """What arrived, as a person would say it."""
    if isinstance(arrived, Cancel):
        return "an operator cancels"
    name = getattr(arrived, "name", None)
    return f"“{name}”" if name else SIGNAL_WORDS[type(arrived)]


def _answer(verb: verbs.Verb[Any], fate: Fate, now: datetime) -> object:
    match verb:
        case verbs.ReadFact():
            return fate.fact(verb, now)
        case verbs.Score():
            return fate.intent(now)
        case verbs.ChooseOffer():
            return fate.offer(now)
        case verbs.ChooseVariant():
            return fate.variant(verb)
        case verbs.Since(change):
            return fate.since(change)
        case _:
            raise TypeError(f"the rehearsal does not know the verb {type(verb).__name__}")


def _waited(began: datetime, world: World, how: str) -> tuple[Turn, ...]:
    spent = world.now - began
    if spent <= timedelta() or world.ending is not None:
        return ()
    return (Turn(world.now, TurnKind.WAITED, f"waited {in_words(spent)}{how}"),)


def _delivery(verb: verbs.Send, status: MessageStatus, reason: str, at: datetime) -> Delivery:
    # Built without validation, which would cost more than all the rest of a path.
    return Delivery.model_construct(
        message=f"m-{verb.template}", status=status, reason=reason, at=at, until=None, ended_by=None
    )
