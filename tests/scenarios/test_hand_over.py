"""The moment of sending: what the mail server answers, and what happens to the customer meanwhile."""

from datetime import timedelta

import pytest

from domain import calls
from domain import event as names
from domain.civil import QuietHours
from domain.enrollment import OutcomeKind
from domain.errors import UnavailableError
from domain.signals import Purchase
from tests.conftest import OpenHouse
from tests.house import ANNA, Hook, House

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CART = f"cart-recovery/{ANNA}"
ORDER = f"post-purchase/{ANNA}/o-1"


@pytest.fixture
async def shopper(house: House) -> House:
    """Anna has just put a lamp into her cart."""
    await house.identify()
    await house.add_to_cart()
    return house


# -- what the mail server answers --------------------------------------------------------------------------------------


async def test_a_refused_reminder_ends_the_sequence(shopper: House) -> None:
    shopper.transport.refuse_next(code=550)
    await shopper.advance(80 * HOUR)
    reason = "refused by the mail server with 550: there is no such mailbox, and nothing more goes to it"
    assert await shopper.unsent() == [("cart/reminder", "refused", reason)]
    assert (await shopper.outcome(CART)).mails == 0
    assert len(shopper.transport.attempts) == 1


async def test_a_mail_refused_later_is_passed_over(shopper: House) -> None:
    await shopper.advance(2 * HOUR)
    shopper.transport.refuse_next(code=552)
    await shopper.advance(80 * HOUR)
    assert [template for template, _ in await shopper.sent()] == [
        "cart/reminder",
        "cart/social_proof",
        "cart/last_call",
    ]
    assert (await shopper.outcome(CART)).mails == 3


async def test_a_mail_the_server_defers_is_sent_later_and_once(shopper: House) -> None:
    shopper.transport.defer_next(9)  # 2 s, 4 s … 512 s between the attempts: 17 minutes
    await shopper.advance(2 * HOUR)
    assert len(shopper.transport.attempts) == 10
    assert len(shopper.transport.mails) == 1
    assert await shopper.sent() == [("cart/reminder", 77 * MINUTE)]


async def test_a_mail_deferred_by_the_server_into_the_night_waits_for_the_morning(open_house: OpenHouse) -> None:
    house = await open_house(quiet=QuietHours())
    await house.identify()
    await house.advance_to(10 * HOUR + 55 * MINUTE)
    await house.add_to_cart()
    house.transport.defer_next(9)  # due at 20:55; the tenth attempt would be at 21:12
    await house.advance_to(12 * HOUR + 30 * MINUTE)
    assert await house.unsent() == [
        ("cart/reminder", "deferred", "quiet hours: waits until 2026-03-03 08:00 UTC"),
    ]
    await house.advance_to(24 * HOUR)
    assert await house.sent() == [("cart/reminder", 23 * HOUR)]
    assert len(house.transport.mails) == 1


async def test_a_mail_of_unknown_fate_is_not_sent_twice_and_counts_once(shopper: House) -> None:
    shopper.transport.lose_next()
    await shopper.advance(30 * HOUR)
    ((template, status, reason),) = await shopper.unsent()
    assert (template, status) == ("cart/reminder", "unknown")
    assert reason == (
        "quiet for 1 hour: the connection broke after the mail was written: it may or may not have arrived"
    )
    assert await shopper.sent() == [("cart/objections", 25 * HOUR)]  # the cap counts the reminder
    assert len(shopper.transport.attempts) == 2
    await shopper.order()
    await shopper.advance(HOUR)
    assert (await shopper.outcomes())[0].mails == 2


async def test_marketing_is_not_sent_again_after_a_crash_right_after_the_hand_over(shopper: House) -> None:
    shopper.transport.die_after_next()
    await shopper.advance(2 * HOUR)
    assert await shopper.unsent() == [("cart/reminder", "unknown", "handed over, and nobody saw the server's answer")]
    assert len(shopper.transport.attempts) == 1


async def test_a_confirmation_is_sent_again_after_a_crash_under_the_same_message_id(house: House) -> None:
    await house.identify()
    house.transport.die_after_next()
    await house.order()
    await house.advance(HOUR)
    first, second = house.transport.mails
    assert first.message_id == second.message_id
    assert await house.sent() == [("post_purchase/confirmation", 0 * HOUR)]


async def test_a_worker_that_dies_after_recording_a_mail_does_not_send_it_again(shopper: House) -> None:
    async def die() -> None:
        raise RuntimeError("the process died here")

    shopper.hooks.after(calls.SEND, die)
    await shopper.advance(2 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 1 * HOUR)]
    assert len(shopper.transport.attempts) == 1


async def test_a_database_that_is_away_for_a_moment_delays_a_mail_and_loses_nothing(shopper: House) -> None:
    async def be_away() -> None:
        raise UnavailableError("the database is away")

    for name in (calls.SCORE, calls.GATE, calls.RENDER, calls.SEND):
        shopper.hooks.before(name, be_away)
    await shopper.advance(2 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 1 * HOUR)]
    assert len(shopper.transport.attempts) == 1


# -- what happens to the customer meanwhile ----------------------------------------------------------------------------


