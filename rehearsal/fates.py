"""Everything that can happen while a verb is performed: the fates that the explorer plays one after the other.

Continuous things get representatives: a reaction comes soon or at the last moment, an ending half-way through a wait.
Each fate says in words what it makes of the verb, so that a path can be told.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from domain.enrollment import Start
from domain.event import (
    CUSTOMER_ERASED,
    EMAIL_BOUNCED,
    EMAIL_COMPLAINED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
)
from domain.intent import Intent, Tier
from domain.message import Kind, MessageStatus, Stage
from domain.moments import Moment, Timing
from domain.offer import Offer, OfferKind
from domain.signals import Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from rehearsal.fate import FREE, Allowed, Arrival, Cancel
from rehearsal.questions import answer_in_words, question_of
from rehearsal.world import Mail, World
from workflows.vocabulary import verbs
from workflows.vocabulary.inbox import COMMON_EXITS
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.words import in_words

SOON = timedelta(minutes=1)
"""A prompt reaction, and as far from the end of the wait a late one."""

AN_HOUR_AGO = timedelta(hours=1)
"""When another journey's mail went that the gate counts."""

A_WHILE = timedelta(days=3)
"""How long after a wait for a moment began its end comes; and by how much a moment is put off that moves."""

REVENUE = 100.0

TIERS: dict[Tier, Intent] = {
    tier: Intent.model_construct(
        score=score, tier=tier, parts=(), why=f"rehearsed: {tier.value}", scored_at=datetime.min.replace(tzinfo=UTC)
    )
    for tier, score in ((Tier.LOW, 15), (Tier.MEDIUM, 50), (Tier.HIGH, 90))
}

OFFERS = (
    Offer(why="rehearsed"),
    Offer(kind=OfferKind.REASSURANCE, why="rehearsed"),
    Offer(kind=OfferKind.FREE_SHIPPING, why="rehearsed"),
    Offer(kind=OfferKind.DISCOUNT, percent=10, code="REHEARSED", why="rehearsed"),
)

_REACTIONS: dict[type[Signal], tuple[str, Signal]] = {
    Click: ("clicks", Click(event_id="a-click")),
    Revisit: ("returns to the shop", Revisit(event_id="a-revisit")),
    Purchase: ("orders", Purchase(event_id="a-purchase", revenue=REVENUE)),
    Unsubscribe: ("leaves another topic", Unsubscribe(event_id="a-withdrawal", topic="another topic")),
    Observation: ("does something else", Observation(event_id="an-observation", name="Something Else")),
}

_EVENT = re.compile(r"[A-Z][a-z]*( [A-Za-z]+)+")
"""What reads like the name of an event: `Product Shared`. A journey's code says other texts, too."""

_PHRASES = {
    ORDER_COMPLETED: "buys",
    ORDER_CANCELLED: "cancels the order",
    ORDER_REFUNDED: "gets the order refunded",
    EMAIL_BOUNCED: "has an address that bounces",
    EMAIL_COMPLAINED: "marks it as spam",
    CUSTOMER_ERASED: "is erased",
}


class FateKind(StrEnum):
    """What a fate is about; drawings and checks tell fates apart by it."""

    USUAL = "usual"
    """The wait runs out, the mail goes."""
    RESTARTED = "restarted"
    REACTS = "reacts"
    ENDS = "ends"
    HELD = "held"
    """Something else stands in the mail's way for a while."""
    NOT_SENT = "not sent"
    ANSWER = "answer"


class When(StrEnum):
    """At which moment of a wait something arrives."""

    BEFORE = "before"
    """Already there when the wait begins."""
    SOON = "soon"
    HALF_WAY = "half-way"
    LATE = "late"
    WHILE_SENDING = "while sending"
    JUST_BEFORE_SENDING = "just before sending"


