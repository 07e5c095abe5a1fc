"""What an enrollment has been told: reactions not yet answered, and whether something ended the journey.

Pure. Signals of any order, number and age may arrive, also before the first step runs. What is kept of them is bounded,
and can be handed from one run of the enrollment to the next.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from domain.carried_inbox import InboxState
from domain.enrollment import Outcome, OutcomeKind, Start
from domain.event import CUSTOMER_ERASED, EMAIL_BOUNCED, EMAIL_COMPLAINED, ORDER_COMPLETED
from domain.joining import superseded_outcome
from domain.profile import ALL_MARKETING
from domain.signals import Observation, Purchase, Signal, Unsubscribe
from workflows.vocabulary.memory import Memory
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.unread import Unread

S = TypeVar("S", bound=Signal)

COMMON_EXITS = {
    EMAIL_BOUNCED: "the address bounced",
    EMAIL_COMPLAINED: "marked as spam",
    CUSTOMER_ERASED: "erased",
}


class Inbox:
    """Receives signals; knows the journey's exits. With a `state`, goes on where that of an earlier run ended.

    Duplicates change nothing, with one limit: of what was told more than `memory.MOST` signals ago, only those are
    recognised that say themselves when they happened. A reaction from before what was forgotten counts as a repeat,
    even one that was never told; endings always count.
    """

    def __init__(self, plan: Plan, start: Start, state: InboxState | None = None) -> None:
        state = state or InboxState(answers_from=start.occasion.occurred_at)
        self._plan = plan
        self._start = start
        self._memory = Memory(state.seen, state.forgotten_until)
        self._unread = Unread(state.unread)
        self._answers_from = state.answers_from
        self.ending: Outcome | None = None
        self._heard: Counter[str] = Counter()

    def state(self) -> InboxState:
        """What the next run of the enrollment needs to go on. Not for an ended journey, which has none."""
        return InboxState(
            seen=self._memory.packed(),
            forgotten_until=self._memory.forgotten_until,
            unread=self._unread.state(),
            answers_from=self._answers_from,
        )

    def receive(self, signal: Signal, now: datetime) -> str | None:
        """Take in a signal that arrives at product time `now`. Returns what it meant, or None if it changed nothing.

        Duplicates of an event, what happened before the enrollment began, and reactions to what was sent before the
        last mail change nothing. Of a burst those events count that are news; all happened when its latest did.
        """
        happened = signal.occurred_at or now
        news = self._news(signal)
        if news is None or happened < self._start.occasion.occurred_at:
            return None
        is_repeat = signal.occurred_at is not None and self._memory.may_have_forgotten(happened)
        if not is_repeat:
            self._remember(news, happened, now)
        if self.ending is not None or self._is_occasion(news) or self._led_to_it(news, happened):
            return None
        self.ending = self._ending(news)
        if self.ending is not None:
            return self.ending.why
        if is_repeat or happened < self._answers_from:
            return None
        self._unread.add(news, happened)
        if isinstance(news, Observation):
            self._heard[news.name] += news.count
        kind = type(news).__name__.lower()
        return kind if news.count == 1 else f"{kind}, {news.count} times"

    def has_ended(self) -> bool:
        """Whether something ended the journey."""
        return self.ending is not None

    def end_with(self, event: str) -> None:
        """End as that event ends the journey, though its signal has not come."""
        self.ending = self.ending or self._on_event(event)

    def supersede(self, by: str) -> None:
        """End because another enrollment of what turned out to be the same person goes on."""
        self.ending = self.ending or superseded_outcome(by)

    def give_way(self, journey: str) -> None:
        """End because a stronger journey is open for the customer."""
        self.ending = self.ending or Outcome(kind=OutcomeKind.EXITED, why=f"gave way to {journey}")

    def take(self, kinds: tuple[type[S], ...]) -> S | None:
        """The oldest unread reaction of these kinds, which is then read, with all others that say the same."""
        return self._unread.take(kinds)

    def holds(self, kinds: tuple[type[Signal], ...]) -> bool:
        """Whether `take` would return something."""
        return self._unread.holds(kinds)

    def heard(self, names: Iterable[str]) -> int:
        """How many events of these names this run was told of: when it grows, there was another."""
        return sum(self._heard[name] for name in names)

    def forget_before(self, moment: datetime) -> None:
        """Drop reactions from before the mail that goes out at that moment, also those that are told later."""
        self._answers_from = moment
        self._unread.forget_before(moment)

    def _news(self, signal: Signal) -> Signal | None:
        """The signal, naming only the events that were not told before; None when all were."""
        ids = dict.fromkeys((signal.event_id, *signal.others))
        fresh = [event for event in ids if event != self._start.occasion.event_id and not self._memory.knows(event)]
        if not fresh:
            return None
        return signal.model_copy(update={"event_id": fresh[0], "others": tuple(fresh[1:])})

    def _remember(self, signal: Signal, happened: datetime, now: datetime) -> None:
        # What a wrong clock dates in the future counts as undated, or forgetting it would make all that is to come
        # look like repeats.
        is_dated = signal.occurred_at is not None and happened <= now
        for event in (signal.event_id, *signal.others):
            self._memory.remember(event, min(happened, now), is_dated=is_dated)

    def _is_occasion(self, signal: Signal) -> bool:
        """Whether it reports once more, as another event, the order that began the enrollment."""
        return isinstance(signal, Purchase) and signal.order_id is not None and signal.order_id == self._start.key

    def _led_to_it(self, signal: Signal, happened: datetime) -> bool:
        """Whether it may be the order that led to what began the enrollment, though it is told later."""
        until = self._start.earned_until
        return isinstance(signal, Purchase) and until is not None and happened <= until

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
