"""What an event means for journeys: which enrollments it begins and which it is told to. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from domain import basket
from domain.clock import PacedClock
from domain.customer import Customer
from domain.draw import share
from domain.enrollment import (
    EnrollmentRow,
    Occasion,
    Outcome,
    OutcomeKind,
    Start,
    State,
    enrollment_id,
    workflow_id,
)
from domain.errors import ConfigurationError
from domain.event import EMAIL_LINK_CLICKED, ORDER_COMPLETED, UNSUBSCRIBED, Event, StoredEvent
from domain.intent import DEFAULT_THRESHOLDS, Thresholds
from domain.portrait import Portrait
from domain.remedies import remedy
from domain.signals import Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from domain.stand_ins import BARE, StandIns
from domain.withdrawal import may_pass
from workflows.vocabulary.inbox import COMMON_EXITS
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.listening import listens_to, observes
from workflows.vocabulary.plan import Plan


@dataclass(frozen=True)
class Begin:
    """Begin an enrollment. A row that is ended already (held out) is only recorded."""

    row: EnrollmentRow
    start: Start


@dataclass(frozen=True)
class Tell:
    """Signal a running enrollment."""

    enrollment: str
    workflow_id: str
    signal: Signal
    may_end: bool
    """Whether it can end the enrollment; else it is a reaction, or nothing."""


@dataclass(frozen=True)
class _Listener:
    """A journey as somebody to be told: what may end it, and what its code can wait for."""

    plan: Plan
    kinds: frozenset[type[Signal]]
    observed: frozenset[str]

    def may_end_on(self, event: Event) -> bool:
        ends_on = event.name in (self.plan.goal, *self.plan.exits, UNSUBSCRIBED) or event.name in COMMON_EXITS
        return ends_on and not may_pass(event)


class Routes:
    """The deployed journeys, as the dispatcher sees them.

    `settings` are the deployment's changes to journeys' settings, by journey name. An enrollment keeps those it began
    with, defaults included: a later change touches none that runs. `thresholds` are those of tiers and segments, by
    which triggers judge. No event begins a journey that is `off`; those that run go on, and operators may begin one.

    Whoever has a database sets `stand_ins` to those of its salt before anything is begun or told (`storage.salt`).

    Raises:
        ConfigurationError: they name an unknown journey or setting, a value is wrong, or one cannot be off.
    """

    def __init__(
        self,
        journeys: Mapping[str, type[Journey]],
        clock: PacedClock,
        settings: Mapping[str, dict[str, Any]],
        thresholds: Thresholds = DEFAULT_THRESHOLDS,
        off: Collection[str] = (),
    ) -> None:
        self._plans = {name: journey.plan for name, journey in journeys.items()}
        self._listeners = {
            name: _Listener(journey.plan, listens_to(journey), observes(journey)) for name, journey in journeys.items()
        }
        self.clock, self._thresholds = clock, thresholds
        self.stand_ins: StandIns = BARE
        self._settings = _resolved(self._plans, settings)
        self._anything: list[Plan] = []
        self._by_event: dict[str, list[Plan]] = {}
        self._off = _checked(self._plans, off)
        for plan in self._plans.values():
            if plan.name in self._off:
                continue
            names = plan.trigger.names()
            if names is None:
                self._anything.append(plan)
            for name in sorted(names or ()):
                self._by_event.setdefault(name, []).append(plan)

    def knows(self, journey: str) -> bool:
        """Whether a journey is deployed."""
        return journey in self._plans

    def is_off(self, journey: str) -> bool:
        """Whether it is switched off: no event begins it."""
        return journey in self._off

    def plan(self, journey: str) -> Plan:
        """The plan of a deployed journey."""
        return self._plans[journey]

    def may_begin(self, event: Event) -> list[Plan]:
        """Journeys that the event could begin, by its name alone."""
        return [*self._by_event.get(event.name, ()), *self._anything]

    def glance(self, plan: Plan, stored: StoredEvent, customer: Customer) -> bool | None:
        """Whether the event begins the journey; None: that depends on what the customer did before."""
        event = stored.event
        # By when it was received: what we had accepted before an outage of our own is not old for that.
        is_fresh = event.received_at - event.occurred_at <= plan.fresh_for
        return plan.trigger.glance(stored, customer) if is_fresh else False

    def begin(
        self,
        plan: Plan,
        stored: StoredEvent,
        customer: Customer,
        now: datetime,
        events: Sequence[StoredEvent] = (),
    ) -> Begin | None:
        """The enrollment that the event begins in a journey, if its trigger matches and the event was fresh.

        `events` are what the customer did, as in `Portrait.events`; needed where `glance` cannot tell.
        """
        occasion = occasion_of(stored, self.stand_ins)
        seen = self.glance(plan, stored, customer)
        if seen is None:
            said = stored.event.properties
            portrait = Portrait(now, customer, occasion, said, events, self._thresholds)
            seen = plan.trigger.matches(stored, portrait)
        return self.enroll(plan, stored.customer, occasion, now, key=self.key_of(plan, stored.event)) if seen else None

    def key_of(self, plan: Plan, event: Event) -> str | None:
        """What tells the enrollment that an event begins from the customer's others; None where there is but one."""
        said = _said_key(plan, event)
        return None if said is None else self.stand_ins.fit(said)

    def keys_of(self, plan: Plan, event: Event) -> tuple[str, ...]:
        """The same, as enrollments may have it that began under earlier versions; empty where there is but one."""
        said = _said_key(plan, event)
        return () if said is None else self.stand_ins.forms(said)

    def is_of(self, row: EnrollmentRow, plan: Plan, event: Event) -> bool:
        """Whether an enrollment in the journey is the one that the event is about, by its key."""
        return row.key in (self.keys_of(plan, event) or (None,))

    def begin_again(self, row: EnrollmentRow) -> Begin:
        """An enrollment that was decided before, and whose workflow has not begun."""
        plan = self._plans[row.journey]
        begin = self.enroll(plan, row.customer, row.occasion, row.started_at, key=row.key)
        # Its id is of whom it began with, who may be another customer by now.
        return Begin(row=row, start=begin.start.model_copy(update={"enrollment": row.id}))

    def enroll(self, plan: Plan, customer: str, occasion: Occasion, now: datetime, *, key: str | None = None) -> Begin:
        """The enrollment of a customer on an occasion, held out if the lot falls so."""
        start = Start(
            enrollment=enrollment_id(plan.name, customer, occasion.event_id),
            journey=plan.name,
            customer=customer,
            key=key,
            occasion=occasion,
            earned_until=occasion.earned_until,
            clock=self.clock,
            settings=self._settings[plan.name],
        )
        held_out = share(f"holdout:{plan.name}", customer) < plan.holdout
        row = EnrollmentRow(
            id=start.enrollment,
            workflow_id=workflow_id(plan.name, customer, key),
            journey=plan.name,
            customer=customer,
            key=key,
            lane=plan.lane,
            priority=plan.priority,
            state=State.ENDED if held_out else State.STARTING,
            occasion=occasion,
            started_at=now,
            ended_at=now if held_out else None,
            outcome=Outcome(kind=OutcomeKind.HELD_OUT, why="in the journey's holdout") if held_out else None,
        )
        return Begin(row=row, start=start)

    def ends_on(self, journey: str) -> frozenset[str]:
        """Names of the events that may end a journey, those that may end every one included."""
        plan = self._plans[journey]
        goal = () if plan.goal is None else (plan.goal,)
        return frozenset((*goal, *plan.exits, UNSUBSCRIBED, *COMMON_EXITS))

    def tell(self, stored: StoredEvent, running: Iterable[EnrollmentRow]) -> list[Tell]:
        """The signals that the event means for running enrollments, none for the one it began.

        A journey is told what may end it, and besides only what it listens to.
        """
        told: list[Tell] = []
        for row in running:
            listener = self._listeners.get(row.journey)
            if listener is None or stored.repeats or row.occasion.event_id == self.stand_ins.event_id(stored):
                continue
            signal = _signal(stored, listener, row, self.stand_ins)
            if signal is not None:
                may_end = listener.may_end_on(stored.event)
                told.append(Tell(enrollment=row.id, workflow_id=row.workflow_id, signal=signal, may_end=may_end))
        return told