@dataclass(frozen=True)
class Rehearsed:
    """One fate. Implements `rehearsal.virtual.Fate`; every field left alone means that nothing comes between."""

    kind: FateKind
    words: str
    """What happens, as a person would say it of the customer, e.g. `clicks`. Empty for the usual."""
    arrived: Signal | Cancel | None = None
    when: When = When.HALF_WAY
    refusal: str | None = None
    status: MessageStatus = MessageStatus.SENT
    answer: object = None
    active_at: datetime | None = None
    """Active once more at that moment: a quiet wait begins anew."""
    another_mail: Mail | None = None
    moment_at: datetime | None = None
    """When the moment is that is waited for."""
    put_off_at: datetime | None = None
    """When it was put off, by `A_WHILE`."""

    def before(self, world: World) -> World:
        """The world as it is when the verb begins."""
        if self.another_mail is not None:
            mail = self.another_mail._replace(at=world.now - AN_HOUR_AGO)
            return world._replace(mails=tuple(sorted((*world.mails, mail))))
        if self.when is When.BEFORE and isinstance(self.arrived, Signal):
            return world._replace(unread=(*world.unread, (self.arrived, world.now)))
        return world

    def arrival(self, now: datetime, until: datetime) -> Arrival | None:
        """See `Fate`."""
        if self.arrived is None or self.when not in _WITHIN_A_WAIT or until <= now:
            return None
        match self.when:
            case When.SOON:
                return min(now + SOON, until), self.arrived
            case When.LATE:
                return max(until - SOON, now), self.arrived
            case _:
                return now + (until - now) / 2, self.arrived

    def allowed(self, now: datetime) -> Allowed:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return FREE if self.refusal is None else Allowed(suppression=self.refusal)

    def ends_before_mail(self) -> Signal | None:
        """See `Fate`."""
        return self._arrived_at(When.JUST_BEFORE_SENDING)

    def handed_over(self, template: str) -> MessageStatus:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return self.status

    def arrives_while_sending(self) -> Signal | None:
        """See `Fate`."""
        return self._arrived_at(When.WHILE_SENDING)

    def last_activity(self, names: tuple[str, ...], now: datetime, since: datetime) -> datetime | None:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return self.active_at if self.active_at is not None and since < self.active_at <= now else None

    def moment(self, moment: Moment, now: datetime) -> datetime | None:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        is_put_off = self.put_off_at is not None and now >= self.put_off_at
        return self.moment_at + A_WHILE if is_put_off and self.moment_at else self.moment_at

    def fact(self, verb: "verbs.ReadFact[Any]", now: datetime) -> object:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return self.answer

    def intent(self, now: datetime) -> Intent:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return cast("Intent", self.answer)

    def offer(self, now: datetime) -> Offer:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return cast("Offer", self.answer)

    def variant(self, verb: verbs.ChooseVariant) -> str:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return str(self.answer)

    def since(self, change: str) -> bool:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return bool(self.answer)

    def _arrived_at(self, moment: When) -> Signal | None:
        return self.arrived if self.when is moment and isinstance(self.arrived, Signal) else None


_WITHIN_A_WAIT = (When.SOON, When.HALF_WAY, When.LATE)
USUAL = Rehearsed(FateKind.USUAL, "")


Holds = Callable[[World, verbs.Send], bool]


