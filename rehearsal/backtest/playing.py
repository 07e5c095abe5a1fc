"""One enrollment while it is simulated: the journey's own code, its verbs performed against the recording.

A verb is performed *provisionally* first: that tells when it will be done. It counts once everything that happens
earlier has happened, since another enrollment of the customer may send a mail meanwhile that a cap counts.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.enrollment import EnrollmentRow, Outcome, OutcomeKind, State
from domain.errors import JourneyError
from domain.joining import Said, superseded_outcome
from domain.message import Kind
from domain.moments import Timing
from domain.offer import Offer, OfferKind
from rehearsal.backtest.course import Course, PlannedMail, Unsent
from rehearsal.backtest.fate import Recorded
from rehearsal.virtual import Done, VirtualPerformer, mail_of
from rehearsal.world import Mail, TurnKind
from workflows.vocabulary import verbs
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.routing import Begin
from workflows.vocabulary.script import Script
from workflows.vocabulary.verbs import SIGNAL_WORDS
from workflows.vocabulary.words import in_words

MOST_VERBS = 10_000
"""Of one enrollment. More is a journey without an end."""

COMPLETED = Outcome(kind=OutcomeKind.COMPLETED, why="the sequence is complete")


class Playing:
    """One enrollment.

    Args:
        journey: the version.
        begin: what began.
        performers: performs verbs for a customer as they are known at a moment.
        fate: what happens.
        mails: the customer's marketing mails of this journey so far, whichever enrollment sent them.

    Raises:
        JourneyError: the journey's code fails, or never ends.
    """

    _tried: Done
    """How the open verb would be done, as far as is known."""
    _outcome: Outcome | None

    def __init__(
        self,
        journey: type[Journey],
        begin: Begin,
        performers: Callable[[datetime], VirtualPerformer],
        fate: Recorded,
        mails: tuple[Mail, ...],
    ) -> None:
        self.row = begin.row
        self._name, self._performers, self._fate = journey.plan.name, performers, fate
        self._world = performers(begin.row.started_at).first_world()
        self._because = f"after {begin.row.occasion.name}"
        self._named: dict[str, int] = {}
        self._mails: list[PlannedMail] = []
        self._unsent: list[Unsent] = []
        self._verbs = 0
        self._script = Script(journey(begin.start).steps())
        self._verb = self._next(None)
        self._attempt(mails)

    @property
    def moment(self) -> tuple[datetime, int]:
        """When the open verb is done, and the last event that it knows of then. The end, where none is open."""
        return self._tried.world.now, self._tried_fate.heard

    @property
    def is_over(self) -> bool:
        """Whether nothing more is done."""
        return self._outcome is not None

    def go_on(self, mails: tuple[Mail, ...]) -> Mail | None:
        """Let the open verb count, and take up the next. Returns the marketing mail that went out with it, if one did.

        Where mails went out since it was tried, it is tried again. Changes nothing else if it then takes longer.
        """
        verb = self._verb
        if verb is None or self.is_over:
            return None
        if isinstance(verb, verbs.Send) and mails != self._tried_with:
            due = self.moment
            self._attempt(mails)
            if self.moment != due or self.is_over:
                return None
        done = self._tried
        self._world, self._fate = done.world, self._tried_fate
        sent = self._note(verb, done)
        self._verb = self._next(done.answer)
        self._attempt(mails if sent is None else (*mails, sent))
        return sent

    @property
    def said(self) -> Said:
        """What it has said to the customer so far."""
        return Said(mails=len(self._mails), last_at=self._mails[-1].at if self._mails else None)

    def belongs_to(self, customer: str) -> None:
        """Whoever it is of has turned out to be this customer."""
        self.row = self.row.model_copy(update={"customer": customer})
        self._fate.belongs_to(customer)
        self._tried_fate.belongs_to(customer)

    def give_way(self, by: str, at: datetime) -> None:
        """End it: another enrollment of the same person goes on in its place."""
        self._script.close()
        self._tried = Done(self._tried.world._replace(now=at), None)
        self._outcome = superseded_outcome(by, len(self._mails))

    def course(self, ends: datetime) -> Course:
        """How it went, told by somebody who knows when the recording ends."""
        over, outcome = self._tried.world.now, self._outcome
        occasion = self.row.occasion
        return Course(
            enrollment=self.row.id,
            customer=self.row.customer,
            key=self.row.key,
            event_id=occasion.event_id,
            began_with=occasion.name,
            began_at=occasion.occurred_at,
            mails=tuple(mail.model_copy(update={"supposed": mail.at > ends}) for mail in self._mails),
            unsent=tuple(mail.model_copy(update={"supposed": mail.at > ends}) for mail in self._unsent),
            ended_at=over if outcome else None,
            outcome=outcome,
            supposed=over > ends,
        )

    def ended_row(self) -> EnrollmentRow:
        """The row as the database would have it after the end."""
        update = {"state": State.ENDED, "ended_at": self._tried.world.now, "outcome": self._outcome}
        return self.row.model_copy(update=update)

    def _next(self, answer: object) -> "verbs.Verb[Any] | None":
        self._verbs += 1
        if self._verbs > MOST_VERBS:
            raise JourneyError(f"{self._name} asks {MOST_VERBS} things in one enrollment: it may never end")
        try:
            return self._script.answer(answer)
        except JourneyError:
            raise
        except Exception as error:
            raise JourneyError(
                f"{self._name} fails for customer {self.row.customer}: {type(error).__name__}: {error}"
            ) from error

    def _attempt(self, mails: tuple[Mail, ...]) -> None:
        """Perform the open verb provisionally, after hearing what has happened up to now."""
        fate, world = self._fate.copy(), self._world._replace(mails=mails)
        performer = self._performers(world.now)
        while world.ending is None and (arrival := fate.arrival(world.now, world.now)) is not None:
            world = performer.hear(world, arrival[1], arrival[0])
        self._tried, self._tried_fate, self._tried_with = Done(world, None), fate, mails
        self._outcome = None
        if self._verb is None or (world.ending is not None and not self._verb.is_owed):
            self._script.close()
            self._outcome = (world.ending or COMPLETED).model_copy(update={"mails": len(self._mails)})
        else:
            self._tried = performer.perform(world, self._verb, fate)

    # -- what is told of it --------------------------------------------------------------------------------------

    def _note(self, verb: verbs.Verb[Any], done: Done) -> Mail | None:
        self._because = _because(verb, done.answer) or self._because
        if not isinstance(verb, verbs.Send):
            return None
        name = verb.template.rsplit("/", 1)[-1]
        self._named[name] = count = self._named.get(name, 0) + 1
        step = name if count == 1 else f"{name}-{count}"
        at = done.world.now
        held = tuple(turn.words for turn in done.turns if turn.kind is TurnKind.HELD)
        if not done.answer.went_out:
            self._unsent.append(Unsent(step=step, template=verb.template, at=at, why=done.answer.reason, held=held))
            return None
        mail = PlannedMail(
            step=step, template=verb.template, at=at, because=self._because, offer=_offer(verb.offer), held=held
        )
        self._mails.append(mail)
        return mail_of(verb, at) if verb.kind is Kind.MARKETING else None


def _because(verb: verbs.Verb[Any], answer: Any) -> str:
    """Why the journey goes on after a wait, in the words of the production performer."""
    match verb:
        case verbs.Wait(duration):
            return f"{in_words(duration)} later"
        case verbs.Quiet(duration):
            return f"quiet for {in_words(duration)}"
        case verbs.Until():
            return "" if answer is Timing.NEVER else verb.came(answer)
        case verbs.Reaction(within=within):
            return SIGNAL_WORDS[type(answer)] if answer is not None else f"no answer in {in_words(within)}"
        case _:
            return ""


def _offer(offer: Offer | None) -> str:
    if offer is None or offer.kind is OfferKind.NOTHING:
        return ""
    return f"{offer.kind.value} {offer.percent} %" if offer.kind is OfferKind.DISCOUNT else offer.kind.value
