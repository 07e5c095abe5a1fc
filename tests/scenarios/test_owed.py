"""Owed mail that waits for what may still be told: a backend's word, or an address."""

from datetime import timedelta

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.event import Event
from tests.house import ANNA, House
from tests.scenarios.visitors import visitor_signs_in

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CONFIRMATION = "post_purchase/confirmation"
NO_BACKEND = "only a page has reported it, and no backend"


async def page_orders(house: House, order_id: str = "o-1") -> Event:
    """A page reports an order of Anna's with the key that stands in it."""
    properties = {"order_id": order_id, "revenue": 49.0, "products": [{"product_id": "lamp", "price": 49.0}]}
    event = house.track(names.ORDER_COMPLETED, at=await house.now(), properties=properties)
    event = event.model_copy(update={"public": True, "message_id": f"browser:{event.message_id}"})
    await house.commit(event)
    return event


async def test_an_order_of_a_page_is_confirmed_once_the_backend_reports_it(house: House) -> None:
    await house.identify()
    await page_orders(house)
    await house.advance(12 * MINUTE)
    assert await house.sent() == []
    await house.order()
    await house.order()
    await house.advance(HOUR)
    assert await house.sent() == [(CONFIRMATION, 15 * MINUTE)]


async def test_without_a_backends_word_it_is_dropped_after_an_hour_and_the_journey_goes_on(house: House) -> None:
    await house.identify()
    await page_orders(house)
    await house.advance(59 * MINUTE)
    assert [status for _, status, _ in await house.unsent()] == ["deferred"]
    await house.advance(2 * MINUTE)
    assert await house.unsent() == [(CONFIRMATION, "dropped", NO_BACKEND)]
    await house.advance(75 * HOUR)
    assert [template for template, _ in await house.sent()] == ["post_purchase/usage_guide"]


async def test_a_journey_that_ends_waits_no_longer(house: House) -> None:
    await house.identify()
    await page_orders(house)
    await house.advance(7 * MINUTE)
    await house.report(names.ORDER_CANCELLED, ANNA, order_id="o-1")
    outcome = await house.ended(f"post-purchase/{ANNA}/o-1")
    assert (outcome.mails, await house.sent()) == (0, [])
    [(_, status, reason)] = await house.unsent()
    assert (status, reason) == ("dropped", "the journey ended: order cancelled")


async def test_an_order_that_a_page_gave_to_somebody_else_is_confirmed_to_whom_the_backend_names(house: House) -> None:
    await house.identify()
    await house.add_to_cart()
    visitor = house.track(names.ORDER_COMPLETED, at=await house.now(), properties={"order_id": "o-1", "revenue": 9.0})
    await house.commit(
        visitor.model_copy(update={"user_id": None, "anonymous_id": "v1", "public": True, "message_id": "browser:m"})
    )
    await house.advance(2 * MINUTE)
    await house.order()
    await house.advance(30 * MINUTE)
    assert await house.sent() == [(CONFIRMATION, 2 * MINUTE)]
    [(_, text)] = house.letters()
    assert "o-1" in text
    assert (await house.ended(f"cart-recovery/{ANNA}")).kind is OutcomeKind.CONVERTED
    assert (await house.ended("post-purchase/anon-v1/o-1")).why == "order cancelled"
    assert [status for _, status, _ in await house.unsent("anon-v1")] == ["dropped"]


async def test_an_order_reported_before_the_address_is_confirmed_once_it_is_known(house: House) -> None:
    order = house.track(names.ORDER_COMPLETED, at=await house.now(), properties={"order_id": "o-1", "revenue": 49.0})
    await house.commit(order.model_copy(update={"user_id": None, "anonymous_id": "v1"}))
    await house.advance(MINUTE)
    await visitor_signs_in(house, email=f"{ANNA}@shop.example")
    await house.advance(10 * MINUTE)
    assert await house.sent() == [(CONFIRMATION, 5 * MINUTE)]