class Fates:
    """What can happen to one journey's enrollments."""

    def __init__(self, plan: Plan, start: Start, observed: Iterable[str] = ()) -> None:
        """Prepare what can happen; `observed` are names of events that the journey's code says."""
        self._plan = plan
        ends = {plan.goal, *plan.exits, *COMMON_EXITS}
        self._observed = tuple(sorted(name for name in observed if _EVENT.fullmatch(name) and name not in ends))
        self._about = start.key
        self.exits = tuple(Rehearsed(FateKind.ENDS, words, arrived) for words, arrived in self._arrivals())
        self._telling = (self.exits[0], self.exits[-2])
        """The goal and an unsubscription. Around a hand-over all endings do the same, and two are enough."""

    def of(self, verb: verbs.Verb[Any], world: World, holds: Holds) -> tuple[Rehearsed, ...]:
        """Every fate of a verb as things stand. The first is the usual one.

        Args:
            verb: about to be performed.
            world: how things stand.
            holds: whether the gate would hold a mail back in a world.
        """
        match verb:
            case verbs.Send():
                return tuple(self._of_send(verb, world, holds))
            case verbs.Wait() | verbs.WaitUntil() | verbs.WaitUntilLocal():
                return (USUAL, *self.exits)
            case verbs.Quiet(duration):
                again = world.now + duration / 2
                return (USUAL, Rehearsed(FateKind.RESTARTED, "is active again", active_at=again), *self.exits)
            case verbs.Until():
                return tuple(self._of_moment(verb, world))
            case verbs.Suppress():
                return (USUAL,)
            case verbs.Reaction(kinds, within):
                return (USUAL, *self._reactions(kinds, within, world), *self.exits)
            case _:
                return tuple(self._of_question(verb, world))

    def _of_moment(self, verb: verbs.Until, world: World) -> Iterator[Rehearsed]:
        name, now = verb.moment.name, world.now
        ahead = now + verb.before + A_WHILE
        usual = Rehearsed(FateKind.USUAL, "", answer=Timing.ON_TIME, moment_at=ahead)
        yield usual
        yield replace(usual, kind=FateKind.RESTARTED, words=f"puts off the {name}", put_off_at=now + A_WHILE / 2)
        if verb.before:
            words = f"comes later than {in_words(verb.before)} before the {name}"
            yield Rehearsed(FateKind.ANSWER, words, answer=Timing.LATE, moment_at=now + verb.before / 2)
        yield Rehearsed(FateKind.ANSWER, f"comes after the {name}", answer=Timing.PASSED, moment_at=now - SOON)
        yield Rehearsed(FateKind.ANSWER, f"has no {name}", answer=Timing.NEVER)
        yield from (replace(fate, moment_at=ahead) for fate in self.exits)

    def _of_question(self, verb: verbs.Verb[Any], world: World) -> Iterator[Rehearsed]:
        question, _ = question_of(verb)
        for known in world.known:
            if known.question == question:  # asked again, it is answered as before, and that says nothing new
                yield Rehearsed(FateKind.USUAL, "", answer=known.answer)
                return
        for answer in _answers(verb):
            yield Rehearsed(FateKind.ANSWER, answer_in_words(verb, answer), answer=answer)

    def _reactions(self, kinds: tuple[type[Signal], ...], within: timedelta, world: World) -> Iterator[Rehearsed]:
        if any(isinstance(signal, kinds) for signal, _ in world.unread):
            return
        for phrase, signal in (reaction for kind in kinds for reaction in self._of_kind(kind)):
            if world.now > world.unheard_since(type(signal)):
                yield Rehearsed(FateKind.REACTS, f"{phrase} before that", signal, When.BEFORE)
            yield Rehearsed(FateKind.REACTS, phrase, signal, When.SOON)
            if within > 2 * SOON:
                again = signal.model_copy(update={"more": 2})
                yield Rehearsed(FateKind.REACTS, f"{phrase} three times at the last moment", again, When.LATE)

    def _of_kind(self, kind: type[Signal]) -> Iterator[tuple[str, Signal]]:
        yield _REACTIONS[kind]
        if kind is Observation:
            for name in self._observed:
                yield f"does “{name}”", Observation(event_id="an-observation", name=name)

    def _of_send(self, verb: verbs.Send, world: World, holds: Holds) -> Iterator[Rehearsed]:
        yield USUAL
        yield Rehearsed(FateKind.NOT_SENT, "may not be mailed", refusal="not to be mailed")
        yield Rehearsed(FateKind.NOT_SENT, "is refused by the mail server", status=MessageStatus.REFUSED)
        if verb.kind is Kind.MARKETING:
            yield Rehearsed(FateKind.USUAL, "perhaps got it", status=MessageStatus.UNKNOWN)
        if world.ending is not None:
            return
        for fate in self._telling:
            yield Rehearsed(FateKind.ENDS, f"{fate.words} while it is sent", fate.arrived, When.WHILE_SENDING)
        if not verb.is_owed:
            yield from self._of_marketing(verb, world, holds)

    def _of_marketing(self, verb: verbs.Send, world: World, holds: Holds) -> Iterator[Rehearsed]:
        goal = self._telling[0]
        if _event_of(goal.arrived) in self._plan.ends_on:
            yield replace(goal, words=f"{goal.words} just before it goes", when=When.JUST_BEFORE_SENDING)
        if holds(world, verb):
            yield from (replace(fate, words=f"{fate.words} while it waits") for fate in self.exits)
            return
        other = Mail(datetime.min.replace(tzinfo=UTC), _another(verb.stage), own=False)
        held = Rehearsed(FateKind.HELD, "got another journey's mail an hour before", another_mail=other)
        if holds(held.before(world), verb):
            yield held
            for fate in (*self._telling, self.exits[-1]):
                yield replace(fate, words=f"{held.words}, and {fate.words} while this one waits", another_mail=other)

    def _arrivals(self) -> Iterator[tuple[str, Signal | Cancel]]:
        named = dict.fromkeys(
            [*filter(None, [self._plan.goal]), *self._plan.exits, EMAIL_BOUNCED, EMAIL_COMPLAINED, CUSTOMER_ERASED]
        )
        for name in named:
            yield _phrase(name), self._signal_of(name)
        yield "unsubscribes", Unsubscribe(event_id="an-exit")
        yield "is withdrawn by an operator", Cancel()

    def _signal_of(self, name: str) -> Signal:
        if name == ORDER_COMPLETED:
            return Purchase(event_id="an-exit", revenue=REVENUE, order_id="another-order")
        return Observation(event_id="an-exit", name=name, about=self._about)


def _answers(verb: verbs.Verb[Any]) -> tuple[object, ...]:
    match verb:
        case verbs.ReadFact(fact):
            return fact.values
        case verbs.Score():
            return tuple(TIERS.values())
        case verbs.ChooseOffer():
            return OFFERS
        case verbs.ChooseVariant(_, variants):
            return variants
        case verbs.Since():
            return (True, False)
        case _:
            raise TypeError(f"the rehearsal does not know the verb {type(verb).__name__}")


def _event_of(arrived: Signal | Cancel | None) -> str | None:
    match arrived:
        case Purchase():
            return ORDER_COMPLETED
        case Observation(name=name):
            return name
        case _:
            return None


def _phrase(name: str) -> str:
    return _PHRASES.get(name, f"does “{name}”")


def _another(stage: Stage) -> Stage:
    """A stage that is not this one: caps of a stage count its own mails alone."""
    return next(each for each in Stage if each is not stage)
