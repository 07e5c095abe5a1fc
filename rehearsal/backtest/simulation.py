"""A version of a journey over a recording: who would have begun, and how each enrollment would have gone.

Customers are simulated one after the other. What one customer does happens in order of time: events that begin an
enrollment, and verbs of those that are open, as one row of moments.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clock import REAL_TIME
from domain.enrollment import EnrollmentRow, Start, State
from domain.event import StoredEvent
from domain.gate import ConsentRule, GatePolicy
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
    for timeline in history.timelines.values():
        courses += _Customer(journey, routes, timeline, rules, history.ends).run()
    return tuple(sorted(courses, key=lambda course: (course.began_at, course.customer, course.key or "")))


class _Customer:
    """One customer's enrollments in one journey."""

    def __init__(
        self, journey: type[Journey], routes: Routes, timeline: Timeline, rules: Rules, ends: datetime
    ) -> None:
        self._journey, self._routes, self._timeline, self._rules, self._ends = journey, routes, timeline, rules, ends
        self._policy = _policy_of(rules)
        self._rows: dict[str, EnrollmentRow] = {}
        self._playing: list[Playing] = []
        self._mails: tuple[Mail, ...] = ()
        self._courses: list[Course] = []

    def run(self) -> list[Course]:
        """Play everything."""
        for index, told in enumerate(self._timeline.told):
            if self._routes.may_begin(told.stored.event):
                self._advance((told.at, told.stored.seq))
                for begin in self._begun_by(told):
                    self._open(begin, after=index + 1)
        self._advance(_NEVER)
        return self._courses

    def _begun_by(self, told: Told) -> Iterator[Begin]:
        """The enrollment that an event begins. In a backtest an event is news when it happens, however long ago."""
        plan = self._journey.plan
        events: Sequence[StoredEvent] = ()
        if self._routes.glance(plan, told.stored, told.customer) is None:
            events = self._timeline.portrait(occasion_of(told.stored), told.at).events
        begin = self._routes.begin(plan, told.stored, told.customer, told.at, events)
        if begin is not None:
            earlier = [row for row in self._rows.values() if row.key == begin.row.key]
            if may_reenter(self._journey.plan, earlier, told.at):
                yield begin

    def _open(self, begin: Begin, after: int) -> None:
        self._rows[begin.row.id] = begin.row
        if begin.row.state is State.ENDED:
            self._courses.append(_held_out(begin.row))
            return
        fate = Recorded(self._timeline, self._routes, begin.row, self._rules, after=after)
        self._playing.append(Playing(self._journey, begin, self._performers(begin.start), fate, self._mails))

    def _performers(self, start: Start) -> Callable[[datetime], VirtualPerformer]:
        """Performs verbs of an enrollment where the customer lives at a moment, as far as is known then."""
        by_zone: dict[str, VirtualPerformer] = {}

        def performer(now: datetime) -> VirtualPerformer:
            zone = self._timeline.facts(now).timezone or self._policy.default_zone
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
            elif (mail := due.go_on(self._mails)) is not None:
                self._mails = (*self._mails, mail)

    def _close(self, playing: Playing) -> None:
        self._playing.remove(playing)
        self._courses.append(playing.course(self._ends))
        if playing.is_over:
            self._rows[playing.row.id] = playing.ended_row()


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
