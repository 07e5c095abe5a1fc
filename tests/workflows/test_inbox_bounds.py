"""The inbox over hundreds of thousands of signals and many runs: bounded, and the same to whoever cannot see that."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import event as names
from domain.carried_inbox import InboxState, UnreadReaction
from domain.enrollment import OutcomeKind
from domain.signals import Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from tests.workflows.samples import HOUR, MINUTE, NOON, start
from workflows.cart_recovery import CartRecovery
from workflows.vocabulary import memory, unread
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.memory import Memory

LATER = NOON + HOUR
SECOND = timedelta(seconds=1)
LIMIT = 150_000

Kinds = tuple[type[Signal], ...]


def cart(state: InboxState | None = None) -> Inbox:
    return Inbox(CartRecovery.plan, start(), state)


def handed_over(inbox: Inbox) -> Inbox:
    """The inbox of the next run, after a way through JSON."""
    return cart(InboxState.model_validate_json(inbox.state().model_dump_json()))


def size(inbox: Inbox) -> int:
    return len(inbox.state().model_dump_json().encode())


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory and a room so small that every test reaches their limits."""
    monkeypatch.setattr(memory, "MOST", 4)
    monkeypatch.setattr(unread, "ROOM", 3 * 250)


# -- what happens, and what an inbox with no bounds would make of it ---------------------------------------------------


@dataclass
class Unbounded:
    """What the inbox means, written down without thought for space."""

    seen: list[str] = field(default_factory=lambda: ["added-1"])
    unread: list[tuple[Signal, list[str], datetime]] = field(default_factory=list)
    answers_from: datetime = NOON
    ending: str | None = None

    def receive(self, signal: Signal, now: datetime) -> None:
        happened = signal.occurred_at or now
        fresh = [event for event in dict.fromkeys([signal.event_id, *signal.others]) if event not in self.seen]
        if not fresh or happened < NOON:
            return
        self.seen += fresh
        if self.ending is not None:
            return
        self.ending = self._ending(signal)
        if self.ending is None and happened >= self.answers_from:
            self._add(signal, fresh, happened)

    def _add(self, signal: Signal, fresh: list[str], happened: datetime) -> None:
        for index, (other, events, moment) in enumerate(self.unread):
            if (type(other), other.subject) == (type(signal), signal.subject):
                self.unread[index] = (other, events + fresh, max(moment, happened))
                return
        self.unread.append((signal, fresh, happened))

    def take(self, kinds: Kinds) -> tuple[object, ...] | None:
        for index, (signal, events, _) in enumerate(self.unread):
            if isinstance(signal, kinds):
                del self.unread[index]
                return (type(signal), signal.subject, events[0], len(events))
        return None

    def forget_before(self, moment: datetime) -> None:
        self.answers_from = moment
        self.unread = [each for each in self.unread if each[2] >= moment]

    def _ending(self, signal: Signal) -> str | None:
        match signal:
            case Purchase():
                return "order completed"
            case Unsubscribe(topic=None):
                return "unsubscribed"
            case Observation(name=names.CART_EMPTIED):
                return "cart emptied"
            case _:
                return None


def taken(inbox: Inbox, kinds: Kinds) -> tuple[object, ...] | None:
    signal = inbox.take(kinds)
    return None if signal is None else (type(signal), signal.subject, signal.event_id, signal.count)


@dataclass(frozen=True)
class Take:
    kinds: Kinds


@dataclass(frozen=True)
class Mail:
    """A mail goes out."""


@dataclass(frozen=True)
class HandOver:
    """The enrollment continues as new."""


Act = Signal | Take | Mail | HandOver

_ids = st.sampled_from([f"e-{number}" for number in range(12)])
_moments = st.none() | st.integers(-5, 60).map(lambda minutes: NOON + minutes * MINUTE)
_told = {"event_id": _ids, "occurred_at": _moments, "others": st.lists(_ids, max_size=3).map(tuple)}
_subjects = st.sampled_from(["a", "b", None])
_reactions: list[st.SearchStrategy[Signal]] = [
    st.builds(Click, **_told, message=_subjects),
    st.builds(Revisit, **_told),
    st.builds(Observation, **_told, name=st.sampled_from(["One", "Two"]), about=_subjects),
    st.builds(Unsubscribe, **_told, topic=st.just("newsletter")),
]
_endings: list[st.SearchStrategy[Signal]] = [
    st.builds(Purchase, **_told),
    st.builds(Observation, **_told, name=st.just(names.CART_EMPTIED)),
]
_takes = st.sampled_from([(Click,), (Revisit, Click), (Observation,), (Signal,)]).map(Take)
_acts: st.SearchStrategy[list[Act]] = st.lists(
    st.one_of([*_reactions, *_reactions, *_reactions, *_endings, _takes, st.just(Mail()), st.just(HandOver())]),
    max_size=40,
)


