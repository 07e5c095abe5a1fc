"""Beginning again: who may enter cart recovery a second time, and when."""

from datetime import timedelta

import pytest

from domain.enrollment import OutcomeKind, State
from starter.dispatch.enrolling import StillEndingError
from storage.events import EventStore
from tests.house import ANNA, House

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
async def shopper(house: House) -> House:
    """Anna has just put a lamp into her cart."""
    await house.identify()
    await house.add_to_cart()
    return house


async def cart_rows(house: House) -> list[tuple[State, OutcomeKind | None]]:
    rows = [row for row in await house.enrollments() if row.journey == "cart-recovery"]
    return [(row.state, row.outcome.kind if row.outcome else None) for row in rows]


async def test_who_bought_before_any_mail_may_begin_again_at_once(shopper: House) -> None:
    await shopper.advance_to(30 * MINUTE)
    await shopper.order()
    await shopper.advance_to(40 * MINUTE)
    await shopper.add_to_cart()
    await shopper.advance_to(2 * HOUR)
    assert await cart_rows(shopper) == [(State.ENDED, OutcomeKind.CONVERTED), (State.RUNNING, None)]
    assert ("cart/reminder", 100 * MINUTE) in await shopper.sent()


async def test_who_was_mailed_may_begin_again_seven_days_after_the_beginning(shopper: House) -> None:
    await shopper.advance_to(5 * HOUR)
    await shopper.order()
    await shopper.advance_to(7 * DAY - MINUTE)
    await shopper.add_to_cart()
    await shopper.advance_to(7 * DAY - MINUTE + 2 * HOUR)
    assert await cart_rows(shopper) == [(State.ENDED, OutcomeKind.CONVERTED)]
    await shopper.add_to_cart()
    await shopper.advance_to(8 * DAY)
    assert await cart_rows(shopper) == [(State.ENDED, OutcomeKind.CONVERTED), (State.RUNNING, None)]


async def test_more_products_join_the_running_enrollment(shopper: House) -> None:
    await shopper.advance_to(30 * MINUTE)
    await shopper.add_to_cart(product="shade")
    assert await cart_rows(shopper) == [(State.RUNNING, None)]


async def _deliver_everything_again(house: House) -> None:
    """As after a crash of the dispatcher between delivering and marking."""
    async with house.database.transaction() as session:
        store = EventStore(session)
        everything = await store.recent(ANNA, house.clock.paced.anchor_product - DAY)
        await store.mark_dispatched([event.seq for event in everything], None)  # type: ignore[arg-type]  # undone
    await house.dispatch()


async def test_a_start_that_is_delivered_again_enrolls_nobody_twice(shopper: House) -> None:
    await _deliver_everything_again(shopper)
    await shopper.advance_to(2 * HOUR)
    await _deliver_everything_again(shopper)
    await shopper.advance_to(3 * HOUR)
    assert await cart_rows(shopper) == [(State.RUNNING, None)]
    assert await shopper.sent() == [("cart/reminder", 1 * HOUR)]


async def test_a_start_that_is_delivered_again_after_the_end_enrolls_nobody_twice(shopper: House) -> None:
    await shopper.advance_to(30 * MINUTE)
    await shopper.order()
    await shopper.advance_to(40 * MINUTE)
    await _deliver_everything_again(shopper)
    await shopper.advance_to(3 * HOUR)
    assert await cart_rows(shopper) == [(State.ENDED, OutcomeKind.CONVERTED)]
    assert await shopper.sent() == [("post_purchase/confirmation", 30 * MINUTE)]


async def test_an_enrollment_waits_while_an_earlier_one_under_its_workflow_id_is_still_ending(shopper: House) -> None:
    (row,) = await shopper.enrollments()
    plan = shopper.routes.plan("cart-recovery")
    later = row.occasion.model_copy(update={"event_id": "added-later"})
    with pytest.raises(StillEndingError):
        await shopper.enroller.begin(shopper.routes.enroll(plan, ANNA, later, row.started_at).start)
    await shopper.enroller.begin(shopper.routes.begin_again(row).start)  # the very one that runs: no trouble


async def test_a_second_run_of_one_enrollment_is_superseded_and_mails_nobody(shopper: House) -> None:
    """A dispatcher that died before it noted the start, and comes back when the first run has ended."""
    (row,) = await shopper.enrollments()
    start = shopper.routes.begin_again(row).start
    await shopper.advance_to(30 * MINUTE)
    await shopper.order()
    await shopper.advance_to(40 * MINUTE)
    await shopper.enroller.begin(start)
    outcome = await shopper.outcome(row.workflow_id)
    assert (outcome.kind, outcome.why) == (OutcomeKind.SUPERSEDED, "the enrollment has ended")
    assert await cart_rows(shopper) == [(State.ENDED, OutcomeKind.CONVERTED)]
