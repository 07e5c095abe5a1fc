"""What a recording has in store for one enrollment: the answers to its verbs, as of each moment."""

from copy import copy
from datetime import datetime
from typing import Any

from domain.behaviour import LOOK_BACK, observe
from domain.confirmation import is_confirmed
from domain.draw import draw
from domain.enrollment import EnrollmentRow
from domain.gate import GatePolicy
from domain.intent import Intent, Thresholds, Tier, score
from domain.message import MessageStatus
from domain.model import Value
from domain.moments import Moment
from domain.offer import Offer, OfferPolicy
from domain.signals import Signal
from rehearsal.backtest.timeline import Timeline
from rehearsal.fate import Allowed, Arrival
from workflows.vocabulary import verbs
from workflows.vocabulary.routing import Routes

MOST_EVENTS = 500
"""Of more, the latest are scored, as `storage.events` returns them."""


class Rules(Value):
    """What the deployment decides about mail."""

    policy: GatePolicy = GatePolicy()
    thresholds: Thresholds = Thresholds()
    offers: OfferPolicy = OfferPolicy()
    strict: bool = False
    """Mail only whom the recording gives an address and, if the policy wants it recorded, a consent.

    Recordings of behaviour often lack the calls that tell both. Off, both are supposed; opt-outs, refusals, bounces
    and complaints in the recording count all the same.
    """


class Recorded:
    """The fate of one enrollment. Implements `rehearsal.virtual.Fate`; hears each event once, in order."""

    def __init__(self, timeline: Timeline, routes: Routes, row: EnrollmentRow, rules: Rules, *, after: int) -> None:
        self._timeline, self._routes, self._row, self._rules = timeline, routes, row, rules
        self._topic = routes.plan(row.journey).topic
        self._began = timeline.told[after - 1].stored.event
        self._next = after
        self._scored: tuple[datetime, ...] = ()

    def copy(self) -> "Recorded":
        """The same, to be asked about something that may be asked again."""
        return copy(self)

    def belongs_to(self, customer: str) -> None:
        """Whoever the enrollment is of has turned out to be this customer."""
        self._row = self._row.model_copy(update={"customer": customer})

    @property
    def heard(self) -> int:
        """Place of the last event it knows of; see `domain.event.StoredEvent.seq`."""
        return self._timeline.story[self._next - 1].stored.seq

    def arrival(self, now: datetime, until: datetime) -> Arrival | None:
        """See `Fate`."""
        told = self._timeline.story
        while self._next < len(told) and told[self._next].at <= until:
            each = told[self._next]
            self._next += 1
            for tell in self._routes.tell(each.stored, (self._row,)):
                return max(each.at, now), tell.signal
        return None

    def allowed(self, now: datetime) -> Allowed:
        """See `Fate`."""
        self._scored = (*self._scored, now)  # a mail is scored before the gate is asked
        allowed = self._timeline.allowed(self._topic, now)._replace(unconfirmed=self._is_unconfirmed(now))
        if self._rules.strict:
            return allowed
        return allowed._replace(has_address=True, consent=allowed.consent is not False)

    def ends_before_mail(self) -> Signal | None:
        """See `Fate`. Everything up to the moment of a mail was heard before it."""
        return None

    def handed_over(self, template: str) -> MessageStatus:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return MessageStatus.SENT

    def arrives_while_sending(self) -> Signal | None:
        """See `Fate`."""
        return None

    def last_activity(self, names: tuple[str, ...], now: datetime, since: datetime) -> datetime | None:  # noqa: ARG002 -- the interface
        """See `Fate`."""
        return self._timeline.last(names, now)

    def moment(self, moment: Moment, now: datetime) -> datetime | None:
        """See `Fate`."""
        events = self._timeline.events(now)
        said = [each for each in events if each.event.name in moment.said_by]
        began = next((each for each in events if each.seq == self._row.occasion.seq), None)
        return moment.read(said, began, self._timeline.facts(now).timezone, self._rules.policy.default_zone)

    def fact(self, verb: "verbs.ReadFact[Any]", now: datetime) -> object:
        """See `Fate`."""
        return verb.fact.read(self._timeline.portrait(self._row.occasion, now, self._rules.thresholds))

    def intent(self, now: datetime) -> Intent:
        """See `Fate`. The tier of the score before decides with; so all of them are computed when one is asked for."""
        self._scored = (*self._scored, now)
        *earlier, _ = self._scored
        tier: Tier | None = None
        for moment in earlier:
            tier = self._score(moment, tier).tier
        return self._score(now, tier)

    def offer(self, now: datetime) -> Offer:
        """See `Fate`."""
        customer, rules = self._timeline.facts(now), self._rules.thresholds.segments
        return self._rules.offers.choose(customer, self.intent(now).tier, self._row.occasion.name, rules=rules)

    def variant(self, verb: verbs.ChooseVariant) -> str:
        """See `Fate`."""
        return draw(verb.experiment, self._row.customer, verb.variants)

    def since(self, change: str) -> bool:  # noqa: ARG002 -- the interface
        """See `Fate`. Every enrollment of a backtest begins after the change."""
        return True

    def _is_unconfirmed(self, now: datetime) -> bool:
        """Whether it began with what a page alone had reported by then."""
        if not self._began.public:
            return False
        return not is_confirmed(self._began, (each.event for each in self._timeline.events(now)))

    def _score(self, now: datetime, previous: Tier | None) -> Intent:
        known = [each for each in self._timeline.events(now) if each.event.occurred_at >= now - LOOK_BACK]
        recent = sorted(known, key=lambda each: (each.event.occurred_at, each.seq))[-MOST_EVENTS:]
        rules, orders = self._rules.thresholds.segments, self._timeline.facts(now).orders
        behaviour = observe(recent, now=now, orders=orders, rules=rules)
        return score(behaviour, now=now, thresholds=self._rules.thresholds, previous=previous)