@given(_acts)
def test_the_inbox_means_what_one_without_bounds_means_over_any_number_of_runs(acts: list[Act]) -> None:
    inbox, reference = cart(), Unbounded()
    for number, act in enumerate(acts):
        now = NOON + number * MINUTE
        match act:
            case Signal():
                inbox.receive(act, now)
                reference.receive(act, now)
            case Take(kinds):
                assert taken(inbox, kinds) == reference.take(kinds)
            case Mail():
                inbox.forget_before(now)
                reference.forget_before(now)
            case HandOver() if not inbox.has_ended():  # an ended journey has no further run
                inbox = handed_over(inbox)
        assert (inbox.ending.why if inbox.ending else None) == reference.ending
        assert inbox.holds((Signal,)) == bool(reference.unread)


@pytest.mark.usefixtures("forgetful")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_acts, st.booleans())
def test_a_hand_over_changes_nothing_also_where_things_are_forgotten(acts: list[Act], at_each: bool) -> None:
    inbox, same = cart(), cart()
    for number, act in enumerate(acts):
        now = NOON + number * MINUTE
        match act:
            case Signal():
                assert inbox.receive(act, now) == same.receive(act, now)
            case Take(kinds):
                assert taken(inbox, kinds) == taken(same, kinds)
            case Mail():
                inbox.forget_before(now)
                same.forget_before(now)
        if inbox.has_ended():
            break
        if at_each or isinstance(act, HandOver):
            same = handed_over(same)
        assert inbox.state() == same.state()


@given(
    st.lists(st.sampled_from([Click, Revisit]), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(1, 12)), max_size=8),
    st.data(),
)
def test_bursts_told_in_any_groups_and_told_again_in_others_are_what_each_event_told_once_is(
    kinds: list[type[Signal]], again: list[tuple[int, int]], data: st.DataObject
) -> None:
    events = [kind(event_id=f"e-{at}", occurred_at=NOON + at * MINUTE) for at, kind in enumerate(kinds)]
    singly, grouped = cart(), cart()
    for event in events:
        singly.receive(event, LATER)
    delivered = 0
    for back, length in [*again, (0, len(events))]:
        # As after a crash: from somewhere before what was delivered last, in groups of some other length.
        first = max(0, delivered - back)
        upto = data.draw(st.integers(first, min(len(events), first + length))) if again else len(events)
        for burst in groups(events[first:upto]):
            grouped.receive(burst, LATER)
        delivered = max(delivered, upto)
    for burst in groups(events[delivered:]):
        grouped.receive(burst, LATER)
    assert singly.state().unread == grouped.state().unread


def groups(events: Sequence[Signal]) -> list[Signal]:
    """Runs of one kind, each as one signal."""
    found: list[Signal] = []
    for event in events:
        if found and type(found[-1]) is type(event):
            others = (*found[-1].others, event.event_id)
            found[-1] = found[-1].model_copy(update={"others": others, "occurred_at": event.occurred_at})
        else:
            found.append(event)
    return found


# -- what is forgotten -------------------------------------------------------------------------------------------------


def click(number: int, at: datetime | None = None) -> Click:
    return Click(event_id=f"c-{number}", occurred_at=at)


@pytest.mark.usefixtures("forgetful")
def test_duplicates_of_what_was_forgotten_change_nothing() -> None:
    inbox = cart()
    clicks = [click(number, NOON + number * MINUTE) for number in range(50)]
    for each in clicks:
        assert inbox.receive(each, LATER) == "click"
    inbox.take((Click,))
    for each in clicks:
        assert inbox.receive(each, LATER + HOUR) is None
    assert inbox.receive(click(50, NOON + 50 * MINUTE), LATER) == "click"


@pytest.mark.usefixtures("forgetful")
def test_a_reaction_from_before_what_was_forgotten_changes_nothing() -> None:
    inbox = cart()
    for number in range(10):
        inbox.receive(click(number, NOON + number * MINUTE), LATER)
    assert inbox.receive(Revisit(event_id="late", occurred_at=NOON + 5 * MINUTE), LATER) is None
    assert inbox.receive(Revisit(event_id="later", occurred_at=NOON + 6 * MINUTE), LATER) == "revisit"


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize(
    "ending",
    [
        Purchase(event_id="x", occurred_at=NOON, revenue=9),
        Unsubscribe(event_id="x", occurred_at=NOON),
        Observation(event_id="x", occurred_at=NOON, name=names.CART_EMPTIED),
        Observation(event_id="x", occurred_at=NOON, name=names.EMAIL_COMPLAINED),
    ],
)
def test_an_ending_counts_however_much_was_forgotten_since(ending: Signal) -> None:
    inbox = cart()
    for number in range(10):
        inbox.receive(click(number, NOON + number * MINUTE), LATER)
    handed_over(inbox).receive(ending, LATER)
    inbox.receive(ending, LATER)
    assert inbox.has_ended()


