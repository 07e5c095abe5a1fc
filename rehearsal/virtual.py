"""Performs verbs in virtual time: the same rules as `workflows.vocabulary.performer`, with no Temporal and no database.

What the performer leaves to the world — who does what when, what a fact says, whether the mail server takes a mail — is
asked of a `Fate`. The explorer's fates are all that can be; the backtest's is what was recorded. The gate is the real
one. A differential test holds this module to the performer on a Temporal server.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.civil import next_local, zone_or_default
from domain.enrollment import Outcome, OutcomeKind, Start
from domain.gate import Ask, GateFacts, GatePolicy, PastMessage, decide
from domain.message import Decision, Kind, MessageStatus, Verdict
from domain.moments import Timing
from domain.signals import Observation, Signal
from rehearsal.delivery import Notice, deliver
from rehearsal.fate import FREE, Allowed, Cancel, Fate, in_words_of
from rehearsal.questions import answer_in_words, ask_fate, question_of
from rehearsal.world import Known, Mail, Turn, TurnKind, Unread, World
from workflows.vocabulary import verbs
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.words import in_words


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
        self.notice = Notice()
        self._meanings: dict[int, tuple[Signal, tuple[Outcome | None, bool]]] = {}

    def first_world(self, *mails: Mail) -> World:
        """How things stand when the enrollment begins."""
        began = self._start.occasion.occurred_at
        return World(now=began, answers_from=began, mails=mails)

    def perform(self, world: World, verb: verbs.Verb[Any], fate: Fate) -> Done:
        """Do what a verb asks. An ending cuts every wait short; the answer is then void."""
        world = world.forgetting(self._policy.horizon)
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
            case verbs.Until():
                return self._until(world, verb, fate)
            case verbs.Reaction():
                return self._reaction(world, verb, fate)
            case _:
                return self._ask(world, verb, fate)

    def holds(self, world: World, verb: verbs.Send) -> bool:
        """Whether the gate would hold a mail back for a while as things stand."""
        world = world.forgetting(self._policy.horizon)
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
        last, began = world.last_active(verb.since, self._start.occasion.occurred_at), world.now
        while world.ending is None:
            world, turns = self._sleep(world._replace(planned=last + verb.duration), last + verb.duration, fate)
            heard.extend(turns)
            if world.ending is not None:
                break
            last = fate.last_activity(verb.since, world.now, last) or last
            if last + verb.duration <= world.now:
                break
        world = world.knowing_active(verb.since, last)
        return Done(world, None, (*heard, *_waited(began, world, f", quiet for {in_words(verb.duration)}")))

    def _until(self, world: World, verb: verbs.Until, fate: Fate) -> Done:
        turns: list[Turn] = []
        began, timing, waited = world.now, Timing.ON_TIME, False
        while world.ending is None:
            at = fate.moment(verb.moment, world.now)
            if at is None or at - verb.before <= world.now:
                timing = _timing(at, world.now, waited=waited)
                break
            until = at - verb.before
            world, heard = self._sleep(world._replace(planned=until), until, fate, _told_more(verb, world))
            waited = world.now >= until
            turns.extend(heard)
        turns.extend(_waited(began, world, f", until the {verb.moment.name}"))
        if world.ending is None and timing is not Timing.ON_TIME:
            turns.append(Turn(world.now, TurnKind.ANSWERED, f"{verb.moment.name}: {timing}"))
        return Done(world, timing, tuple(turns))

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
            decision = self._decide(world, verb, due, fate.allowed(world.now))
            if decision.verdict is not Verdict.DEFER or decision.until is None:
                break
            turns.append(self._turn(world, TurnKind.HELD, verb, decision.reason.split(": waits until")[0]))
            if world.ending is None:
                world, heard = self._sleep(world, decision.until, fate)
                turns.extend(heard)
            if world.ending is not None and not self._goes_after_all(world, verb, due, fate):
                return self._dropped(world, verb, world.ending.why, turns)
        if decision.verdict is Verdict.DROP:
            return self._dropped(world, verb, decision.reason, turns)
        return self._hand_over(world, verb, fate, turns)

    def _goes_after_all(self, world: World, verb: verbs.Send, due: datetime, fate: Fate) -> bool:
        """Whether a mail that waited when the journey ended needs to wait no more; only what is owed is asked."""
        if not verb.is_owed:
            return False
        return self._decide(world, verb, due, fate.allowed(world.now)).verdict is not Verdict.DEFER

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
            world = world._replace(mails=(*world.mails, mail_of(verb, world.now)))
        delivery = deliver(verb.template, status, turns[-1].words, world.now, self.notice)
        if (arrived := fate.arrives_while_sending()) is not None:
            world = self.hear(world, arrived, world.now)
            turns.append(Turn(world.now, TurnKind.HEARD, in_words_of(arrived)))
        return Done(world._replace(planned=None), delivery, tuple(turns))

    def _dropped(self, world: World, verb: verbs.Send, reason: str, turns: list[Turn]) -> Done:
        turns.append(self._turn(world, TurnKind.DROPPED, verb, reason))
        delivery = deliver(verb.template, MessageStatus.DROPPED, reason, world.now, self.notice)
        return Done(world._replace(planned=None), delivery, tuple(turns))

    def _decide(self, world: World, verb: verbs.Send, due: datetime, allowed: Allowed) -> Decision:
        if world.suppressed is not None:
            allowed = allowed._replace(sunset=world.suppressed)
        key = (world.now, world.mails, due, verb.kind, verb.stage, verb.urgent, verb.stale_after, allowed)
        if key not in self._decisions:
            self._decisions[key] = self._ask_the_gate(world, verb, due, allowed)
        return self._decisions[key]

    def _ask_the_gate(self, world: World, verb: verbs.Send, due: datetime, allowed: Allowed) -> Decision:
        ask = Ask(
            kind=verb.kind,
            topic=self._plan.topic,
            stage=verb.stage,
            urgent=verb.urgent,
            due_at=due,
            stale_after=verb.stale_after,
            place=self._plan.place,
        )
        recent = tuple(self._past(mail) for mail in world.mails if mail.at <= world.now)
        facts = GateFacts(now=world.now, zone=self._zone_name, recent=recent, **allowed._asdict())
        return decide(ask, facts, self._policy)

    def _past(self, mail: Mail) -> PastMessage:
        journey = self._plan.name if mail.own else "another journey"
        return PastMessage(sent_or_claimed_at=mail.at, stage=mail.stage, journey=journey, incentive=mail.incentive)

    def _turn(self, world: World, kind: TurnKind, verb: verbs.Send, words: str) -> Turn:
        return Turn(world.now, kind, words, verb.template, verb.is_owed, verb.urgent, _has_incentive(verb))

    # -- questions -----------------------------------------------------------------------------------------------

    def _ask(self, world: World, verb: verbs.Verb[Any], fate: Fate) -> Done:
        if isinstance(verb, verbs.Suppress):
            turn = Turn(world.now, TurnKind.ANSWERED, verb.describe())
            return Done(world._replace(suppressed=world.suppressed or verb.reason), None, (turn,))
        question, settled = question_of(verb)
        for known in world.known:
            if known.question == question:
                return Done(world, known.answer)
        answer = ask_fate(verb, fate, world.now)
        known = Known(question, answer, None if settled else world.now)
        turn = Turn(world.now, TurnKind.ANSWERED, answer_in_words(verb, answer))
        return Done(world._replace(known=(*world.known, known)), answer, (turn,))


def _timing(at: datetime | None, now: datetime, *, waited: bool) -> Timing:
    if at is None:
        return Timing.NEVER
    if waited:
        return Timing.ON_TIME
    return Timing.LATE if at > now else Timing.PASSED


def _told_more(verb: verbs.Until, before: World) -> Callable[[World], bool]:
    """Whether the date may have moved since."""
    told = _told_of(before, verb)
    return lambda world: _told_of(world, verb) != told


def _told_of(world: World, verb: verbs.Until) -> int:
    """How often somebody reported something that may move the moment."""
    said = (signal for signal, _ in world.unread if isinstance(signal, Observation))
    return sum(signal.count for signal in said if signal.name in verb.moment.said_by)


def mail_of(verb: verbs.Send, at: datetime) -> Mail:
    """The mail that a verb has sent."""
    return Mail(at, verb.stage, incentive=_has_incentive(verb))


def _has_incentive(verb: verbs.Send) -> bool:
    return verb.offer is not None and verb.offer.is_incentive


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


def _waited(began: datetime, world: World, how: str) -> tuple[Turn, ...]:
    spent = world.now - began
    if spent <= timedelta() or world.ending is not None:
        return ()
    return (Turn(world.now, TurnKind.WAITED, f"waited {in_words(spent)}{how}"),)
