"""A version of a journey over a recording: who would have begun, and how each enrollment would have gone.

People are simulated one after the other, each with all ids that turned out to be theirs, and together with those who
ever had the same address: what goes to a mailbox counts there. What they do happens in order of time: events that begin
an enrollment or tell who somebody is, and verbs of enrollments that are open, as one row of moments.

Limit: what ends a journey and was done under the other id before it was known whose it is, such as an order as a guest,
reaches the journeys of that id only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clock import REAL_TIME
from domain.enrollment import EnrollmentRow, Start, State
from domain.event import StoredEvent
from domain.gate import ConsentRule, GatePolicy
from domain.joining import settle
from rehearsal.backtest.course import Course
from rehearsal.backtest.fate import Recorded, Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.playing import Playing
from rehearsal.backtest.timeline import Timeline, Told
from rehearsal.virtual import VirtualPerformer
from rehearsal.world import Mail
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.routing import Begin, Routes, may_reenter, occasion_of

LOOK_AHEAD = timedelta(days=365)
"""After the recording's end. An enrollment that is open for longer is left as it is."""

_NEVER = (datetime.max.replace(tzinfo=UTC), 0)

Moment = tuple[datetime, int]
"""A time, and the place of the last event that had happened by then."""


def simulate(
    journey: type[Journey], history: History, rules: Rules, settings: Mapping[str, Any] | None = None
) -> tuple[Course, ...]:
    """Run a journey over a recording; every enrollment, in the order in which they begin.

    Args:
        journey: any version of it.
        history: the folded recording.
        rules: what the deployment decides about mail.
        settings: what the deployment changes of the journey's settings.

    Raises:
        ConfigurationError: the journey has no such setting.
        JourneyError: its code fails, or never ends.
    """
    name = journey.plan.name
    changed = {name: dict(settings)} if settings else {}
    routes = Routes({name: journey}, REAL_TIME, changed, rules.thresholds)
    if history.ends is None:
        return ()
    courses: list[Course] = []
    for timelines in _households(history):
        courses += _Household(journey, routes, timelines, rules, history.ends).run()
    return tuple(sorted(courses, key=lambda course: (course.began_at, course.customer, course.key or "")))


