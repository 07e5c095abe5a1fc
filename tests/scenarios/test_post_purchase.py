"""Post-purchase: the series after a first order, the short form after later ones, and what ends each."""

from datetime import timedelta

from domain import event as names
from domain.civil import QuietHours
from domain.enrollment import OutcomeKind
from domain.offer import OfferPolicy
from storage.permissions import Permissions
from storage.suppressions import Suppressions
from tests.conftest import OpenHouse
from tests.house import ANNA, House

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

SERIES = [
    ("post_purchase/confirmation", 0 * DAY),
    ("post_purchase/usage_guide", 3 * DAY),
    ("post_purchase/complementary", 7 * DAY),
    ("post_purchase/review_request", 14 * DAY),
    ("post_purchase/loyalty", 30 * DAY),
]


def order(order_id: str) -> str:
    return f"post-purchase/{ANNA}/{order_id}"


async def test_a_first_order_gets_the_whole_series(house: House) -> None:
    await house.identify()
    await house.order()
    await house.advance(40 * DAY)
    assert await house.sent() == SERIES
    outcome = await house.outcome(order("o-1"))
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 5)


async def test_a_later_order_gets_its_confirmation_and_a_review_request_alone(house: House) -> None:
    await house.identify()
    await house.order(order_id="o-1")
    await house.advance_to(40 * DAY)
    await house.order(order_id="o-2")
    await house.advance_to(80 * DAY)
    assert await house.sent() == [
        *SERIES,
        ("post_purchase/confirmation", 40 * DAY),
        ("post_purchase/review_request", 54 * DAY),
    ]
    assert (await house.outcome(order("o-2"))).mails == 2


async def test_a_second_order_converts_the_first_series_and_has_its_own(house: House) -> None:
    await house.identify()
    await house.order(order_id="o-1")
    await house.advance_to(5 * DAY)
    await house.order(order_id="o-2", revenue=80.0)
    await house.advance_to(40 * DAY)
    assert await house.sent() == [
        *SERIES[:2],
        ("post_purchase/confirmation", 5 * DAY),
        ("post_purchase/review_request", 19 * DAY),
    ]
    first, second = await house.outcomes()
    assert (first.kind, first.revenue, first.order_id, first.mails) == (OutcomeKind.CONVERTED, 80.0, "o-2", 2)
    assert (second.kind, second.mails) == (OutcomeKind.COMPLETED, 2)


async def test_two_orders_within_seconds_are_both_confirmed(house: House) -> None:
    await house.identify()
    at = await house.now()
    orders = [
        house.track(
            names.ORDER_COMPLETED, at=at + number * timedelta(seconds=2), properties={"order_id": f"o-{number}"}
        )
        for number in (1, 2)
    ]
    await house.store(*orders)
    await house.dispatch()
    await house.advance(HOUR)
    assert [template for template, _ in await house.sent()] == ["post_purchase/confirmation"] * 2
    assert sorted(subject for subject, _ in house.letters()) == [
        "Your order o-1 is confirmed",
        "Your order o-2 is confirmed",
    ]
    assert await house.still_running() == [order("o-2")]
    assert [outcome.kind for outcome in await house.outcomes()] == [OutcomeKind.CONVERTED]


async def test_a_confirmation_is_owed_though_its_series_has_ended_before_the_first_step(house: House) -> None:
    await house.stop_worker()
    await house.identify()
    await house.order(order_id="o-1")
    await house.order(order_id="o-2")
    await house.report(names.ORDER_REFUNDED, order_id="o-2")
    await house.start_worker()
    await house.advance(40 * DAY)
    assert [template for template, _ in await house.sent()] == ["post_purchase/confirmation"] * 2
    assert [(outcome.kind, outcome.mails) for outcome in await house.outcomes()] == [
        (OutcomeKind.CONVERTED, 1),
        (OutcomeKind.EXITED, 1),
    ]