def _checked(plans: Mapping[str, Plan], off: Collection[str]) -> frozenset[str]:
    for name in off:
        if name not in plans:
            raise ConfigurationError(f"SEGUE_JOURNEYS_OFF: no journey is named {name!r}; there are: {', '.join(plans)}")
        if plans[name].owed:
            raise ConfigurationError(f"SEGUE_JOURNEYS_OFF: {name} answers what customers are owed, and cannot be off")
    return frozenset(off)


def _resolved(plans: Mapping[str, Plan], changed: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    unknown = sorted(set(changed) - set(plans))
    if unknown:
        raise ConfigurationError(f"SEGUE_JOURNEYS: no journey is named {unknown[0]!r}; there are: {', '.join(plans)}")
    return {name: _settings_of(plan, changed.get(name, {})) for name, plan in plans.items()}


def _settings_of(plan: Plan, changed: dict[str, Any]) -> dict[str, Any]:
    if plan.settings is None:
        if changed:
            raise ConfigurationError(f"SEGUE_JOURNEYS: the journey {plan.name} has no settings")
        return {}
    try:
        return plan.settings.model_validate(changed).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"SEGUE_JOURNEYS: {plan.name}.{where}: {remedy(first, plan.settings)}") from None


def may_reenter(plan: Plan, earlier: Sequence[EnrollmentRow], now: datetime) -> bool:
    """Whether a customer may begin again, given their earlier enrollments in the journey (with the same key).

    One that is still open forbids it. One that mailed the customer, or would have if it were not held out, forbids it
    for the plan's re-entry time; one that ended before it said anything does not.
    """
    for row in earlier:
        if row.state is not State.ENDED:
            return False
        counts = row.outcome is not None and (row.outcome.mails > 0 or row.outcome.kind is OutcomeKind.HELD_OUT)
        again_at = None if plan.reentry is None else row.started_at + plan.reentry
        if (counts or plan.one_per is not None) and (again_at is None or again_at > now):
            return False
    return True


