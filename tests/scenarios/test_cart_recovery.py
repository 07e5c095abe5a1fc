"""Cart recovery: each branch of the sequence, with the moments of its mails, and what changes nothing."""

from datetime import timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.offer import OfferPolicy
from domain.signals import Click, Purchase, Revisit
from tests.conftest import OpenHouse
from tests.house import ANNA, START, House

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CART = f"cart-recovery/{ANNA}"

SILENCE = [
    ("cart/reminder", 1 * HOUR),
    ("cart/objections", 25 * HOUR),  # 23 h of silence, and the cap of one mail a day
    ("cart/social_proof", 49 * HOUR),
    ("cart/last_call", 73 * HOUR),
]


@pytest.fixture
async def shopper(house: House) -> House:
    """Anna has just put a lamp into her cart."""
    await house.identify()
    await house.add_to_cart()
    return house


# -- branches --------------------------------------------------------------------------------------------------------


async def test_silence_gets_objections_then_proof_then_the_last_call(shopper: House) -> None:
    await shopper.advance(80 * HOUR)
    assert await shopper.sent() == SILENCE
    outcome = await shopper.outcome(CART)
    assert (outcome.kind, outcome.why, outcome.mails, outcome.step) == (
        OutcomeKind.COMPLETED,
        "the sequence is complete",
        4,
        "last_call",
    )


async def test_a_click_gets_deeper_content_at_once_then_the_last_call(shopper: House) -> None:
    await shopper.advance_to(2 * HOUR)
    await shopper.click()
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == [
        ("cart/reminder", 1 * HOUR),
        ("cart/deeper", 2 * HOUR),  # an answer to the click: the daily cap lets it pass
        ("cart/last_call", 26 * HOUR),
    ]
    assert (await shopper.outcome(CART)).mails == 3


async def test_a_return_to_the_shop_gets_urgency_at_once_then_the_last_call(shopper: House) -> None:
    await shopper.advance_to(22 * HOUR)
    await shopper.visit()
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == [
        ("cart/reminder", 1 * HOUR),
        ("cart/urgency", 22 * HOUR),
        ("cart/last_call", 46 * HOUR),
    ]


async def test_the_first_reaction_decides_and_later_ones_are_no_second_answer(shopper: House) -> None:
    await shopper.advance_to(3 * HOUR)
    await shopper.visit()
    await shopper.advance_to(4 * HOUR)
    await shopper.click()
    await shopper.advance_to(80 * HOUR)
    assert [template for template, _ in await shopper.sent()] == ["cart/reminder", "cart/urgency", "cart/last_call"]


async def test_a_reaction_after_the_time_for_it_is_over_changes_nothing(shopper: House) -> None:
    await shopper.advance_to(24 * HOUR + 5 * MINUTE)  # objections are due, and wait for the daily cap
    await shopper.click()
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == SILENCE


# -- the quiet hour --------------------------------------------------------------------------------------------------


async def test_every_cart_event_restarts_the_quiet_hour(shopper: House) -> None:
    await shopper.advance_to(40 * MINUTE)
    await shopper.add_to_cart(product="shade")
    await shopper.advance_to(80 * MINUTE)
    await shopper.report(names.PRODUCT_REMOVED, product_id="shade")
    await shopper.advance_to(130 * MINUTE)
    await shopper.report(names.CART_VIEWED, products=[{"product_id": "lamp", "price": 49.0}])
    await shopper.advance_to(189 * MINUTE)
    assert await shopper.sent() == []
    await shopper.advance_to(4 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 190 * MINUTE)]


async def test_looking_at_products_does_not_restart_the_quiet_hour(shopper: House) -> None:
    await shopper.advance_to(45 * MINUTE)
    await shopper.visit()
    await shopper.advance_to(2 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 1 * HOUR)]


async def test_a_shopper_who_never_rests_is_not_interrupted(shopper: House) -> None:
    for count in range(1, 13):
        await shopper.advance_to(count * 50 * MINUTE)
        await shopper.add_to_cart()
    assert await shopper.sent() == []
    await shopper.advance_to(12 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 11 * HOUR)]  # an hour after the last event, at 10 h


async def test_a_cart_event_reported_late_restarts_the_hour_from_when_it_happened(shopper: House) -> None:
    await shopper.advance_to(55 * MINUTE)
    await shopper.commit(
        shopper.track(names.PRODUCT_ADDED, at=START + 20 * MINUTE, properties={"product_id": "shade", "price": 9})
    )
    await shopper.advance_to(2 * HOUR)
    assert await shopper.sent() == [("cart/reminder", 80 * MINUTE)]


