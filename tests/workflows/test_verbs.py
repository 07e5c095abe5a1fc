"""Verbs on Temporal that no deployed journey uses, and what happens to a journey that goes around them."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from domain.enrollment import OutcomeKind
from domain.signals import Observation
from tests.conftest import OpenHouse
from tests.house import START, House
from tests.scenarios.versions import Guarded
from tests.workflows.journeys import Asks, NineOClock, ReadsTheClock, SendsTwice, Sleeps, Waits
from tests.workflows.playing import begin, seen, worker_for
from workflows.vocabulary import Journey

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def shop(open_house: OpenHouse) -> House:
    house = await open_house(build=worker_for(Asks, NineOClock, ReadsTheClock, SendsTwice, Sleeps, Waits))
    await house.identify()
    return house


async def test_waits_end_at_their_moments_and_a_moment_that_is_past_is_no_wait(shop: House) -> None:
    handle = await begin(shop, Waits)
    await shop.advance_to(59 * MINUTE)
    assert await seen(handle) == []
    await shop.advance_to(61 * MINUTE)
    assert await seen(handle) == ["waited"]
    await shop.advance_to(5 * HOUR - MINUTE)
    assert await seen(handle) == ["waited"]
    await shop.advance_to(5 * HOUR + MINUTE)
    assert await seen(handle) == ["waited", "moment", "past"]
    assert (await shop.outcomes())[0].kind is OutcomeKind.COMPLETED


async def test_a_deployments_setting_changes_a_wait(shop: House) -> None:
    handle = await begin(shop, Waits, {"pause": "PT3H"})
    await shop.advance_to(2 * HOUR)
    assert await seen(handle) == []
    await shop.advance_to(3 * HOUR + MINUTE)
    assert await seen(handle) == ["waited"]


async def test_the_goal_ends_a_journey_as_converted_whatever_event_it_is(shop: House) -> None:
    handle = await begin(shop, Waits)
    await handle.signal("observe", Observation(event_id="g-1", name="Goal Reached"))
    await shop.advance_to(30 * MINUTE)
    (outcome,) = await shop.outcomes()
    assert (outcome.kind, outcome.why) == (OutcomeKind.CONVERTED, "goal reached")


async def test_nine_oclock_is_where_the_customer_lives_and_then_the_next_day(shop: House) -> None:
    await shop.identify(timezone="America/New_York")  # 04:00 at the start
    handle = await begin(shop, NineOClock)
    await shop.advance_to(5 * HOUR - MINUTE)
    assert await seen(handle) == []
    await shop.advance_to(5 * HOUR + MINUTE)
    assert await seen(handle) == ["nine"]
    await shop.advance_to(29 * HOUR - MINUTE)
    assert await seen(handle) == ["nine"]
    await shop.advance_to(29 * HOUR + MINUTE)
    assert await seen(handle) == ["nine", "nine again"]


async def test_nine_oclock_of_a_customer_who_moved_is_noticed_at_wake_up(shop: House) -> None:
    await shop.identify(timezone="America/New_York")
    handle = await begin(shop, NineOClock)
    await shop.advance_to(2 * HOUR)
    await shop.identify(timezone="Asia/Tokyo")
    await shop.advance_to(5 * HOUR + MINUTE)  # nine in New York, and 23:00 in Tokyo
    assert await seen(handle) == []
    await shop.advance_to(15 * HOUR + MINUTE)
    assert await seen(handle) == ["nine"]


async def test_questions_are_answered_from_fresh_facts_and_draws_are_sticky(shop: House) -> None:
    await shop.add_to_cart()
    handle = await begin(shop, Asks)
    await shop.advance_to(MINUTE)
    tier, has_cart, offer, variant, again, status, other_message = await seen(handle)
    assert (tier, has_cart, offer) == ("high", "True", "reassurance")
    assert variant in ("short", "long")
    assert again == variant
    assert (status, other_message) == ("sent", "True")  # the same template twice is two messages
    assert [row.step for row in await shop.ledger() if row.journey == "test-asks"] == [
        "review_request",
        "review_request-2",
    ]


async def test_a_wait_tells_when_the_next_mail_is_due_and_not_the_one_after(shop: House) -> None:
    await begin(shop, SendsTwice)
    await shop.advance_to(2 * HOUR)
    first, second = await shop.ledger()
    assert first.due_at is not None
    assert first.sent_at is not None
    assert second.due_at is not None
    assert START + HOUR <= first.due_at < first.sent_at < second.due_at


@pytest.mark.parametrize(
    ("journey", "error"), [(ReadsTheClock, "RestrictedWorkflowAccessError"), (Sleeps, "JourneyError")]
)
async def test_a_journey_that_goes_around_the_verbs_is_caught(shop: House, journey: type[Journey], error: str) -> None:
    handle = await begin(shop, journey)
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == error


async def test_a_change_is_new_to_an_enrollment_that_begins_after_it(open_house: OpenHouse) -> None:
    house = await open_house(build=worker_for(Guarded))
    await house.identify()
    handle = await begin(house, Guarded)
    await house.advance_to(4 * HOUR)
    assert await seen(handle) == ["first", "fact"]