async def test_a_confirmation_is_owed_without_consent_after_an_opt_out_at_night_and_over_the_cap(
    open_house: OpenHouse,
) -> None:
    house = await open_house(quiet=QuietHours())
    await house.identify("no-consent", consent=False, timezone="America/New_York")
    await house.identify("opted-out")
    await house.identify("asleep", timezone="America/New_York")  # 04:00 there
    await house.identify("mailed")
    await house.add_to_cart("mailed")
    async with house.database.transaction() as session:
        await Permissions(session).opt_out("opted-out", "*", await house.now(), "test")
    for customer in ("no-consent", "opted-out", "asleep"):
        await house.order(customer, order_id=f"order-of-{customer}")
    await house.advance_to(2 * HOUR)
    await house.order("mailed", order_id="order-of-mailed")  # an hour after the cart's reminder
    await house.advance_to(3 * HOUR)
    for customer in ("no-consent", "opted-out", "asleep"):
        assert await house.sent(customer) == [("post_purchase/confirmation", 0 * HOUR)], customer
    assert await house.sent("mailed") == [("cart/reminder", 1 * HOUR), ("post_purchase/confirmation", 2 * HOUR)]


async def test_a_confirmation_is_no_marketing_and_counts_against_no_cap(house: House) -> None:
    await house.identify()
    await house.order()
    await house.add_to_cart(product="shade")
    await house.advance_to(2 * HOUR)
    assert await house.sent() == [("post_purchase/confirmation", 0 * HOUR), ("cart/reminder", 1 * HOUR)]


async def test_what_follows_the_confirmation_needs_consent(house: House) -> None:
    await house.identify(consent=False)
    await house.order()
    await house.advance(40 * DAY)
    assert await house.sent() == SERIES[:1]
    assert [(template, reason) for template, _, reason in await house.unsent()] == [
        (template, "consent was refused or withdrawn") for template, _ in SERIES[1:]
    ]


async def test_nothing_goes_to_a_suppressed_address_not_even_a_confirmation(house: House) -> None:
    await house.identify()
    async with house.database.transaction() as session:
        await Suppressions(session).suppress(ANNA, "hard bounce", await house.now(), "test")
    await house.order()
    await house.advance(HOUR)
    assert await house.unsent() == [("post_purchase/confirmation", "dropped", "suppressed: hard bounce")]


async def test_a_refund_or_cancellation_of_the_order_ends_its_series_and_no_other(house: House) -> None:
    await house.identify()
    await house.order(order_id="o-1")
    await house.identify("boris")
    await house.order("boris", order_id="b-1")
    await house.advance_to(DAY)
    await house.report(names.ORDER_REFUNDED, order_id="o-0")
    await house.report(names.ORDER_CANCELLED, "boris", order_id="b-0")
    await house.advance_to(4 * DAY)
    assert await house.sent() == SERIES[:2]  # another order's refund changed nothing
    await house.report(names.ORDER_REFUNDED, order_id="o-1")
    await house.report(names.ORDER_CANCELLED, "boris", order_id="b-1")
    await house.advance_to(40 * DAY)
    assert await house.sent() == SERIES[:2]
    assert await house.sent("boris") == SERIES[:2]
    (refunded,) = await house.outcomes()
    (cancelled,) = await house.outcomes("boris")
    assert (refunded.kind, refunded.why, refunded.mails) == (OutcomeKind.EXITED, "order refunded", 2)
    assert (cancelled.kind, cancelled.why, cancelled.mails) == (OutcomeKind.EXITED, "order cancelled", 2)


async def test_an_order_reported_twice_is_one_order_with_one_series(house: House) -> None:
    await house.identify()
    await house.order(order_id="o-1")
    await house.advance_to(HOUR)
    await house.order(order_id="o-1")  # another event of the same order, say from the server after the browser
    await house.advance_to(5 * DAY)
    await house.order(order_id="o-1")
    await house.advance_to(40 * DAY)
    assert await house.sent() == SERIES
    (outcome,) = await house.outcomes()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 5)


