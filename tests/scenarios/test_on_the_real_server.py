"""What the time-skipping test server does otherwise than the real one, on the real one, with time running fast."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain import calls
from domain.enrollment import OutcomeKind
from domain.message import MessageStatus
from domain.signals import Purchase
from storage.database import Database
from tests.house import ANNA, House, opened_house, real_server
from tests.stack.waiting import until

HOUR = timedelta(hours=1)
CART = f"cart-recovery/{ANNA}"

FOUR_HOURS_A_SECOND = 14_400.0
"""An answer is waited for during six seconds: in these a busy machine has to see that, and to stop its worker."""


@pytest.fixture
async def paced_house(sqlite_database: Database) -> AsyncIterator[House]:
    async with real_server() as env, opened_house(env, sqlite_database, pace=FOUR_HOURS_A_SECOND) as house:
        yield house


async def test_an_attempt_that_fails_after_the_journey_ended_is_not_repeated(paced_house: House) -> None:
    """The server ends a cancelled activity whose attempt fails with that failure; the test server forgets it."""
    house = paced_house

    async def buy() -> None:
        await house.handle(CART).signal("purchase", Purchase(event_id="p-1", revenue=49.0))
        await house.heard(CART, "ACTIVITY_TASK_CANCEL_REQUESTED")

    await house.identify()
    house.hooks.before(calls.SEND, buy)
    house.transport.defer_next()
    await house.add_to_cart()
    outcome = await house.ended(CART)
    assert (outcome.kind, outcome.mails) == (OutcomeKind.CONVERTED, 0)
    assert await house.handle(CART).result() == outcome
    assert await house.unsent() == [("cart/reminder", "dropped", "the journey ended: order completed")]
    assert len(house.transport.attempts) == 1


async def test_a_running_enrollment_is_recognised_when_its_start_is_delivered_again(paced_house: House) -> None:
    house = paced_house
    await house.stop_worker()
    await house.identify()
    await house.add_to_cart()
    (row,) = await house.enrollments()
    await house.enroller.begin(house.routes.begin_again(row).start)
    await house.start_worker()
    await house.order()
    assert (await house.ended(CART)).kind is OutcomeKind.CONVERTED


async def test_a_late_timer_makes_its_mail_stale_and_an_answer_is_due_when_it_is_heard(paced_house: House) -> None:
    """The test server lets no time pass while a workflow task waits for a worker."""
    house = paced_house
    silent, answering = "silent", "answering"

    async def both_wait_for_an_answer() -> bool:
        doing = [(await house.progress(f"cart-recovery/{each}")).doing for each in (silent, answering)]
        return all(each.startswith("waiting 23 hours for ") for each in doing)

    async def both_settled() -> bool:
        return len(await house.ledger(silent)) > 1 and len(await house.sent(answering)) > 1

    async def is_too_late() -> bool:
        return await house.now() > away_at + (23 + 36 + 1) * HOUR

    for customer in (silent, answering):
        await house.identify(customer)
        await house.add_to_cart(customer)
    await until(both_wait_for_an_answer)
    await house.stop_worker()
    away_at = await house.now()
    await house.click(customer=answering)
    await until(is_too_late)
    back_at = await house.now()
    await house.start_worker()
    await until(both_settled)

    reminder, late, *_ = await house.ledger(silent)
    assert (late.template, late.status) == ("cart/objections", MessageStatus.DROPPED)
    assert late.reason.startswith("too late to make sense: asked late")
    assert late.due_at is not None
    assert reminder.due_at is not None
    assert reminder.due_at + 23 * HOUR < late.due_at < away_at + 23 * HOUR
    _, answer = await house.ledger(answering)
    assert (answer.template, answer.status) == ("cart/deeper", MessageStatus.SENT)
    assert answer.due_at is not None
    assert answer.due_at > back_at