def buying(shopper: House) -> Hook:
    """The shopper's order is committed, and the dispatcher has not delivered it yet."""

    async def buy() -> None:
        properties = {"order_id": "o-1", "revenue": 49.0}
        at = shopper.clock.now()
        await shopper.store(shopper.track(names.ORDER_COMPLETED, at=at, properties=properties))

    return buy


BOUGHT = "Order Completed has ended the journey: nothing goes after it"


@pytest.mark.parametrize("moment", [calls.GATE, calls.SEND])
async def test_a_purchase_that_is_committed_but_not_told_yet_stops_the_mail(shopper: House, moment: str) -> None:
    shopper.hooks.before(moment, buying(shopper))
    await shopper.advance(HOUR + 2 * MINUTE)
    assert await shopper.unsent() == [("cart/reminder", "dropped", BOUGHT)]
    assert shopper.transport.attempts == []
    assert CART in await shopper.still_running()  # it waits for the signal, which tells the revenue
    await shopper.dispatch()
    await shopper.advance(MINUTE)
    cart, _ = await shopper.enrollments()
    assert cart.outcome is not None
    assert (cart.outcome.kind, cart.outcome.revenue, cart.outcome.mails) == (OutcomeKind.CONVERTED, 49.0, 0)


async def test_a_purchase_committed_during_a_deferral_stops_the_mail_at_the_hand_over(shopper: House) -> None:
    await shopper.advance(2 * HOUR)
    shopper.hooks.before(calls.SEND, buying(shopper))
    await shopper.advance_to(25 * HOUR + 2 * MINUTE)
    assert await shopper.unsent() == [("cart/objections", "dropped", BOUGHT)]
    assert len(shopper.transport.attempts) == 1
    await shopper.dispatch()
    await shopper.advance(MINUTE)
    cart, _ = await shopper.enrollments()
    assert cart.outcome is not None
    assert (cart.outcome.kind, cart.outcome.revenue, cart.outcome.mails) == (OutcomeKind.CONVERTED, 49.0, 1)


async def test_a_purchase_that_is_never_told_ends_the_journey_as_converted_all_the_same(shopper: House) -> None:
    shopper.hooks.before(calls.GATE, buying(shopper))
    await shopper.advance(2 * HOUR)
    (outcome,) = await shopper.outcomes()
    assert (outcome.kind, outcome.why, outcome.revenue) == (OutcomeKind.CONVERTED, "order completed", 0.0)
    assert shopper.transport.attempts == []


async def test_an_attempt_under_way_when_the_journey_ends_is_finished_and_recorded(shopper: House) -> None:
    async def buy() -> None:
        await shopper.handle(CART).signal("purchase", Purchase(event_id="p-1", revenue=49.0))
        await shopper.heard(CART, "ACTIVITY_TASK_CANCEL_REQUESTED")

    shopper.hooks.before(calls.SEND, buy)
    await shopper.advance(80 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 1 * HOUR)]
    outcome = await shopper.outcome(CART)
    assert (outcome.kind, outcome.mails) == (OutcomeKind.CONVERTED, 1)


async def test_a_journey_that_ends_between_two_attempts_sends_nothing_more(shopper: House) -> None:
    shopper.transport.defer_next(1000)
    await shopper.advance(2 * HOUR)
    attempts = len(shopper.transport.attempts)
    await shopper.handle(CART).signal("purchase", Purchase(event_id="p-1", revenue=49.0))
    await shopper.advance(10 * HOUR)
    assert len(shopper.transport.attempts) == attempts
    assert await shopper.unsent() == [("cart/reminder", "dropped", "the journey ended: order completed")]
    assert (await shopper.outcome(CART)).kind is OutcomeKind.CONVERTED


async def test_an_operators_cancel_during_a_send_lets_the_attempt_end_and_be_recorded(shopper: House) -> None:
    async def cancel() -> None:
        await shopper.operations.cancel(ANNA)
        await shopper.heard(CART, "ACTIVITY_TASK_CANCEL_REQUESTED")

    shopper.hooks.before(calls.SEND, cancel)
    await shopper.advance(80 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 1 * HOUR)]
    (outcome,) = await shopper.outcomes()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.CANCELLED, 1)


async def test_an_operators_cancel_between_two_attempts_sends_nothing_more(shopper: House) -> None:
    shopper.transport.defer_next(1000)
    await shopper.advance(2 * HOUR)
    attempts = len(shopper.transport.attempts)
    await shopper.operations.cancel(ANNA)
    await shopper.advance(10 * HOUR)
    assert len(shopper.transport.attempts) == attempts
    assert await shopper.unsent() == [("cart/reminder", "dropped", "the journey ended: cancelled by an operator")]
    (outcome,) = await shopper.outcomes()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.CANCELLED, 0)


async def test_a_confirmation_under_way_is_retried_though_the_series_has_ended(house: House) -> None:
    await house.identify()
    house.transport.defer_next(3)
    await house.order(order_id="o-1")
    await house.report(names.ORDER_REFUNDED, order_id="o-1")
    await house.advance(HOUR)
    assert await house.sent() == [("post_purchase/confirmation", 0 * HOUR)]
    (outcome,) = await house.outcomes()
    assert (outcome.kind, outcome.why, outcome.mails) == (OutcomeKind.EXITED, "order refunded", 1)
    assert ORDER not in await house.still_running()
