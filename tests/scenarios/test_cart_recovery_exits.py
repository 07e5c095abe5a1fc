"""What ends cart recovery, at every stage of it: nothing goes after it, and the outcome says why."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import CancelledError

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.event import CUSTOMER_ERASED
from domain.signals import Unsubscribe
from tests.house import ANNA, House

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CART = f"cart-recovery/{ANNA}"
SERIES = ["cart/reminder", "cart/objections", "cart/social_proof", "cart/last_call"]

STAGES = {
    "the quiet hour": (30 * MINUTE, 0),
    "the wait for a reaction": (5 * HOUR, 1),
    "the deferral by the daily cap": (24 * HOUR + 30 * MINUTE, 1),
    "the wait after objections": (30 * HOUR, 2),
    "the wait after social proof": (60 * HOUR, 3),
}
"""When each wait is under way, and how many mails have gone by then."""


async def begin(house: House, *customers: str) -> None:
    for customer in customers:
        await house.identify(customer)
        await house.add_to_cart(customer)


async def cart_mails(house: House, customer: str) -> list[str]:
    return [template for template, _ in await house.sent(customer) if template.startswith("cart/")]


async def test_a_purchase_ends_every_wait_as_converted_and_nothing_goes_after_it(house: House) -> None:
    buyers = {f"buyer-{place}": (at, mails) for place, (at, mails) in enumerate(STAGES.values())}
    await begin(house, *buyers)
    for customer, (at, _) in buyers.items():
        await house.advance_to(at)
        await house.order(customer, order_id=f"order-of-{customer}", revenue=49.5)
    await house.advance_to(80 * HOUR)
    for customer, (_, mails) in buyers.items():
        (outcome,) = await house.outcomes(customer)
        assert (outcome.kind, outcome.why) == (OutcomeKind.CONVERTED, "order completed")
        assert (outcome.revenue, outcome.order_id, outcome.mails) == (49.5, f"order-of-{customer}", mails)
        assert await cart_mails(house, customer) == SERIES[:mails]


async def test_an_exit_during_a_deferral_drops_the_waiting_message_with_the_reason(house: House) -> None:
    await begin(house, ANNA)
    await house.advance_to(24 * HOUR + 30 * MINUTE)
    assert [(template, status) for template, status, _ in await house.unsent()] == [("cart/objections", "deferred")]
    await house.order()
    await house.advance_to(40 * HOUR)
    assert await house.unsent() == [("cart/objections", "dropped", "the journey ended: order completed")]
    assert await cart_mails(house, ANNA) == SERIES[:1]


EXITS: dict[str, tuple[Callable[[House, str], Awaitable[object]], str]] = {
    "cart emptied": (lambda house, who: house.report(names.PRODUCT_REMOVED, who, product_id="lamp"), "cart emptied"),
    "unsubscribed": (lambda house, who: house.report(names.UNSUBSCRIBED, who), "unsubscribed"),
    "topic left": (lambda house, who: house.report(names.UNSUBSCRIBED, who, topic="cart reminders"), "unsubscribed"),
    "bounced": (lambda house, who: house.report(names.EMAIL_BOUNCED, who), "the address bounced"),
    "complained": (lambda house, who: house.report(names.EMAIL_COMPLAINED, who), "marked as spam"),
    "erased": (lambda house, who: house.report(CUSTOMER_ERASED, who), "erased"),
}


@pytest.mark.parametrize("stage", STAGES)
async def test_every_exit_ends_every_wait_and_nothing_goes_after_it(house: House, stage: str) -> None:
    at, mails = STAGES[stage]
    leavers = {f"leaver-{place}": exit_ for place, exit_ in enumerate(EXITS.values())}
    await begin(house, *leavers)
    await house.advance_to(at)
    for customer, (leave, _) in leavers.items():
        await leave(house, customer)
    await house.advance_to(80 * HOUR)
    for customer, (_, why) in leavers.items():
        (outcome,) = await house.outcomes(customer)
        assert (outcome.kind, outcome.why, outcome.mails) == (OutcomeKind.EXITED, why, mails), customer
        assert await cart_mails(house, customer) == SERIES[:mails], customer


async def test_leaving_another_topic_ends_nothing(house: House) -> None:
    await begin(house, ANNA)
    await house.advance_to(2 * HOUR)
    await house.report(names.UNSUBSCRIBED, topic="newsletter")
    await house.handle(CART).signal("unsubscribe", Unsubscribe(event_id="u-1", topic="order follow-up"))
    await house.advance_to(80 * HOUR)
    assert await cart_mails(house, ANNA) == SERIES


async def test_only_the_first_of_two_endings_counts(house: House) -> None:
    await begin(house, ANNA)
    await house.advance_to(2 * HOUR)
    unsubscribed = house.track(names.UNSUBSCRIBED, at=await house.now())
    ordered = house.track(names.ORDER_COMPLETED, at=await house.now(), properties={"order_id": "o-1", "revenue": 49})
    await house.store(unsubscribed, ordered)
    await house.dispatch()
    await house.advance(HOUR)
    outcome = (await house.outcomes())[0]
    assert (outcome.kind, outcome.why, outcome.revenue) == (OutcomeKind.EXITED, "unsubscribed", 0.0)


@pytest.mark.parametrize("stage", STAGES)
async def test_an_operators_cancel_ends_every_wait_and_is_recorded(house: House, stage: str) -> None:
    at, mails = STAGES[stage]
    await begin(house, ANNA)
    await house.advance_to(at)
    assert await house.operations.cancel(ANNA) == [CART]
    await house.advance_to(80 * HOUR)
    assert await cart_mails(house, ANNA) == SERIES[:mails]
    (outcome,) = await house.outcomes()
    assert (outcome.kind, outcome.why) == (OutcomeKind.CANCELLED, "cancelled by an operator")
    assert outcome.mails == mails
    assert (await house.handle(CART).describe()).status is WorkflowExecutionStatus.CANCELED
    with pytest.raises(WorkflowFailureError) as failure:
        await house.outcome(CART)
    assert isinstance(failure.value.cause, CancelledError)


async def test_a_cancel_before_the_first_step_leaves_the_customer_free_to_begin_again(house: House) -> None:
    await house.stop_worker()
    await begin(house, ANNA)
    assert await house.operations.cancel(ANNA) == [CART]
    await house.start_worker()
    await house.advance_to(30 * MINUTE)
    assert [outcome.kind for outcome in await house.outcomes()] == [OutcomeKind.CANCELLED]
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    assert await house.sent() == [("cart/reminder", 90 * MINUTE)]


async def test_an_exit_before_the_first_step_is_not_lost(house: House) -> None:
    await house.stop_worker()
    await begin(house, ANNA)
    await house.order()
    await house.start_worker()
    await house.advance_to(2 * HOUR)
    assert [outcome.kind for outcome in await house.outcomes()] == [OutcomeKind.CONVERTED]
    assert await cart_mails(house, ANNA) == []
