"""A workflow that an operator terminated: its enrollment ends as soon as anybody notices, and blocks nothing more."""

from datetime import time, timedelta

import pytest

from domain.civil import QuietHours
from domain.enrollment import Occasion, Outcome, OutcomeKind, State
from domain.event import PRODUCT_ADDED
from starter.operations import AlreadyEnrolledError
from storage.database import Database
from storage.enrollments import Enrollments
from tests.house import ANNA, START, House, opened_house, real_server
from tests.stack.waiting import until

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CART = f"cart-recovery/{ANNA}"

WHY = "its workflow no longer runs"
ALL_DAY = QuietHours(start=time(8, 30), end=time(8, 29))
LAMP = {"product_id": "lamp", "name": "Lamp", "price": 49.0}
GONE = Outcome(kind=OutcomeKind.CANCELLED, why=WHY)


@pytest.fixture
async def terminated(house: House) -> House:
    """Anna's cart recovery was terminated before it said anything, and nobody has noticed."""
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(30 * MINUTE)
    await house.handle(CART).terminate()
    assert await house.still_running() == [CART]
    return house


async def test_an_event_for_it_ends_it_and_a_later_one_enrolls_again(terminated: House) -> None:
    await terminated.click()
    assert await terminated.outcomes() == [GONE]
    await terminated.add_to_cart()
    await terminated.advance_to(2 * HOUR)
    assert [row.state for row in await terminated.enrollments()] == [State.ENDED, State.RUNNING]
    assert await terminated.sent() == [("cart/reminder", 90 * MINUTE)]


async def test_the_event_that_finds_it_gone_may_itself_enroll(terminated: House) -> None:
    await terminated.advance_to(2 * HOUR)
    await terminated.add_to_cart()  # their return to the shop, which would be told
    assert [row.outcome for row in await terminated.enrollments()] == [GONE, None]


async def test_what_it_mailed_counts_and_keeps_the_customer_from_beginning_again(house: House) -> None:
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    await house.handle(CART).terminate()
    await house.click()
    assert await house.outcomes() == [GONE.model_copy(update={"mails": 1})]
    await house.add_to_cart()
    assert await house.still_running() == []


async def test_its_status_says_so_and_how_to_end_it(terminated: House) -> None:
    (status,) = await terminated.operations.status(ANNA)
    assert (status.state, status.doing) == (State.RUNNING, f"{WHY}; `segue cancel` ends the enrollment")
    assert await terminated.still_running() == [CART]  # looking changes nothing


async def test_one_that_is_about_to_start_is_not_taken_for_gone(house: House) -> None:
    await house.identify()
    occasion = Occasion(event_id="operator-1", name="enrolled by an operator", occurred_at=START)
    begin = house.routes.enroll(house.routes.plan("cart-recovery"), ANNA, occasion, START)
    async with house.database.transaction() as session:
        await Enrollments(session).open(begin.row)
    (status,) = await house.operations.status(ANNA)
    assert (status.state, status.doing) == (State.STARTING, "about to start")


async def test_an_operators_cancel_ends_it_drops_what_waited_and_lets_them_enroll_again(
    sqlite_database: Database,
) -> None:
    """On the real server: the test server lets workflows be cancelled that have ended."""
    async with real_server() as env, opened_house(env, sqlite_database, quiet=ALL_DAY) as house:
        await house.identify(consent=True)
        await house.store(house.track(PRODUCT_ADDED, at=await house.now() - 2 * HOUR, properties=LAMP))
        await house.dispatch()
        await until(house.unsent)
        await house.handle(CART).terminate()
        with pytest.raises(AlreadyEnrolledError):
            await house.operations.enroll("cart-recovery", ANNA)
        assert await house.operations.cancel(ANNA) == [CART]
        assert await house.outcomes() == [GONE]
        ((template, status, reason),) = await house.unsent()
        assert (template, status) == ("cart/reminder", "dropped")
        assert WHY in reason
        again = await house.operations.enroll("cart-recovery", ANNA)
        assert (again.workflow_id, again.outcome) == (CART, None)
