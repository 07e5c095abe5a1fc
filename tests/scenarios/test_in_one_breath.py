"""Events that come in one batch, or twice: faster than a workflow can end, or told once too often."""

from datetime import timedelta

from domain import event as names
from domain.enrollment import OutcomeKind, State
from tests.house import ANNA, House

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CART = f"cart-recovery/{ANNA}"


async def test_a_cart_that_is_emptied_and_filled_again_at_once_begins_a_new_recovery(house: House) -> None:
    await house.identify()
    await house.add_to_cart(product="lamp")
    await house.advance_to(10 * MINUTE)
    now = await house.now()
    shade = {"product_id": "shade", "name": "Shade", "price": 30}
    await house.store(
        house.track(names.PRODUCT_REMOVED, at=now, properties={"product_id": "lamp"}),
        house.track(names.PRODUCT_ADDED, at=now + timedelta(seconds=2), properties=shade),
    )
    await house.dispatch()
    await house.ended(CART)
    await house.dispatch_held()
    # The second is begun; whether its workflow has said so yet is a matter of moments.
    assert [row.state is State.ENDED for row in await house.enrollments()] == [True, False]
    await house.advance_to(2 * HOUR)
    assert [template for template, _ in await house.sent()] == ["cart/reminder"]
    assert "Shade" in house.letters()[0][1]


async def test_an_order_reported_again_ends_no_later_recovery_and_counts_no_revenue(house: House) -> None:
    await house.identify()
    await house.order(order_id="o-9", revenue=99)
    await house.advance_to(2 * HOUR)
    await house.add_to_cart()
    await house.advance_to(2 * HOUR + 10 * MINUTE)
    await house.order(order_id="o-9", revenue=99)
    await house.advance_to(30 * HOUR)
    assert CART in await house.still_running()
    assert "cart/reminder" in [template for template, _ in await house.sent()]
    await house.order(order_id="o-10", revenue=50)
    outcome = await house.ended(CART)
    assert (outcome.kind, outcome.revenue) == (OutcomeKind.CONVERTED, 50)
