"""Two carts, one person: a visitor whose journey runs turns out to be somebody the shop knows."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from domain import calls
from domain import event as names
from domain.enrollment import OutcomeKind
from storage.database import Database
from storage.join_log import JoinLog
from tests.house import ANNA, House, opened_house, real_server
from tests.scenarios.handing_over import EARLY, hand_over
from tests.scenarios.runs import runs_of
from tests.scenarios.visitors import visitor_adds_to_cart, visitor_signs_in
from tests.stack.waiting import until
from workflows.vocabulary import search

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
CART, VISITORS_CART = f"cart-recovery/{ANNA}", "cart-recovery/anon-v1"


async def test_a_strangers_cart_is_followed_up_once_they_are_known(house: House) -> None:
    await house.identify()
    await visitor_adds_to_cart(house)
    await house.advance(HOUR / 2)
    await visitor_signs_in(house)
    await house.advance_to(2 * HOUR)

    assert await house.sent() == [("cart/reminder", HOUR)]
    progress = await house.progress(VISITORS_CART)
    assert progress.customer == ANNA
    assert f"joined with {ANNA}" in " ".join(progress.history)
    described = await house.handle(VISITORS_CART).describe()
    assert described.typed_search_attributes[search.CUSTOMER] == ANNA
    await house.click()  # on a mail of the journey, reported under the new name
    await house.advance_to(3 * HOUR)
    await house.order()
    outcome = await house.outcome(VISITORS_CART)
    assert (outcome.kind, outcome.mails, outcome.revenue) == (OutcomeKind.CONVERTED, 2, 49.0)
    assert [subject for subject, _ in house.letters()].count("Anna, your cart is saved") == 1


async def test_of_two_journeys_the_one_that_has_mailed_goes_on_and_no_mail_comes_twice(house: House) -> None:
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    await visitor_adds_to_cart(house)
    await house.advance_to(2 * HOUR + 30 * MINUTE)
    await visitor_signs_in(house)

    ended = await house.outcome(VISITORS_CART)
    assert (ended.kind, ended.why) == (
        OutcomeKind.SUPERSEDED,
        f"two customers turned out to be one: {CART} goes on for both",
    )
    assert await house.still_running() == [CART]
    await house.advance_to(80 * HOUR)
    templates = [template for template, _ in await house.sent()]
    assert templates == ["cart/reminder", "cart/objections", "cart/social_proof", "cart/last_call"]
    assert [row.outcome.kind for row in await house.enrollments() if row.outcome] == [
        OutcomeKind.COMPLETED,
        OutcomeKind.SUPERSEDED,
    ]
    async with house.database.read() as session:
        (join,) = await JoinLog(session).of_customer(ANNA)
    assert (join.former, [each.workflow_id for each in join.superseded]) == ("anon-v1", [VISITORS_CART])


async def test_a_guests_order_ends_the_journey_of_the_account_they_sign_in_to(house: House) -> None:
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(HOUR / 2)
    properties = {"order_id": "o-7", "revenue": 61.0}
    order = house.track(names.ORDER_COMPLETED, at=await house.now(), properties=properties)
    await house.commit(order.model_copy(update={"user_id": None, "anonymous_id": "v1"}))
    await visitor_signs_in(house)

    outcome = await house.outcome(CART)
    assert (outcome.kind, outcome.revenue, outcome.order_id, outcome.mails) == (OutcomeKind.CONVERTED, 61.0, "o-7", 0)


async def test_a_mail_that_waits_for_an_address_goes_nowhere_but_to_its_own_reader(house: House) -> None:
    """The device passes on: what Anna put into the cart is never told to Ben."""
    await house.identify()
    await house.identify("ben")
    await visitor_adds_to_cart(house)
    await visitor_signs_in(house)
    await visitor_signs_in(house, "ben")
    await house.advance_to(2 * HOUR)
    assert await house.sent() == [("cart/reminder", HOUR)]
    assert (await house.enrollments("ben"), house.letters("ben")) == ([], [])


@pytest.mark.parametrize("moment", [calls.GATE, calls.SEND])
async def test_wherever_the_join_finds_a_journey_its_mail_goes_to_the_right_one_and_once(
    house: House, moment: str
) -> None:
    """In the middle of sending, before each activity, its worker dies there besides."""

    async def join_and_die() -> None:
        await visitor_signs_in(house)
        raise RuntimeError("the process died here")

    await house.identify()
    await visitor_adds_to_cart(house)
    await visitor_signs_in(house, None, email=f"{ANNA}@shop.example", consent=True)
    house.hooks.before(moment, join_and_die)
    await house.advance_to(2 * HOUR)
    await house.dispatch()
    assert [template for template, _ in await house.sent()] == ["cart/reminder"]
    assert len(house.letters()) == 1
    assert await house.ledger("anon-v1") == []


async def test_another_worker_goes_on_with_a_journey_that_was_joined_while_none_ran(sqlite_database: Database) -> None:
    async with real_server() as env, opened_house(env, sqlite_database, pace=HOUR / SECOND) as house:
        await house.identify()
        await house.add_to_cart()
        await visitor_adds_to_cart(house)
        await house.stop_worker()
        await visitor_signs_in(house)
        assert await house.still_running() == [CART]
        await house.start_worker()

        async def is_reminded() -> bool:
            return bool(await house.sent())

        await until(is_reminded)
        assert (await house.handle(VISITORS_CART).result()).kind is OutcomeKind.SUPERSEDED
        await house.order()
        assert (await house.ended(CART)).mails == 1
        assert [template for template, _ in await house.sent()] == ["cart/reminder"]
        assert len(house.letters()) == 1


async def test_the_next_run_and_the_list_of_journeys_know_the_new_name(sqlite_database: Database) -> None:
    """On the real server, which is told to suggest continuing as new early."""
    async with real_server(EARLY) as env, opened_house(env, sqlite_database) as house:
        await house.identify()
        await visitor_adds_to_cart(house)
        await visitor_signs_in(house)
        handle = house.handle(VISITORS_CART)

        async def is_told() -> bool:
            return (await house.progress(VISITORS_CART)).customer == ANNA

        await until(is_told)
        await hand_over(house, handle)
        assert (await house.progress(VISITORS_CART)).customer == ANNA
        assert len(await runs_of(house, VISITORS_CART)) == 2

        async def listed() -> list[str]:
            query = f"SegueCustomer = '{ANNA}' AND ExecutionStatus = 'Running'"
            return [each.id async for each in house.client.list_workflows(query)]

        assert await until(listed) == [VISITORS_CART]
        await house.order()
        assert (await handle.result()).kind is OutcomeKind.CONVERTED
        assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
