"""What an enrollment has been told: reactions not yet answered, and whether something ended the journey.

Pure. Signals of any order, number and age may arrive, also before the first step runs.
"""

from datetime import datetime
from typing import TypeVar

from domain.enrollment import Outcome, OutcomeKind, Start
from domain.event import EMAIL_BOUNCED, EMAIL_COMPLAINED, ORDER_COMPLETED
from domain.profile import ALL_MARKETING
from domain.signals import Observation, Purchase, Signal, Unsubscribe
from workflows.vocabulary.plan import Plan

S = TypeVar("S", bound=Signal)

CUSTOMER_ERASED = "Customer Erased"
COMMON_EXITS = {
    EMAIL_BOUNCED: "the address bounced",
    EMAIL_COMPLAINED: "marked as spam",
    CUSTOMER_ERASED: "erased",
}


class Inbox:
    """Receives signals; knows the journey's exits."""

    def __init__(self, plan: Plan, start: Start) -> None:
        self._plan = plan
        self._start = start
        # A dict keeps order; a set's iteration order would not be the same on replay.
        self._seen: dict[str, None] = {start.occasion.event_id: None}
        self._unread: list[tuple[Signal, datetime]] = []
        self._answers_from = start.occasion.occurred_at
        self.ending: Outcome | None = None

    def receive(self, signal: Signal, now: datetime) -> str | None:
        """Take in a signal that arrives at product time `now`. Returns what it meant, or None if it changed nothing.

        Duplicates of an event, what happened before the enrollment began, and reactions to what was sent before the
        last mail change nothing.
        """
        happened = signal.occurred_at or now
        if signal.event_id in self._seen or happened < self._start.occasion.occurred_at:
            return None
        self._seen[signal.event_id] = None
        if self.ending is not None or self._is_occasion(signal):
            return None
        self.ending = self._ending(signal)
        if self.ending is not None:
            return self.ending.why
        if happened < self._answers_from:
            return None
        self._unread.append((signal, happened))
        return type(signal).__name__.lower()

    def has_ended(self) -> bool:
        """Whether something ended the journey."""
        return self.ending is not None

    def end_with(self, event: str) -> None:
        """End as that event ends the journey, though its signal has not come."""
        self.ending = self.ending or self._on_event(event)

    def take(self, kinds: tuple[type[S], ...]) -> S | None:
        """The oldest unread reaction of these kinds, which is then read."""
        for index, (signal, _) in enumerate(self._unread):
            if isinstance(signal, kinds):
                del self._unread[index]
                return signal
        return None

    def holds(self, kinds: tuple[type[Signal], ...]) -> bool:
        """Whether `take` would return something."""
        return any(isinstance(signal, kinds) for signal, _ in self._unread)

    def forget_before(self, moment: datetime) -> None:
        """Drop reactions from before the mail that goes out at that moment, also those that are told later."""
        self._answers_from = moment
        self._unread = [(signal, happened) for signal, happened in self._unread if happened >= moment]

    def _is_occasion(self, signal: Signal) -> bool:
        """Whether it reports once more, as another event, the order that began the enrollment."""
        return isinstance(signal, Purchase) and signal.order_id is not None and signal.order_id == self._start.key

    def _ending(self, signal: Signal) -> Outcome | None:
        match signal:
            case Purchase():
                return self._on_event(ORDER_COMPLETED, revenue=signal.revenue, order=signal.order_id)
            case Unsubscribe(topic=topic) if topic in (None, ALL_MARKETING, self._plan.topic):
                return Outcome(kind=OutcomeKind.EXITED, why="unsubscribed")
            case Observation(name=name) if name in COMMON_EXITS:
                return Outcome(kind=OutcomeKind.EXITED, why=COMMON_EXITS[name])
            case Observation(name=name, about=about) if about in (None, self._start.key) or self._start.key is None:
                return self._on_event(name)
            case _:
                return None

    def _on_event(self, name: str, *, revenue: float = 0.0, order: str | None = None) -> Outcome | None:
        if name == self._plan.goal:
            return Outcome(kind=OutcomeKind.CONVERTED, why=name.lower(), revenue=revenue, order_id=order)
        if name in self._plan.exits:
            return Outcome(kind=OutcomeKind.EXITED, why=name.lower(), revenue=revenue, order_id=order)
        return None