# -- what changes nothing --------------------------------------------------------------------------------------------


async def test_an_event_told_twice_is_heard_once(shopper: House) -> None:
    seen = Revisit(event_id="visit-1")
    await shopper.advance_to(30 * MINUTE)
    await shopper.handle(CART).signal("revisit", seen)
    await shopper.advance_to(2 * HOUR)
    await shopper.handle(CART).signal("revisit", seen)  # now it would be an answer to the reminder
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == SILENCE


async def test_the_event_that_began_the_enrollment_is_not_told_to_it(shopper: House) -> None:
    (row,) = await shopper.enrollments()
    await shopper.advance_to(2 * HOUR)
    await shopper.handle(CART).signal("revisit", Revisit(event_id=row.occasion.event_id))
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == SILENCE


async def test_a_purchase_from_before_the_cart_ends_nothing(shopper: House) -> None:
    await shopper.advance_to(2 * HOUR)
    properties = {"order_id": "o-0", "revenue": 10, "products": [{"product_id": "table", "price": 10}]}
    await shopper.commit(shopper.track(names.ORDER_COMPLETED, at=START - HOUR, properties=properties))
    await shopper.advance_to(26 * HOUR)
    assert CART in await shopper.still_running()
    assert [each for each in await shopper.sent() if each[0].startswith("cart/")] == SILENCE[:2]


async def test_a_purchase_signalled_with_a_moment_before_the_cart_ends_nothing(shopper: House) -> None:
    await shopper.advance_to(2 * HOUR)
    early = Purchase(event_id="p-1", occurred_at=START - MINUTE, revenue=5)
    await shopper.handle(CART).signal("purchase", early)
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == SILENCE


async def test_a_click_from_before_the_reminder_is_no_answer_to_it_however_late_it_is_told(shopper: House) -> None:
    await shopper.advance_to(2 * HOUR)
    await shopper.handle(CART).signal("click", Click(event_id="c-1", occurred_at=START + 30 * MINUTE))
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == SILENCE


async def test_a_return_during_the_quiet_hour_is_no_answer_to_the_reminder(shopper: House) -> None:
    await shopper.advance_to(50 * MINUTE)
    await shopper.visit()
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == SILENCE


async def test_a_click_on_another_journeys_mail_is_no_reaction(shopper: House) -> None:
    await shopper.advance_to(2 * HOUR)
    await shopper.click(journey="post-purchase")
    await shopper.advance_to(80 * HOUR)
    assert await shopper.sent() == SILENCE


# -- what the mails say ----------------------------------------------------------------------------------------------


async def test_the_cart_is_read_again_at_each_send(shopper: House) -> None:
    await shopper.advance_to(50 * HOUR)
    await shopper.report(names.PRODUCT_ADDED, product_id="shade", name="Linen shade", price=19.0)
    await shopper.advance_to(80 * HOUR)
    letters = shopper.letters()
    assert ["Linen shade" in text for _, text in letters] == [False, False, False, True]
    assert all("Lamp" in letters[index][1] for index in (0, 3))


@pytest.mark.parametrize(
    ("offers", "subject", "says"),
    [
        (OfferPolicy(), "Our last note about your cart", "Not sure yet?"),
        (OfferPolicy(free_shipping_over=40), "Our last note: free shipping on your cart", "Free shipping"),
        (OfferPolicy(free_shipping_over=50), "Our last note about your cart", "Not sure yet?"),  # the cart is worth 49
        (OfferPolicy(discount_percent=10, discount_code="BACK10"), "Our last note: 10% off your cart", "BACK10"),
    ],
    ids=["none that costs", "free shipping", "cart too small", "discount"],
)
async def test_the_last_call_offers_what_the_policy_grants_and_no_mail_before_it_offers_anything(
    open_house: OpenHouse, offers: OfferPolicy, subject: str, says: str
) -> None:
    house = await open_house(offers=offers)
    await house.identify()
    await house.add_to_cart()
    await house.advance(80 * HOUR)
    *before, (last_subject, last_text) = house.letters()
    assert (last_subject, says in last_text) == (subject, True)
    assert not [text for _, text in before if "off" in text.split() or "BACK10" in text or "Free shipping" in text]
