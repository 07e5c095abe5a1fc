"""The inbox: signals of any kind, age, order and number, and what ends a journey."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.event import CUSTOMER_ERASED
from domain.signals import Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from tests.workflows.samples import HOUR, MINUTE, NOON, start
from workflows.cart_recovery import CartRecovery
from workflows.post_purchase import PostPurchase
from workflows.vocabulary import On, Plan
from workflows.vocabulary.inbox import Inbox

LATER = NOON + HOUR


without_goal = Plan(name="x", trigger=On("Never"), goal=None, topic="tests", owner="tests")


def cart() -> Inbox:
    return Inbox(CartRecovery.plan, start())


def order(key: str = "o-1") -> Inbox:
    return Inbox(PostPurchase.plan, start(journey="post-purchase", key=key))


def test_a_reaction_is_kept_until_it_is_taken_and_then_gone() -> None:
    inbox = cart()
    assert inbox.receive(Click(event_id="c-1"), LATER) == "click"
    assert (inbox.holds((Click,)), inbox.holds((Revisit,))) == (True, False)
    assert inbox.take((Click, Revisit)) == Click(event_id="c-1")
    assert inbox.take((Click, Revisit)) is None
    assert not inbox.has_ended()


def test_the_oldest_reaction_of_the_wanted_kinds_is_taken_first() -> None:
    inbox = cart()
    for signal in (Revisit(event_id="r-1"), Click(event_id="c-1"), Click(event_id="c-2")):
        inbox.receive(signal, LATER)
    assert inbox.take((Click,)) == Click(event_id="c-1", more=1)
    assert inbox.take((Click, Revisit)) == Revisit(event_id="r-1")
    assert inbox.take((Click, Revisit)) is None


def test_reactions_about_the_same_thing_are_one_and_those_about_others_are_not() -> None:
    inbox = cart()
    for number, (message, link) in enumerate([("m-1", 1), ("m-2", 1), ("m-1", 1), ("m-1", 2)]):
        moment = NOON + number * MINUTE
        inbox.receive(Click(event_id=f"c-{number}", occurred_at=moment, message=message, link=link), LATER)
    first = inbox.take((Click,))
    assert first == Click(event_id="c-0", occurred_at=NOON + 2 * MINUTE, message="m-1", link=1, more=1)
    assert first.count == 2
    assert [click.event_id for _ in range(2) if (click := inbox.take((Click,)))] == ["c-1", "c-3"]
    assert inbox.take((Click,)) is None


def test_orders_are_told_apart_by_their_id_and_else_by_their_event() -> None:
    inbox = Inbox(without_goal, start())
    for event, order_id in (("p-1", "o-1"), ("p-2", None), ("p-3", None), ("p-4", "o-1")):
        inbox.receive(Purchase(event_id=event, order_id=order_id, revenue=9), LATER)
    taken = [purchase for _ in range(4) if (purchase := inbox.take((Purchase,)))]
    assert [(purchase.event_id, purchase.count) for purchase in taken] == [("p-1", 2), ("p-2", 1), ("p-3", 1)]


def test_a_burst_is_one_reaction_that_says_how_many_it_was() -> None:
    inbox = cart()
    assert inbox.receive(Click(event_id="c-1", others=("c-2", "c-3")), LATER) == "click, 3 times"
    assert inbox.take((Click,)) == Click(event_id="c-1", more=2)
    assert inbox.take((Click,)) is None


def test_of_a_burst_only_what_is_new_counts() -> None:
    inbox = cart()
    inbox.receive(Click(event_id="c-1", others=("c-2",)), LATER)
    inbox.take((Click,))
    assert inbox.receive(Click(event_id="c-2", others=("c-1", "c-2")), LATER) is None
    assert inbox.receive(Click(event_id="c-1", others=("c-2", "c-3", "c-4", "added-1")), LATER) == "click, 2 times"
    assert inbox.take((Click,)) == Click(event_id="c-3", more=1)
    assert inbox.receive(Click(event_id="c-4"), LATER) is None


def test_an_event_is_heard_once_even_under_another_kind() -> None:
    inbox = cart()
    assert inbox.receive(Click(event_id="x"), LATER) == "click"
    assert inbox.receive(Click(event_id="x"), LATER) is None
    assert inbox.receive(Purchase(event_id="x", revenue=9), LATER) is None
    assert not inbox.has_ended()


def test_the_event_that_began_the_enrollment_is_not_heard_again() -> None:
    assert cart().receive(Revisit(event_id="added-1"), LATER) is None


@pytest.mark.parametrize(
    "signal",
    [
        Purchase(event_id="p", occurred_at=NOON - MINUTE),
        Unsubscribe(event_id="u", occurred_at=NOON - MINUTE),
        Click(event_id="c", occurred_at=NOON - MINUTE),
    ],
)
def test_what_happened_before_the_enrollment_changes_nothing(signal: Signal) -> None:
    inbox = cart()
    assert inbox.receive(signal, LATER) is None
    assert (inbox.has_ended(), inbox.take((Signal,))) == (False, None)


def test_what_happened_at_the_very_moment_of_the_beginning_counts() -> None:
    inbox = cart()
    inbox.receive(Purchase(event_id="p", occurred_at=NOON), LATER)
    assert inbox.has_ended()


def test_a_signal_without_a_moment_happened_when_it_arrived() -> None:
    inbox = cart()
    inbox.forget_before(LATER)
    assert inbox.receive(Click(event_id="c-1"), LATER - MINUTE) is None
    assert inbox.receive(Click(event_id="c-2"), LATER) == "click"


def test_reactions_from_before_a_mail_are_forgotten_whether_they_are_told_before_or_after_it() -> None:
    inbox = cart()
    inbox.receive(Click(event_id="c-1", occurred_at=NOON + MINUTE), LATER)
    inbox.forget_before(LATER)
    inbox.receive(Click(event_id="c-2", occurred_at=NOON + MINUTE), LATER + MINUTE)
    assert inbox.take((Click,)) is None
    inbox.receive(Click(event_id="c-3", occurred_at=LATER + MINUTE), LATER + MINUTE)
    assert inbox.take((Click,)) == Click(event_id="c-3", occurred_at=LATER + MINUTE)


def test_an_ending_from_before_a_mail_still_ends_the_journey_when_it_is_told_after_it() -> None:
    inbox = cart()
    inbox.forget_before(LATER)
    assert inbox.receive(Unsubscribe(event_id="u", occurred_at=NOON + MINUTE), LATER) == "unsubscribed"


def test_a_purchase_is_the_goal_with_its_revenue() -> None:
    inbox = cart()
    assert inbox.receive(Purchase(event_id="p", revenue=49.5, order_id="o-1"), LATER) == "order completed"
    assert inbox.ending is not None
    assert (inbox.ending.kind, inbox.ending.revenue, inbox.ending.order_id) == (OutcomeKind.CONVERTED, 49.5, "o-1")


@pytest.mark.parametrize(
    ("signal", "why"),
    [
        (Unsubscribe(event_id="x"), "unsubscribed"),
        (Unsubscribe(event_id="x", topic="cart reminders"), "unsubscribed"),
        (Unsubscribe(event_id="x", topic="*"), "unsubscribed"),
        (Observation(event_id="x", name=names.CART_EMPTIED), "cart emptied"),
        (Observation(event_id="x", name=names.EMAIL_BOUNCED), "the address bounced"),
        (Observation(event_id="x", name=names.EMAIL_COMPLAINED), "marked as spam"),
        (Observation(event_id="x", name=CUSTOMER_ERASED), "erased"),
    ],
)
def test_exits_end_without_success(signal: Signal, why: str) -> None:
    inbox = cart()
    assert inbox.receive(signal, LATER) == why
    assert inbox.ending is not None
    assert (inbox.ending.kind, inbox.ending.revenue) == (OutcomeKind.EXITED, 0.0)


@pytest.mark.parametrize(
    "signal",
    [
        Unsubscribe(event_id="x", topic="newsletter"),
        Observation(event_id="x", name="Product Viewed"),
        Observation(event_id="x", name=names.ORDER_REFUNDED),  # an exit of another journey
        Click(event_id="x"),
    ],
)
def test_what_is_no_exit_ends_nothing(signal: Signal) -> None:
    inbox = cart()
    inbox.receive(signal, LATER)
    assert not inbox.has_ended()


def test_after_an_ending_nothing_is_heard() -> None:
    inbox = cart()
    inbox.receive(Unsubscribe(event_id="u"), LATER)
    assert inbox.receive(Purchase(event_id="p", revenue=9), LATER) is None
    assert inbox.receive(Click(event_id="c"), LATER) is None
    assert inbox.ending is not None
    assert inbox.ending.why == "unsubscribed"
    assert inbox.take((Click,)) is None


def test_an_event_about_another_order_ends_nothing() -> None:
    inbox = order("o-1")
    inbox.receive(Observation(event_id="r-2", name=names.ORDER_REFUNDED, about="o-2"), LATER)
    assert not inbox.has_ended()
    inbox.receive(Observation(event_id="r-1", name=names.ORDER_REFUNDED, about="o-1"), LATER)
    assert inbox.has_ended()


def test_an_event_that_does_not_say_which_order_ends_every_one() -> None:
    inbox = order("o-1")
    inbox.receive(Observation(event_id="r", name=names.ORDER_REFUNDED), LATER)
    assert inbox.has_ended()


def test_the_order_itself_reported_again_is_no_second_order() -> None:
    inbox = order("o-1")
    assert inbox.receive(Purchase(event_id="p-1", order_id="o-1", revenue=9), LATER) is None
    assert not inbox.has_ended()
    inbox.receive(Purchase(event_id="p-2", order_id="o-2", revenue=9), LATER)
    assert inbox.has_ended()


def test_an_ending_known_before_its_signal_gives_way_to_nothing_that_came_first() -> None:
    inbox = cart()
    inbox.end_with(names.ORDER_COMPLETED)
    assert inbox.ending is not None
    assert (inbox.ending.kind, inbox.ending.revenue) == (OutcomeKind.CONVERTED, 0.0)
    told = cart()
    told.receive(Purchase(event_id="p", revenue=9), LATER)
    told.end_with(names.ORDER_COMPLETED)
    assert told.ending is not None
    assert told.ending.revenue == 9


_ids = st.sampled_from(["a", "b", "c"])
_moments = st.none() | st.integers(-120, 120).map(lambda minutes: NOON + timedelta(minutes=minutes))
_signals = st.lists(
    st.builds(Click, event_id=_ids, occurred_at=_moments)
    | st.builds(Revisit, event_id=_ids, occurred_at=_moments)
    | st.builds(Purchase, event_id=_ids, occurred_at=_moments, revenue=st.floats(0, 100))
    | st.builds(Unsubscribe, event_id=_ids, occurred_at=_moments, topic=st.none() | st.just("newsletter")),
    max_size=8,
)


@given(_signals)
def test_telling_everything_twice_is_the_same_as_telling_it_once(signals: list[Signal]) -> None:
    once, twice = cart(), cart()
    for signal in signals:
        once.receive(signal, LATER)
    for signal in [*signals, *signals]:
        twice.receive(signal, LATER)
    assert once.ending == twice.ending
    while (taken := once.take((Signal,))) is not None:
        assert twice.take((Signal,)) == taken
    assert twice.take((Signal,)) is None
