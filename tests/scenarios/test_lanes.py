"""Several journeys of one customer at once: the stronger goes first, the weaker waits or ends."""

from datetime import timedelta

import pytest

from domain.enrollment import OutcomeKind
from domain.event import PRODUCT_REMOVED
from tests.conftest import OpenHouse
from tests.house import ANNA, House
from tests.scenarios.lanes import Browse, Welcome
from tests.workflows.playing import begin, worker_for
from workflows.catalogue import JOURNEYS

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def shop(open_house: OpenHouse) -> House:
    """A shop with three journeys in one lane, and Anna, who was there an hour ago."""
    house = await open_house(build=worker_for(Browse, Welcome))
    house.cast({**JOURNEYS, Browse.plan.name: Browse, Welcome.plan.name: Welcome})
    await house.identify()
    return house


async def how_they_ended(house: House) -> dict[str, tuple[OutcomeKind, str, int]]:
    rows = [(row.journey, row.outcome) for row in await house.enrollments()]
    return {journey: (each.kind, each.why, each.mails) for journey, each in rows if each is not None}


async def test_a_cart_and_a_welcome_at_once_the_welcome_ends(shop: House) -> None:
    await shop.add_to_cart()
    await begin(shop, Welcome, at=await shop.now())
    await shop.advance_to(2 * HOUR)
    assert await shop.sent() == [("cart/reminder", HOUR)]
    (welcome,) = [row for row in await shop.ledger() if row.journey == "test-welcome"]
    assert (welcome.status.value, welcome.reason, welcome.rule) == ("dropped", "gives way to cart-recovery", "lane")
    assert await how_they_ended(shop) == {"test-welcome": (OutcomeKind.EXITED, "gave way to cart-recovery", 0)}


async def test_a_cart_that_comes_after_the_welcome_ends_it_at_its_next_mail(shop: House) -> None:
    await begin(shop, Welcome, at=await shop.now())
    await shop.advance_to(30 * HOUR)
    await shop.add_to_cart()
    await shop.advance_to(50 * HOUR)
    assert await shop.sent() == [("cart/objections", 5 * MINUTE), ("cart/reminder", 31 * HOUR)]
    assert await how_they_ended(shop) == {"test-welcome": (OutcomeKind.EXITED, "gave way to cart-recovery", 1)}


async def test_browse_then_cart_browse_waits_and_goes_on_when_the_cart_is_empty(shop: House) -> None:
    await begin(shop, Browse, at=await shop.now())
    await shop.advance_to(30 * MINUTE)
    await shop.add_to_cart()
    await shop.advance_to(65 * MINUTE)
    assert await shop.unsent() == [
        ("cart/objections", "deferred", "cart-recovery goes first: waits until 2026-03-02 16:00 UTC"),
    ]
    assert (await shop.progress("test-browse/" + ANNA)).doing.startswith("objections: cart-recovery goes first")
    await shop.advance_to(3 * HOUR)
    await shop.report(PRODUCT_REMOVED, product_id="lamp")
    await shop.advance_to(50 * HOUR)
    assert await shop.sent() == [
        ("cart/reminder", 90 * MINUTE),
        ("cart/objections", 25 * HOUR + 30 * MINUTE),  # asked at 7 hours, and then held back by the daily cap alone
        ("cart/social_proof", 49 * HOUR + 30 * MINUTE),
    ]


async def test_a_mail_that_waits_for_a_stronger_journey_is_dropped_when_it_is_stale(shop: House) -> None:
    await begin(shop, Browse, at=await shop.now())
    await shop.advance_to(2 * HOUR)
    await shop.add_to_cart()
    await shop.advance_to(62 * HOUR)
    (browse,) = [row for row in await shop.ledger() if row.template == "cart/social_proof" and row.sent_at is None]
    assert (browse.journey, browse.rule) == ("test-browse", "staleness")
    assert browse.reason.startswith("too late to make sense: ")


async def test_an_order_ends_all_journeys_whose_goal_it_is(shop: House) -> None:
    await begin(shop, Browse, at=await shop.now())
    await shop.advance_to(2 * HOUR)
    await shop.add_to_cart()
    await shop.advance_to(30 * HOUR)
    await shop.order()
    await shop.advance_to(31 * HOUR)
    ended = await how_they_ended(shop)
    assert {journey: kind for journey, (kind, _, _) in ended.items()} == {
        "test-browse": OutcomeKind.CONVERTED,
        "cart-recovery": OutcomeKind.CONVERTED,
    }


async def test_nobody_is_reminded_while_they_are_in_the_shop(house: House) -> None:
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(58 * MINUTE)
    await house.visit()  # looks at a product: the cart rests all the same
    await house.advance_to(61 * MINUTE)
    assert await house.unsent() == [
        ("cart/reminder", "deferred", "in the shop just now: waits until 2026-03-02 10:03 UTC")
    ]
    await house.advance_to(62 * MINUTE)
    await house.visit()
    await house.advance_to(80 * MINUTE)
    assert await house.sent() == [("cart/reminder", 67 * MINUTE)]