@pytest.mark.usefixtures("forgetful")
def test_what_does_not_say_when_it_happened_makes_nothing_else_late() -> None:
    inbox = cart()
    for number in range(10):
        assert inbox.receive(click(number), LATER + number * MINUTE) == "click"
    assert inbox.receive(click(9), LATER + HOUR) is None  # among the last few
    assert inbox.receive(click(0), LATER + HOUR) == "click"  # the limit: forgotten, and happening now as it seems
    assert inbox.receive(Revisit(event_id="r", occurred_at=LATER), LATER + HOUR) == "revisit"


@pytest.mark.usefixtures("forgetful")
def test_a_clock_that_is_ahead_makes_nothing_late() -> None:
    inbox = cart()
    for number in range(10):
        inbox.receive(click(number, NOON + 1000 * HOUR), LATER)
    assert inbox.receive(click(10, LATER + MINUTE), LATER + MINUTE) == "click"


def test_the_event_that_began_the_enrollment_is_never_forgotten() -> None:
    inbox = cart()
    for number in range(memory.MOST + 1):
        inbox.receive(click(number, NOON + number * SECOND), LATER + HOUR)
    assert inbox.receive(Revisit(event_id="added-1"), LATER + HOUR) is None


def test_a_memory_forgets_what_happened_first_whatever_the_order_of_telling(forgetful: None) -> None:
    order = [3, 7, 1, 9, 2, 8]
    kept = Memory()
    for number in order:
        kept.remember(str(number), NOON + number * MINUTE, is_dated=True)
    assert [number for number in range(10) if kept.knows(str(number))] == [3, 7, 8, 9]
    assert kept.forgotten_until == NOON + 2 * MINUTE
    assert Memory(kept.packed(), kept.forgotten_until).packed() == kept.packed()


# -- what has no room --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("forgetful")
def test_a_reaction_without_room_joins_the_latest_of_its_kind_and_none_is_lost() -> None:
    inbox = cart()
    for number in range(10):
        inbox.receive(Click(event_id=f"c-{number}", message=f"m-{number}"), LATER)
    inbox.receive(Revisit(event_id="r"), LATER)  # the first of its kind always has room
    told = [inbox.take((Click,)) for _ in range(3)]
    assert [(each.message, each.count) for each in told if each] == [("m-0", 1), ("m-1", 1), ("m-2", 8)]
    assert inbox.take((Click,)) is None
    assert inbox.take((Signal,)) == Revisit(event_id="r")


def test_a_kind_that_this_code_does_not_know_yet_is_passed_over() -> None:
    news = UnreadReaction(kind="wave", signal={"event_id": "w"}, happened=LATER)
    known = UnreadReaction(kind="click", signal={"event_id": "c", "of": "tomorrow"}, happened=LATER)
    inbox = cart(InboxState(answers_from=NOON, unread=(news, known)))
    assert inbox.take((Signal,)) == Click(event_id="c")
    assert inbox.take((Signal,)) is None


# -- the flood ---------------------------------------------------------------------------------------------------------

_EVIL = "\x01\U0001f600"


def _harmless(chance: random.Random, number: int) -> Signal:
    told = {"event_id": f"e-{number}", "occurred_at": NOON + number * SECOND / 20}
    return chance.choice([Click(**told, message="m-1"), Revisit(**told), Observation(**told, name="Page Viewed")])


def _hostile(chance: random.Random, number: int) -> Signal:
    """Every text as long and as costly in JSON as can be, every subject another."""
    text = f"{number}" + _EVIL * 500
    told = {"event_id": text, "occurred_at": chance.choice([None, NOON + number * SECOND / 20])}
    return chance.choice(
        [
            Click(**told, message=text, link=10**30 + number),
            Revisit(**told, others=tuple(f"{number}-{other}" for other in range(number % 3))),
            Observation(**told, name=text, about=text),
            Unsubscribe(**told, topic=text),
        ]
    )


@pytest.mark.parametrize("kind_of", [_harmless, _hostile])
def test_fifty_thousand_signals_leave_a_state_that_temporal_takes(
    kind_of: Callable[[random.Random, int], Signal],
) -> None:
    chance = random.Random(7)
    inbox, largest = cart(), 0
    for number in range(50_000):
        inbox.receive(kind_of(chance, number), NOON + number * SECOND / 20)
        if number % 5_000 == 4_999:
            largest = max(largest, size(inbox))
            inbox = handed_over(inbox)
    assert largest < LIMIT
    inbox.receive(Purchase(event_id="bought", revenue=49), NOON + HOUR)
    assert inbox.ending is not None
    assert (inbox.ending.kind, inbox.ending.revenue) == (OutcomeKind.CONVERTED, 49)


def test_every_event_of_a_flood_is_counted() -> None:
    inbox, numbers = cart(), count()
    for _ in range(10):
        for kind in (Click, Revisit) * 1_000:
            number = next(numbers)
            signal = kind(event_id=f"e-{number}", occurred_at=NOON + number * SECOND)
            inbox.receive(signal, NOON + number * SECOND)
            inbox.receive(signal, NOON + number * SECOND)
        inbox = handed_over(inbox)
    assert [each.count for kind in (Click, Revisit) if (each := inbox.take((kind,)))] == [10_000, 10_000]