class _Household:
    """The enrollments in one journey of those who ever shared a mailbox, under every id that turned out to be theirs.

    Most are one person.
    """

    def __init__(
        self, journey: type[Journey], routes: Routes, timelines: Sequence[Timeline], rules: Rules, ends: datetime
    ) -> None:
        self._journey, self._routes, self._rules, self._ends = journey, routes, rules, ends
        self._timelines = {timeline.customer: timeline for timeline in timelines}
        self._policy = _policy_of(rules)
        self._rows: dict[str, EnrollmentRow] = {}
        self._playing: list[Playing] = []
        self._mails: dict[str, tuple[Mail, ...]] = {}
        self._courses: list[Course] = []

    def run(self) -> list[Course]:
        """Play everything."""
        leaving = sorted((each for each in self._timelines.values() if each.heir), key=lambda each: each.gone_with)
        for told, index, timeline in self._told():
            while leaving and leaving[0].gone_with <= told.stored.seq:
                self._join(leaving.pop(0))
            if self._routes.may_begin(told.stored.event):
                self._advance((told.at, told.stored.seq))
                for begin in self._begun_by(told, timeline):
                    self._open(begin, timeline, after=index + 1)
        self._advance(_NEVER)
        return self._courses

    def _told(self) -> list[tuple[Told, int, Timeline]]:
        """All events in their order, each with its place in whose story it is."""
        told = [(each, index, whose) for whose in self._timelines.values() for index, each in enumerate(whose.told)]
        return sorted(told, key=lambda each: each[0].stored.seq)

    def _join(self, left: Timeline) -> None:
        """Somebody turns out to be somebody known: their enrollments are, too, and one goes on where both are in it."""
        at, old = left.gone_at, left.customer
        assert left.heir is not None  # noqa: S101 who leaves has an heir; tells the type checker
        assert at is not None  # noqa: S101
        new = left.heir.customer
        self._advance((at, left.gone_with))
        for row in self._rows.values():
            if row.customer == old:
                self._rows[row.id] = row.model_copy(update={"customer": new})
        self._courses = [
            course.model_copy(update={"customer": new}) if course.customer == old else course
            for course in self._courses
        ]
        mine = [each for each in self._playing if each.row.customer in (old, new)]
        for each in mine:
            each.belongs_to(new)
        mails = (*self._mails.pop(old, ()), *self._mails.get(new, ()))
        self._mails[new] = tuple(sorted(mails, key=lambda mail: mail.at))
        for ended in settle([each.row for each in mine], {each.row.id: each.said for each in mine}):
            playing = next(each for each in mine if each.row.id == ended.enrollment)
            playing.give_way(ended.by, at)
            self._close(playing)

    def _begun_by(self, told: Told, timeline: Timeline) -> Iterator[Begin]:
        """The enrollment that an event begins. In a backtest an event is news when it happens, however long ago."""
        plan = self._journey.plan
        events: Sequence[StoredEvent] = ()
        if self._routes.glance(plan, told.stored, told.customer) is None:
            events = timeline.portrait(occasion_of(told.stored), told.at).events
        begin = self._routes.begin(plan, told.stored, told.customer, told.at, events)
        if begin is not None:
            mine = [row for row in self._rows.values() if row.customer == timeline.customer]
            earlier = [row for row in mine if row.key == begin.row.key]
            if may_reenter(self._journey.plan, earlier, told.at):
                yield begin

    def _open(self, begin: Begin, timeline: Timeline, after: int) -> None:
        self._rows[begin.row.id] = begin.row
        if begin.row.state is State.ENDED:
            self._courses.append(_held_out(begin.row))
            return
        fate = Recorded(timeline, self._routes, begin.row, self._rules, after=after)
        mails = self._received(timeline.customer, begin.row.started_at)
        self._playing.append(Playing(self._journey, begin, self._performers(begin.start, timeline), fate, mails))

    def _received(self, customer: str, now: datetime) -> tuple[Mail, ...]:
        """The mails of this journey that lay in a customer's mailbox at a moment, whoever they were for."""
        sharers = self._timelines[customer].sharers(now)
        mails = [mail for each in sharers for mail in self._mails.get(each.customer, ())]
        return tuple(sorted(mails, key=lambda mail: mail.at)) if len(sharers) > 1 else tuple(mails)

    def _performers(self, start: Start, timeline: Timeline) -> Callable[[datetime], VirtualPerformer]:
        """Performs verbs of an enrollment where the customer lives at a moment, as far as is known then."""
        by_zone: dict[str, VirtualPerformer] = {}

        def performer(now: datetime) -> VirtualPerformer:
            zone = timeline.facts(now).timezone or self._policy.default_zone
            if zone not in by_zone:
                by_zone[zone] = VirtualPerformer(self._journey.plan, start, self._policy, zone)
            return by_zone[zone]

        return performer

    def _advance(self, before: Moment) -> None:
        """Let every open enrollment go on up to a moment, the one that is due first before the others."""
        while self._playing:
            due = min(self._playing, key=lambda playing: playing.moment)
            if due.moment >= before:
                return
            if due.is_over or due.moment[0] > self._ends + LOOK_AHEAD:
                self._close(due)
                continue
            customer = due.row.customer
            if (mail := due.go_on(self._received(customer, due.moment[0]))) is not None:
                self._mails[customer] = (*self._mails.get(customer, ()), mail)

    def _close(self, playing: Playing) -> None:
        self._playing.remove(playing)
        self._courses.append(playing.course(self._ends))
        if playing.is_over:
            self._rows[playing.row.id] = playing.ended_row()


def _households(history: History) -> Iterable[list[Timeline]]:
    """The timelines of each person together, and of whoever else ever had an address of theirs."""
    leads: dict[str, str] = {}

    def first(name: str) -> str:
        while (further := leads.setdefault(name, name)) != name:
            leads[name] = name = leads[further]
        return name

    # An id is never taken for an address: none has an @ in it, see `domain.identity`.
    names = {each.customer: each.at(_NEVER[0]).customer for each in history.timelines.values()}
    for timeline in history.timelines.values():
        for address in sorted(timeline.addresses):
            leads[first(address)] = first(names[timeline.customer])
    households: dict[str, list[Timeline]] = {}
    for timeline in history.timelines.values():
        households.setdefault(first(names[timeline.customer]), []).append(timeline)
    return households.values()


def _policy_of(rules: Rules) -> GatePolicy:
    return rules.policy if rules.strict else rules.policy.model_copy(update={"consent": ConsentRule.ASSUMED})


def _held_out(row: EnrollmentRow) -> Course:
    return Course(
        enrollment=row.id,
        customer=row.customer,
        key=row.key,
        event_id=row.occasion.event_id,
        began_with=row.occasion.name,
        began_at=row.occasion.occurred_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
    )
