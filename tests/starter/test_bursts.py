"""Bursts: what is told at once, and that it comes to the same in whatever groups it is told, and told again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import event as names
from domain.clock import PacedClock
from domain.enrollment import EnrollmentRow, Occasion, Start, State
from domain.event import Event, EventType, StoredEvent
from domain.signals import Click, Signal
from starter.dispatch.bursts import Burst, next_burst
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.routing import Routes

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

ROUTES = Routes(JOURNEYS, PacedClock(), {})
OCCASION = Occasion(event_id="began", name=names.PRODUCT_ADDED, occurred_at=NOON)


def row(journey: str = "cart-recovery", key: str | None = None) -> EnrollmentRow:
    return EnrollmentRow(
        id=f"e-{journey}",
        workflow_id=journey,
        journey=journey,
        customer="anna",
        key=key,
        state=State.RUNNING,
        occasion=OCCASION,
        started_at=NOON,
    )


def stored(seq: int, name: str, minute: int, *, message: str | None = None, starts_visit: bool = False) -> StoredEvent:
    event = Event(
        message_id=f"m-{seq}",
        type=EventType.TRACK,
        name=name,
        user_id="anna",
        occurred_at=NOON + minute * MINUTE,
        received_at=NOON,
        properties={} if message is None else {"message": message},
    )
    return StoredEvent(seq=seq, customer="anna", event=event, starts_visit=starts_visit)


def bursts(events: list[StoredEvent], rows: list[EnrollmentRow]) -> list[Burst]:
    found: list[Burst] = []
    while events:
        found.append(next_burst(events, rows, ROUTES))
        events = events[len(found[-1].events) :]
    return found


def signals(events: list[StoredEvent], rows: list[EnrollmentRow]) -> list[Signal]:
    return [tell.signal for burst in bursts(events, rows) for tell in burst.tells]


def test_a_whole_batch_of_clicks_is_one_signal() -> None:
    clicks = [stored(seq, names.EMAIL_LINK_CLICKED, seq) for seq in range(500)]
    (signal,) = signals(clicks, [row()])
    assert isinstance(signal, Click)
    assert (signal.event_id, signal.count, signal.occurred_at) == ("m-0", 500, NOON + 499 * MINUTE)
    assert signal.others == tuple(f"m-{seq}" for seq in range(1, 500))


def test_events_that_nobody_is_told_of_go_with_what_is_beside_them() -> None:
    views = [stored(seq, names.PRODUCTS_SEARCHED, seq) for seq in range(3)]
    (burst,) = bursts(views, [row()])
    assert (burst.events, burst.wanted, burst.tells) == (tuple(views), (), ())
    click = stored(3, names.EMAIL_LINK_CLICKED, 3)
    (burst,) = bursts([*views, click], [row()])
    assert (len(burst.events), burst.wanted, len(burst.tells)) == (4, (click,), 1)


def test_what_begins_or_ends_something_stands_alone() -> None:
    kinds = [names.PRODUCT_VIEWED, names.PRODUCT_ADDED, names.CART_EMPTIED, names.UNSUBSCRIBED, names.PRODUCT_ADDED]
    events = [stored(seq, name, seq) for seq, name in enumerate(kinds)]
    assert [len(burst.events) for burst in bursts(events, [row()])] == [1, 1, 1, 1, 1]


def test_a_burst_says_the_same_to_each_enrollment_it_is_told() -> None:
    both = [row(), row("post-purchase", "o-1")]
    events = [stored(1, names.EMAIL_LINK_CLICKED, 1), stored(2, names.EMAIL_LINK_CLICKED, 2)]
    (burst,) = bursts(events, both)
    assert [(tell.workflow_id, tell.signal.count) for tell in burst.tells] == [("cart-recovery", 2)]


_names = st.sampled_from(
    [names.EMAIL_LINK_CLICKED] * 4 + [names.PRODUCT_VIEWED] * 2 + [names.CART_VIEWED, names.UNSUBSCRIBED]
)
_deeds = st.lists(
    st.tuples(_names, st.integers(0, 90), st.sampled_from([None, "m-1", "m-2"]), st.booleans()), max_size=20
)
_crashes = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 20)), max_size=6)


@given(_deeds, _crashes)
def test_an_inbox_is_told_the_same_in_whatever_groups_and_however_often_events_come_again(
    deeds: list[tuple[str, int, str | None, bool]], crashes: list[tuple[int, int]]
) -> None:
    events = [
        stored(seq, name, minute, message=message, starts_visit=starts_visit and name == names.PRODUCT_VIEWED)
        for seq, (name, minute, message, starts_visit) in enumerate(deeds)
    ]
    singly, crashing = inbox(), inbox()
    for event in events:
        deliver([event], singly)
    marked = 0
    for batch, delivered in crashes:
        # A process reads a batch, delivers some of it and dies; how much of that it could note is another matter.
        told = events[marked : marked + batch][:delivered]
        deliver(told, crashing)
        marked += len(told) // 2
    deliver(events[marked:], crashing)
    assert (singly.ending, singly.has_ended() or singly.state().unread) == (
        crashing.ending,
        crashing.has_ended() or crashing.state().unread,
    )


def inbox() -> Inbox:
    start = Start(enrollment="e-1", journey="cart-recovery", customer="anna", occasion=OCCASION)
    return Inbox(JOURNEYS["cart-recovery"].plan, start)


def deliver(events: list[StoredEvent], to: Inbox) -> None:
    for signal in signals(events, [row()]):
        to.receive(signal, NOON + 2 * HOUR)