def occasion_of(stored: StoredEvent, stand_ins: StandIns = BARE) -> Occasion:
    """An event as the occasion of an enrollment."""
    event = stored.event
    return Occasion(
        event_id=stand_ins.event_id(stored),
        name=event.name,
        seq=stored.seq,
        nth=stored.nth,
        occurred_at=event.occurred_at,
    )


def _said_key(plan: Plan, event: Event) -> str | None:
    return None if plan.one_per is None else _text(event, plan.one_per) or event.message_id


def _signal(stored: StoredEvent, listener: _Listener, row: EnrollmentRow, stand_ins: StandIns) -> Signal | None:
    event, kinds, one_per = stored.event, listener.kinds, listener.plan.one_per
    may_end = listener.may_end_on(event)
    said = {"event_id": stand_ins.event_id(stored), "occurred_at": event.occurred_at}
    match event.name:
        case str(name) if may_pass(event):
            return None
        case str(name) if name == UNSUBSCRIBED:
            return Unsubscribe(**said, topic=_text(event, "topic"))
        case str(name) if name == ORDER_COMPLETED and (may_end or Purchase in kinds):
            return Purchase(**said, revenue=_revenue(event), order_id=_key(event, "order_id", row, stand_ins))
        case str(name) if name == EMAIL_LINK_CLICKED and not may_end:
            # A click on another journey's mail is no answer to this one's.
            is_ours = event.properties.get("journey") in (None, row.journey)
            return Click(**said, message=_text(event, "message")) if is_ours and Click in kinds else None
        case str(name) if may_end or name in listener.observed:
            about = _key(event, one_per, row, stand_ins) if one_per else None
            return Observation(**said, name=name, about=about)
        case _:
            return Revisit(**said) if stored.starts_visit and Revisit in kinds else None


def _key(event: Event, name: str, row: EnrollmentRow, stand_ins: StandIns) -> str | None:
    """A property that is a key, as the enrollment knows it, which may have it from an earlier version."""
    said = _text(event, name)
    if said is None:
        return None
    return row.key if row.key in stand_ins.forms(said) else stand_ins.fit(said)


def _text(event: Event, name: str) -> str | None:
    """A property as text, in either spelling of its name: `order_id` or `orderId`."""
    first, *rest = name.split("_")
    camel = first + "".join(word.capitalize() for word in rest)
    return basket.read_id(event.properties.get(name) or event.properties.get(camel)) or None


def _revenue(event: Event) -> float:
    """The first amount that can be added up, else what the lines come to; as the store counts it."""
    reported = (basket.read_number(event.properties.get(name)) for name in ("revenue", "total", "value"))
    amounts = [amount for amount in reported if amount is not None and amount >= 0]
    lines = basket.read_lines(event.properties)
    return round(amounts[0] if amounts else sum(line.price * line.quantity for line in lines), 2)
