"""Enrolling by hand: a journey about an order needs an order, and no order has two."""

from datetime import timedelta

import pytest

from domain.enrollment import OutcomeKind
from starter.operations import AlreadyEnrolledError, NoOccasionError
from tests.house import ANNA, House

DAY = timedelta(days=1)
ORDER = f"post-purchase/{ANNA}/o-1"


@pytest.mark.parametrize("key", [None, "", "o-2"])
async def test_a_journey_about_an_order_needs_an_order_of_the_customers(house: House, key: str | None) -> None:
    await house.identify()
    await house.identify("boris")
    await house.order("boris", order_id="o-2")
    with pytest.raises(NoOccasionError, match="order_id"):
        await house.operations.enroll("post-purchase", ANNA, key=key)
    assert await house.enrollments() == []


async def test_an_old_order_that_began_nothing_can_be_followed_up(house: House) -> None:
    await house.identify()
    line = {"product_id": "lamp", "name": "Lamp", "price": 49.0, "quantity": 1}
    properties = {"order_id": "o-1", "revenue": 49.0, "products": [line]}
    await house.commit(house.track("Order Completed", at=await house.now() - 3 * DAY, properties=properties))
    assert await house.enrollments() == []
    status = await house.operations.enroll("post-purchase", ANNA, key="o-1")
    assert status.workflow_id == ORDER
    await house.advance_to(timedelta(hours=1))
    assert [template for template, _ in await house.sent()] == ["post_purchase/confirmation"]
    assert "o-1" in house.letters()[0][0] + house.letters()[0][1]


async def test_an_order_that_was_followed_up_is_not_followed_up_again(house: House) -> None:
    await house.identify()
    await house.order(order_id="o-1")
    await house.advance_to(timedelta(hours=1))
    await house.operations.cancel(ANNA)
    assert (await house.ended(ORDER)).kind is OutcomeKind.CANCELLED
    with pytest.raises(AlreadyEnrolledError):
        await house.operations.enroll("post-purchase", ANNA, key="o-1")
    assert len(house.letters()) == 1


async def test_a_journey_about_a_customer_takes_no_key(house: House) -> None:
    await house.identify()
    with pytest.raises(NoOccasionError, match="leave out --key"):
        await house.operations.enroll("cart-recovery", ANNA, key="o-1")