async def test_orders_without_an_id_are_told_apart_by_their_events(house: House) -> None:
    await house.identify()
    await house.report(names.ORDER_COMPLETED, revenue=10)
    await house.advance_to(HOUR)
    await house.report(names.ORDER_COMPLETED, revenue=20)
    await house.advance_to(2 * HOUR)
    assert await house.sent() == [("post_purchase/confirmation", 0 * HOUR), ("post_purchase/confirmation", 1 * HOUR)]


async def test_an_order_ends_cart_recovery_and_begins_post_purchase(house: House) -> None:
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    await house.order()
    await house.advance_to(4 * DAY)
    assert await house.sent() == [
        ("cart/reminder", 1 * HOUR),
        ("post_purchase/confirmation", 2 * HOUR),
        ("post_purchase/usage_guide", 3 * DAY + 2 * HOUR),
    ]
    (cart,) = await house.outcomes()
    assert (cart.kind, cart.order_id, cart.mails) == (OutcomeKind.CONVERTED, "o-1", 1)
    assert await house.still_running() == [order("o-1")]


async def test_an_old_order_that_is_imported_is_not_confirmed(house: House) -> None:
    await house.identify()
    at = await house.now() - timedelta(hours=24, minutes=1)
    await house.commit(house.track(names.ORDER_COMPLETED, at=at, properties={"order_id": "o-1"}))
    await house.advance(HOUR)
    assert await house.enrollments() == []


async def test_the_confirmation_shows_the_order_that_began_it(house: House) -> None:
    await house.identify()
    await house.order(order_id="o-1", revenue=49.0)
    await house.advance(HOUR)
    await house.order(order_id="o-2", revenue=1234.5)
    await house.advance(HOUR)
    (first, first_text), (second, second_text) = house.letters()
    assert (first, second) == ("Your order o-1 is confirmed", "Your order o-2 is confirmed")
    assert ("49.00" in first_text, "Welcome to Lumen" in first_text) == (True, True)
    assert ("1,234.50" in second_text, "Welcome to Lumen" in second_text) == (True, False)


async def test_an_order_of_what_runs_out_leads_to_a_subscription(house: House) -> None:
    await house.identify()
    coffee = {"product_id": "coffee", "name": "Coffee", "price": 14.0, "repurchase_days": 30}
    await house.report(names.ORDER_COMPLETED, order_id="o-1", revenue=14.0, products=[coffee])
    await house.advance(40 * DAY)
    assert await house.sent() == [*SERIES[:4], ("post_purchase/subscription", 30 * DAY)]
    assert house.letters()[-1][0] == "Never run out: Coffee"


async def test_who_has_subscribed_is_not_offered_a_subscription(house: House) -> None:
    await house.identify()
    coffee = {"product_id": "coffee", "name": "Coffee", "price": 14.0, "repurchase_days": 30}
    await house.report(names.ORDER_COMPLETED, order_id="o-1", revenue=14.0, products=[coffee])
    await house.advance_to(10 * DAY)
    await house.report(names.SUBSCRIPTION_STARTED, subscription_id="s-1")
    await house.advance_to(40 * DAY)
    assert "post_purchase/subscription" not in [template for template, _ in await house.sent()]


async def test_the_thanks_bring_an_offer_where_the_policy_grants_one(open_house: OpenHouse) -> None:
    house = await open_house(offers=OfferPolicy(free_shipping_over=0))
    await house.identify()
    await house.order()
    await house.advance_to(20 * DAY)
    await house.report(names.CART_VIEWED, products=[{"product_id": "shade", "price": 9.0}])
    await house.advance_to(40 * DAY)
    subject, text = house.letters()[-1]
    assert (subject, "Free shipping on your next order" in text) == ("A thank-you from Lumen", True)
