"""The dispatcher: every committed event reaches whoever wants it, in order per customer, whatever fails meanwhile."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from domain import event as names
from domain.clock import PacedClock
from domain.enrollment import EnrollmentRow, Occasion, Outcome, OutcomeKind, Start, State
from domain.errors import UnavailableError, UnknownCustomerError
from domain.event import Event, StoredEvent
from domain.signals import Click, Purchase, Revisit, Signal
from starter.dispatch import dispatcher as dispatching
from starter.dispatch.dispatcher import Dispatcher
from storage.database import Database
from storage.enrollments import Enrollments
from storage.erasures import Erasures
from tests.starter.held_out import HeldOut
from tests.starter.posts import MINUTE, NOON, FakeTemporal, Post
from workflows.post_purchase import PostPurchase
from workflows.vocabulary import On, Plan, journey
from workflows.vocabulary.routing import Routes


def plan_of(name: str) -> Plan:
    return Plan(name=name, trigger=On("Thing Done"), goal=None, topic="tests", owner="tests")


@journey
class One(PostPurchase):
    """Begins with the same event as the other."""

    plan = plan_of("one")


@journey
class Two(PostPurchase):
    """Begins with the same event as the other."""

    plan = plan_of("two")


@pytest.fixture
def post(sqlite_database: Database) -> Post:
    return Post(sqlite_database)


# -- the way of an event -----------------------------------------------------------------------------------------------


async def test_an_event_begins_what_its_trigger_says(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    assert post.temporal.went == ["start cart-recovery/anna"]
    (row,) = await post.rows()
    assert (row.state, row.id) == (State.STARTING, post.temporal.starts[0].enrollment)
    assert (post.dispatcher.enrolled, await post.pending()) == (1, 0)


async def test_an_event_is_told_to_what_runs_before_it_begins_anything(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    await post.commit(post.event(names.ORDER_COMPLETED, order_id="o-1", revenue=49))
    await post.deliver()
    assert post.temporal.went[1:] == ["purchase cart-recovery/anna", "start post-purchase/anna/o-1"]
    (purchase,) = post.temporal.signals
    assert purchase == Purchase(event_id="e-2", occurred_at=NOON, revenue=49, order_id="o-1")


async def test_a_whole_batch_of_one_customer_is_delivered_in_order(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    await post.commit(
        post.event(names.EMAIL_LINK_CLICKED),
        post.event(names.PRODUCT_VIEWED, at=NOON + 31 * MINUTE),
        post.event(names.ORDER_COMPLETED, order_id="o-1"),
        post.event(names.ORDER_REFUNDED, order_id="o-1"),
    )
    await post.deliver()
    assert post.temporal.went == [
        "start cart-recovery/anna",
        "click cart-recovery/anna",
        "revisit cart-recovery/anna",
        "purchase cart-recovery/anna",
        "start post-purchase/anna/o-1",
        "observation post-purchase/anna/o-1",
    ]


async def test_a_cart_that_was_ordered_before_anybody_looked_begins_no_recovery(post: Post) -> None:
    await post.commit(post.added(), post.event(names.ORDER_COMPLETED, order_id="o-1"))
    await post.deliver()
    assert post.temporal.went == ["start post-purchase/anna/o-1"]


async def test_a_return_after_half_an_hour_is_told(post: Post) -> None:
    await post.commit(post.added(), post.event(names.PRODUCT_VIEWED, at=NOON + 31 * MINUTE))
    await post.deliver()
    assert [type(signal) for signal in post.temporal.signals] == [Revisit]


async def test_page_views_that_nobody_wants_never_reach_temporal(post: Post) -> None:
    views = [post.event(names.PRODUCT_VIEWED, f"visitor-{number % 400}") for number in range(1000)]
    await post.commit(*views[:500])
    await post.commit(*views[500:])
    await post.deliver()
    assert (post.temporal.asked, await post.pending()) == (0, 0)


async def test_an_enrollment_that_has_ended_meanwhile_is_no_trouble(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    post.temporal.ended.add("cart-recovery/anna")
    await post.commit(post.event(names.EMAIL_LINK_CLICKED))
    await post.deliver()
    assert (post.dispatcher.told, await post.pending(), await post.parked()) == (0, 0, 0)


async def test_an_enrollment_whose_workflow_is_gone_is_ended_and_blocks_no_other(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    await post.admit()
    post.temporal.ended.add("cart-recovery/anna")
    await post.commit(post.event(names.EMAIL_LINK_CLICKED))
    await post.deliver()
    (row,) = await post.rows()
    assert row.outcome is not None
    assert (row.state, row.outcome.kind) == (State.ENDED, OutcomeKind.CANCELLED)
    assert row.outcome.why == "its workflow no longer runs"
    await post.commit(post.added())
    await post.deliver()
    assert post.temporal.went == ["start cart-recovery/anna"] * 2


async def test_an_enrollment_that_this_temporal_never_heard_of_is_left_alone(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    await post.admit()
    post.temporal.unknown.add("cart-recovery/anna")  # perhaps it is the wrong Temporal
    await post.commit(post.event(names.EMAIL_LINK_CLICKED))
    await post.deliver()
    assert [row.state for row in await post.rows()] == [State.RUNNING]
    assert (await post.pending(), await post.parked()) == (0, 0)


async def test_an_enrollment_that_is_about_to_start_is_not_taken_for_gone(post: Post) -> None:
    await operator_begins(post)
    post.temporal.ended.add("cart-recovery/anna")  # Temporal does not know it yet
    await post.commit(post.event(names.EMAIL_LINK_CLICKED))
    await post.deliver()
    assert [row.state for row in await post.rows()] == [State.STARTING]


async def test_an_enrollment_that_records_its_end_while_it_is_told_keeps_its_outcome(post: Post) -> None:
    outcome = Outcome(kind=OutcomeKind.CONVERTED, why="order completed")

    class Ending(FakeTemporal):
        async def tell(self, identifier: str, signal: Signal) -> bool:
            (row,) = await post.rows()
            async with post.database.transaction() as session:
                await Enrollments(session).close(row.id, outcome, NOON)
            return False

    await post.commit(post.added())
    await post.deliver()
    await post.admit()
    await post.commit(post.event(names.EMAIL_LINK_CLICKED))
    await post.deliver(Dispatcher(post.database, post.clock, post.routes, Ending()))
    assert [row.outcome for row in await post.rows()] == [outcome]


async def test_an_old_event_begins_nothing_and_is_told_all_the_same(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    post.clock.moment = NOON + timedelta(hours=25)
    now = post.clock.moment
    order = post.event(names.ORDER_COMPLETED, at=NOON + MINUTE, received_at=now, order_id="o-1")
    cart = post.event(names.PRODUCT_ADDED, "boris", received_at=now, product_id="lamp", price=49)
    await post.commit(order, cart)
    await post.deliver()
    assert post.temporal.went[1:] == ["purchase cart-recovery/anna"]
    assert (await post.rows("boris"), await post.pending()) == ([], 0)


async def test_who_is_held_out_is_recorded_and_never_started(sqlite_database: Database) -> None:
    post = Post(sqlite_database, Routes({"held-out": HeldOut}, PacedClock(), {}))
    await post.commit(post.event("Thing Done"), post.event("Goal"))
    await post.deliver()
    (row,) = await post.rows()
    assert row.outcome is not None
    assert (row.state, row.outcome.kind, post.temporal.asked) == (State.ENDED, OutcomeKind.HELD_OUT, 0)


# -- Temporal is away --------------------------------------------------------------------------------------------------


async def test_an_outage_loses_nothing_and_keeps_each_customers_order(post: Post) -> None:
    post.temporal.away = True
    await post.commit(post.added(), post.event(names.EMAIL_LINK_CLICKED), post.added("boris"))
    with pytest.raises(UnavailableError):
        await post.dispatcher.deliver_pending()
    await post.commit(post.event(names.ORDER_COMPLETED, order_id="o-1"))
    with pytest.raises(UnavailableError):
        await post.dispatcher.deliver_pending()
    assert await post.pending() == 4
    post.temporal.away = False
    await post.deliver()
    assert sorted(post.temporal.went) == sorted(
        [
            "start cart-recovery/anna",
            "click cart-recovery/anna",
            "purchase cart-recovery/anna",
            "start post-purchase/anna/o-1",
            "start cart-recovery/boris",
        ]
    )
    annas = [each for each in post.temporal.went if "anna" in each]
    assert annas == [
        "start cart-recovery/anna",
        "click cart-recovery/anna",
        "purchase cart-recovery/anna",
        "start post-purchase/anna/o-1",
    ]
    assert await post.pending() == 0


async def test_what_was_decided_before_an_outage_is_done_after_it_whatever_happened_since(post: Post) -> None:
    post.temporal.away = True
    await post.commit(post.added())
    with pytest.raises(UnavailableError):
        await post.dispatcher.deliver_pending()
    post.temporal.away = False
    post.clock.moment = NOON + timedelta(hours=25)  # no longer fresh; else nobody would ever start it, or end it
    await post.deliver()
    assert post.temporal.went == ["start cart-recovery/anna"]


async def test_a_running_dispatcher_comes_back_by_itself_when_temporal_does(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "PAUSES", (0.01,))
    post.temporal.away = True
    running = asyncio.create_task(post.dispatcher.run())
    try:
        await post.commit(post.added())
        await post.until(lambda: post.temporal.asked >= 3)
        post.temporal.away = False
        await post.until(lambda: len(post.temporal.went) == 1)
        await post.commit(post.event(names.EMAIL_LINK_CLICKED))
        await post.until(lambda: len(post.temporal.went) == 2)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert post.temporal.went == ["start cart-recovery/anna", "click cart-recovery/anna"]


async def test_one_customer_whose_earlier_enrollment_is_still_ending_holds_up_nobody_else(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "HELD_FOR", 60.0)
    post.temporal.still_ending.add("cart-recovery/anna")
    await post.commit(post.added(), post.event(names.EMAIL_LINK_CLICKED), post.added("boris"))
    await post.deliver()  # no error: it concerns one customer alone
    assert post.temporal.went == ["start cart-recovery/boris"]
    asked = post.temporal.asked
    await post.commit(post.added("clara"))
    await post.deliver()
    assert post.temporal.asked == asked + 1  # anna is not tried again at once


async def test_a_customer_who_was_held_is_served_once_nothing_is_in_the_way(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "HELD_FOR", 0.05)
    post.temporal.still_ending.add("cart-recovery/anna")
    await post.commit(post.added(), post.event(names.EMAIL_LINK_CLICKED))
    await post.deliver()
    assert post.temporal.went == []
    post.temporal.still_ending.clear()
    await asyncio.sleep(0.1)  # real time is what is tested: how long she is held
    await post.deliver()
    assert post.temporal.went == ["start cart-recovery/anna", "click cart-recovery/anna"]
    assert await post.pending() == 0


async def test_a_backlog_of_held_customers_does_not_keep_others_out_of_the_batch(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "BATCH", 5)
    monkeypatch.setattr(dispatching, "HELD_FOR", 60.0)
    post.temporal.still_ending.add("cart-recovery/anna")
    await post.commit(*(post.added() for _ in range(8)), post.added("boris"))
    await post.deliver()
    assert post.temporal.went == ["start cart-recovery/boris"]
    assert await post.pending() == 8


async def test_an_enrollment_that_never_ends_holds_its_customers_other_events_back_for_a_while_only(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "HELD_FOR", 0.0)
    post.temporal.still_ending.add("cart-recovery/anna")
    await post.commit(post.added(), post.event(names.SUBSCRIPTION_STARTED, subscription_id="s-1"))
    await post.deliver()
    assert (post.temporal.went, await post.pending()) == ([], 2)

    monkeypatch.setattr(dispatching, "LEAVE_WITHIN", 0.0)
    await post.deliver()
    assert (post.temporal.went, await post.pending()) == (["start subscription/anna/s-1"], 0)
    kept_out = [row.outcome for row in await post.rows() if row.journey == "cart-recovery"]
    assert kept_out == [Outcome(kind=OutcomeKind.CANCELLED, why="the earlier one does not end on Temporal")]

    post.temporal.still_ending.clear()
    await post.commit(post.added(at=NOON + MINUTE))
    await post.deliver()
    assert post.temporal.went[-1] == "start cart-recovery/anna"


async def test_what_ends_one_enrollment_begins_the_next_of_its_key_once_that_has_ended(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "HELD_FOR", 0.0)
    await post.commit(post.event(names.SUBSCRIPTION_STARTED, subscription_id="s-1"))
    await post.deliver()
    await post.admit()
    await post.commit(post.event(names.SUBSCRIPTION_RENEWED, at=NOON + MINUTE, subscription_id="s-1"))
    await post.deliver()
    assert post.temporal.went == ["start subscription/anna/s-1", "observation subscription/anna/s-1"]
    assert await post.pending() == 1
    (row,) = await post.rows()
    async with post.database.transaction() as session:
        await Enrollments(session).close(row.id, Outcome(kind=OutcomeKind.CONVERTED, why="renewed"), NOON + MINUTE)
    await post.deliver()
    assert post.temporal.went[-1] == "start subscription/anna/s-1"
    assert (len(await post.rows()), await post.pending()) == (2, 0)


async def test_what_is_older_than_the_enrollment_ends_nothing_and_is_not_waited_for(post: Post) -> None:
    await post.commit(post.event(names.SUBSCRIPTION_STARTED, subscription_id="s-1"))
    await post.deliver()
    await post.commit(post.event(names.SUBSCRIPTION_RENEWED, at=NOON - MINUTE, subscription_id="s-1"))
    await post.deliver()
    assert (len(await post.rows()), await post.pending()) == (1, 0)


async def test_who_is_erased_amid_a_batch_holds_up_nobody_else(post: Post) -> None:
    """The event was read; before its journey is recorded the customer and all of theirs is gone."""

    class Overtaken(Dispatcher):
        async def _wait_for_endings(self, event: StoredEvent, rows: Sequence[EnrollmentRow]) -> None:
            await erase(post, "anna")
            await super()._wait_for_endings(event, rows)

    await post.commit(post.added(), post.added("ben"))
    await Overtaken(post.database, post.clock, post.routes, post.temporal).deliver_pending()
    assert post.temporal.went == ["start cart-recovery/ben"]
    assert (await post.rows(), await post.pending()) == ([], 0)


async def erase(post: Post, customer: str) -> None:
    """Forget a customer who is in no journey, once."""
    with suppress(UnknownCustomerError):
        async with post.database.transaction() as session:
            await Erasures(session).request(customer, "a test", NOON)
    async with post.database.transaction() as session:
        for erasure in await Erasures(session).open():
            await Erasures(session).forget(erasure, NOON)


async def test_what_nobody_foresaw_of_one_customer_holds_up_nobody_else(
    post: Post, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    post.temporal.broken.add("cart-recovery/anna")
    await post.commit(post.added(), *(post.added(f"ben{n}") for n in range(3)))
    await post.deliver()
    await post.deliver()
    assert post.temporal.went == [f"start cart-recovery/ben{n}" for n in range(3)]
    assert (await post.pending(), capsys.readouterr().out.count("delivery failed")) == (1, 1)

    monkeypatch.setattr("starter.dispatch.dispatcher.FAILED_FOR", 0.0)
    post.dispatcher = Dispatcher(post.database, post.clock, post.routes, post.temporal)
    await post.deliver()
    post.temporal.broken.clear()
    await post.deliver()
    assert (post.temporal.went[-1], await post.pending()) == ("start cart-recovery/anna", 0)


# -- Temporal refuses for good -----------------------------------------------------------------------------------------


async def test_a_start_that_is_refused_parks_the_event_and_leaves_the_customer_free(post: Post) -> None:
    post.temporal.refuses.add("cart-recovery/anna")
    await post.commit(post.added(), post.added("boris"))
    await post.deliver()
    assert (await post.pending(), await post.parked()) == (0, 1)
    (row,) = await post.rows()
    assert row.outcome is not None
    assert (row.state, row.outcome.kind) == (State.ENDED, OutcomeKind.CANCELLED)
    assert row.outcome.why == "Temporal refused to start it"
    post.temporal.refuses.clear()
    await post.commit(post.added())
    await post.deliver()
    assert post.temporal.went == ["start cart-recovery/boris", "start cart-recovery/anna"]


async def test_a_signal_that_is_refused_does_not_hold_back_what_the_event_begins(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    post.temporal.refuses.add("cart-recovery/anna")
    await post.commit(post.event(names.ORDER_COMPLETED, order_id="o-1"))
    await post.deliver()
    assert post.temporal.went[1:] == ["start post-purchase/anna/o-1"]
    assert (await post.pending(), await post.parked()) == (0, 1)
    cart, _ = await post.rows()
    assert cart.state is State.STARTING  # a refused signal ends nobody's enrollment


async def test_a_start_that_is_refused_does_not_hold_back_another_of_the_same_event(sqlite_database: Database) -> None:
    routes = Routes({"one": One, "two": Two}, PacedClock(), {})
    post = Post(sqlite_database, routes)
    post.temporal.refuses.add("one/anna")
    await post.commit(post.event("Thing Done"))
    await post.deliver()
    assert post.temporal.went == ["start two/anna"]
    states = {row.journey: row.state for row in await post.rows()}
    assert states == {"one": State.ENDED, "two": State.STARTING}


# -- crashes -----------------------------------------------------------------------------------------------------------


class DyingDispatcher(Dispatcher):
    """Dies after delivering, before it can note that it did."""

    async def _mark(self, done: Sequence[StoredEvent]) -> None:
        raise SystemError("the process died here")


async def test_what_was_delivered_and_not_marked_is_delivered_again_and_doubles_nothing(post: Post) -> None:
    dying = DyingDispatcher(post.database, post.clock, post.routes, post.temporal)
    await post.commit(post.added(), post.event(names.EMAIL_LINK_CLICKED))
    with pytest.raises(SystemError):
        await dying.deliver_pending()
    await post.admit()
    await post.deliver()
    (row,) = await post.rows()
    assert post.temporal.went == [
        "start cart-recovery/anna",
        "click cart-recovery/anna",
        "click cart-recovery/anna",  # the same event id: the enrollment ignores it
    ]
    assert len({signal.event_id for signal in post.temporal.signals}) == 1
    assert isinstance(post.temporal.signals[0], Click)
    assert (row.state, await post.pending()) == (State.RUNNING, 0)


async def test_a_start_that_was_never_admitted_is_started_again_as_the_same_enrollment(post: Post) -> None:
    dying = DyingDispatcher(post.database, post.clock, post.routes, post.temporal)
    await post.commit(post.added())
    with pytest.raises(SystemError):
        await dying.deliver_pending()
    await post.deliver()
    first, second = post.temporal.starts
    assert first == second
    assert len(await post.rows()) == 1


async def test_a_crash_between_recording_and_starting_still_starts(post: Post) -> None:
    post.temporal.away = True
    await post.commit(post.added())
    with pytest.raises(UnavailableError):
        await post.dispatcher.deliver_pending()
    assert [row.state for row in await post.rows()] == [State.STARTING]
    post.temporal.away = False
    successor = Dispatcher(post.database, post.clock, post.routes, post.temporal)
    await post.deliver(successor)
    assert post.temporal.went == ["start cart-recovery/anna"]


async def test_a_cancelled_dispatcher_notes_what_it_delivered(post: Post) -> None:
    arrived = asyncio.Event()

    class Slow(FakeTemporal):
        async def begin(self, start: Start, identifier: str | None = None) -> None:
            await super().begin(start, identifier)
            if start.customer == "boris":
                arrived.set()
                await asyncio.sleep(60)

    post.temporal = Slow()
    stopping = Dispatcher(post.database, post.clock, post.routes, post.temporal)
    await post.commit(post.added(), post.added("boris"))
    task = asyncio.create_task(stopping.deliver_pending())
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await post.pending() == 1


async def test_events_of_one_customer_are_never_delivered_side_by_side(post: Post) -> None:
    class Watchful(FakeTemporal):
        def __init__(self) -> None:
            super().__init__()
            self.open: set[str] = set()
            self.most = 0

        async def tell(self, identifier: str, signal: Signal) -> bool:
            assert identifier not in self.open
            self.open.add(identifier)
            self.most = max(self.most, len(self.open))
            await asyncio.sleep(0.001)
            self.open.remove(identifier)
            return await super().tell(identifier, signal)

    customers: Collection[str] = [f"customer-{number}" for number in range(10)]
    await post.commit(*(post.added(customer) for customer in customers))
    await post.deliver()
    watchful = Watchful()
    second = Dispatcher(post.database, post.clock, post.routes, watchful)
    clicks = [(customer, f"m-{number}") for number in range(5) for customer in customers]
    await post.commit(*(post.event(names.EMAIL_LINK_CLICKED, customer, message=mail) for customer, mail in clicks))
    await post.deliver(second)
    assert len(watchful.signals) == 50
    assert watchful.most > 1  # but customers are served side by side


# -- bursts ------------------------------------------------------------------------------------------------------------


async def test_a_burst_is_one_signal_and_what_lies_between_its_events_does_not_part_it(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    clicks = [post.event(names.EMAIL_LINK_CLICKED, at=NOON + number * MINUTE) for number in (2, 1, 3)]
    view = post.event(names.PRODUCTS_SEARCHED, at=NOON + MINUTE)
    await post.commit(view, clicks[0], view.model_copy(update={"message_id": "v-2"}), *clicks[1:])
    await post.deliver()
    assert post.temporal.signals == [
        Click(event_id="e-2", occurred_at=NOON + 3 * MINUTE, others=("e-3", "e-4")),  # when the latest happened
    ]
    assert (post.dispatcher.told, await post.pending()) == (1, 0)


async def test_what_ends_or_begins_something_and_what_says_something_else_parts_a_burst(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()

    def click(message: str) -> Event:
        return post.event(names.EMAIL_LINK_CLICKED, message=message)

    ordered = post.event(names.ORDER_COMPLETED, order_id="o-1")
    await post.commit(click("m-1"), click("m-1"), click("m-2"), click("m-2"), post.added(), click("m-2"), ordered)
    await post.commit(click("m-2"), click("m-2"))
    await post.deliver()
    assert [(type(signal), signal.count) for signal in post.temporal.signals] == [
        (Click, 2),
        (Click, 2),
        (Click, 1),
        (Purchase, 1),
        (Click, 2),
    ]


async def test_a_burst_that_was_not_delivered_stays_whole(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    post.temporal.away = True
    await post.commit(post.event(names.EMAIL_LINK_CLICKED), post.event(names.EMAIL_LINK_CLICKED))
    with pytest.raises(UnavailableError):
        await post.dispatcher.deliver_pending()
    assert await post.pending() == 2
    post.temporal.away = False
    await post.commit(post.event(names.EMAIL_LINK_CLICKED))
    await post.deliver()
    assert [signal.count for signal in post.temporal.signals] == [3]


async def test_a_burst_that_is_refused_sets_aside_its_events_and_no_page_view(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    post.temporal.refuses.add("cart-recovery/anna")
    click, view = names.EMAIL_LINK_CLICKED, names.PRODUCT_VIEWED
    await post.commit(post.event(click), post.event(view), post.event(click))
    await post.deliver()
    assert (await post.pending(), await post.parked()) == (0, 2)


async def test_a_journey_is_not_told_what_it_does_not_listen_to(post: Post) -> None:
    await post.commit(post.event(names.ORDER_COMPLETED, order_id="o-1"))
    await post.deliver()
    await post.commit(
        post.event(names.EMAIL_LINK_CLICKED, at=NOON + MINUTE),
        post.event(names.PRODUCT_VIEWED, at=NOON + 60 * MINUTE),
        post.event(names.ORDER_REFUNDED, at=NOON + 61 * MINUTE, order_id="o-1"),
    )
    await post.deliver()
    assert post.temporal.went == ["start post-purchase/anna/o-1", "observation post-purchase/anna/o-1"]


async def operator_begins(post: Post, customer: str = "anna") -> EnrollmentRow:
    """What `segue enroll` records before it asks Temporal."""
    occasion = Occasion(event_id=f"operator-{customer}", name="enrolled by an operator", occurred_at=NOON)
    begin = post.routes.enroll(post.routes.plan("cart-recovery"), customer, occasion, NOON)
    async with post.database.transaction() as session:
        await Enrollments(session).open(begin.row)
    return begin.row


async def test_an_enrollment_whose_starter_died_is_started_by_the_next_dispatcher(post: Post) -> None:
    row = await operator_begins(post)
    await post.dispatcher.resume()
    assert [start.enrollment for start in post.temporal.starts] == [row.id]
    await post.admit()
    await post.dispatcher.resume()
    assert len(post.temporal.starts) == 1


async def test_an_event_for_an_enrollment_that_is_not_started_yet_starts_it_and_is_told(post: Post) -> None:
    row = await operator_begins(post)
    post.temporal.missing.add(row.workflow_id)
    await post.commit(post.event(names.EMAIL_LINK_CLICKED))
    await post.deliver()
    assert post.temporal.went == ["start cart-recovery/anna", "click cart-recovery/anna"]


async def test_what_cannot_be_resumed_holds_up_nothing_else(post: Post) -> None:
    for customer in ("anna", "boris", "clara"):
        await operator_begins(post, customer)
    post.temporal.still_ending.add("cart-recovery/anna")
    post.temporal.refuses.add("cart-recovery/boris")
    await post.dispatcher.resume()
    assert post.temporal.went == ["start cart-recovery/clara"]
    states = {row.customer: row.state for name in ("anna", "boris", "clara") for row in await post.rows(name)}
    assert states == {"anna": State.STARTING, "boris": State.ENDED, "clara": State.STARTING}
