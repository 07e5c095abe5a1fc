"""The backtest is held to the product: the same events through the real parts, with time skipped, lead to the same."""

from datetime import timedelta
from typing import Any

import pytest

from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.simulation import simulate
from tests.conftest import OpenHouse
from tests.rehearsal.backtest.playing import DAY, HOUR, MINUTE, POLICY, Scheduled, play, predicted, what_came_of_it
from workflows.cart_recovery import CartRecovery
from workflows.post_purchase import PostPurchase
from workflows.vocabulary import Journey

SCRIPT: list[Scheduled] = [
    (1 * MINUTE, "silent", "Product Added", {"product_id": "lamp", "price": 49}),
    (2 * MINUTE, "clicks", "Product Added", {"product_id": "lamp", "price": 49}),
    (3 * MINUTE, "returns", "Product Added", {"product_id": "lamp", "price": 49}),
    (4 * MINUTE, "buys", "Product Added", {"product_id": "lamp", "price": 49}),
    (5 * MINUTE, "dithers", "Product Added", {"product_id": "lamp", "price": 49}),
    (20 * MINUTE, "dithers", "Product Removed", {"product_id": "lamp"}),
    (25 * MINUTE, "dithers", "Product Added", {"product_id": "desk", "price": 490}),
    (50 * MINUTE, "dithers", "Cart Viewed", {}),
    (2 * HOUR, "clicks", "Email Link Clicked", {"journey": "cart-recovery"}),
    (3 * HOUR, "returns", "Product Viewed", {"product_id": "lamp"}),
    (4 * HOUR, "buys", "Order Completed", {"order_id": "o1", "revenue": 49}),
    (5 * HOUR, "buys", "Order Completed", {"order_id": "o1", "revenue": 49}),
    (11 * HOUR + 40 * MINUTE, "late", "Product Added", {"product_id": "lamp", "price": 49}),
    (18 * HOUR, "late", "Order Completed", {"order_id": "o2", "revenue": 49}),
    (1 * DAY, "refuses", "Product Added", {"product_id": "lamp", "price": 49}),
    (26 * HOUR, "refuses", "Unsubscribed", {"topic": "cart reminders"}),
    (3 * DAY, "buys", "Order Refunded", {"order_id": "o9"}),
    (4 * DAY, "buys", "Product Added", {"product_id": "shade", "price": 9}),
    (8 * DAY, "buys", "Product Added", {"product_id": "shade", "price": 9}),
    (9 * DAY, "refuses", "Product Added", {"product_id": "desk", "price": 9}),
]


@pytest.mark.parametrize("journey", [CartRecovery, PostPurchase])
async def test_a_recording_leads_to_what_the_product_did(open_house: OpenHouse, journey: type[Journey]) -> None:
    house = await open_house(policy=POLICY)
    house.cast({journey.plan.name: journey})
    customers = dict.fromkeys(customer for _, customer, _, _ in SCRIPT)
    events = await play(house, [*customers], SCRIPT, 12 * DAY)
    happened = await what_came_of_it(house, [*customers])
    courses = simulate(journey, History(events), Rules(policy=POLICY, strict=True))
    assert predicted(courses, [*customers], await house.now()) == happened
    assert any(sent for sent, _ in happened.values())


VISITS: list[tuple[timedelta, str, str | None, str, dict[str, Any]]] = [
    # Anna fills a cart before she signs in, and has another open on a device where she is known.
    (1 * MINUTE, "phone", None, "Product Added", {"product_id": "lamp", "price": 49}),
    (20 * MINUTE, "laptop", "anna", "Product Added", {"product_id": "desk", "price": 490}),
    (40 * MINUTE, "phone", "anna", "Product Viewed", {"product_id": "lamp"}),
    # Ben signs in between two mails, and buys as a guest on a third device before he says who he is.
    (2 * MINUTE, "tablet", "ben", "Product Added", {"product_id": "lamp", "price": 49}),
    (5 * HOUR, "kiosk", None, "Product Added", {"product_id": "shade", "price": 9}),
    (9 * HOUR, "kiosk", "ben", "Product Viewed", {"product_id": "shade"}),
    # Cleo was never known before she signs in, and buys the day after.
    (3 * MINUTE, "watch", None, "Product Added", {"product_id": "lamp", "price": 49}),
    (30 * MINUTE, "watch", "cleo", "Product Viewed", {"product_id": "lamp"}),
    (26 * HOUR, "watch", "cleo", "Order Completed", {"order_id": "o7", "revenue": 49}),
]
"""When, on which device, who as far as the shop knows, what."""


async def test_a_recording_of_visitors_who_sign_in_leads_to_what_the_product_did(open_house: OpenHouse) -> None:
    house, customers = await open_house(policy=POLICY), ["anna", "ben", "cleo"]
    house.cast({CartRecovery.plan.name: CartRecovery})
    for customer in customers:
        await house.identify(customer)
    for after, device, who, name, properties in sorted(VISITS, key=lambda each: each[0]):
        await house.advance_to(after)
        event = house.track(name, at=await house.now(), properties=properties)
        await house.commit(event.model_copy(update={"user_id": who, "anonymous_id": device}))
        await house.dispatch_held()
    events = await play(house, customers, [], 6 * DAY)
    happened = await what_came_of_it(house, customers)
    courses = simulate(CartRecovery, History(events), Rules(policy=POLICY, strict=True))
    assert predicted(courses, customers, await house.now()) == happened
    assert any("superseded" in ended for _, outcomes in happened.values() for ended in outcomes)


MAILBOXES = {
    "anna": "one@shop.example",
    "ben": "one@shop.example",
    "cleo": "two@shop.example",
    "dora": "two@shop.example",
}

IN_ONE_MAILBOX: list[Scheduled] = [
    # Anna has had the mailbox's mail of the day when Ben's comes up. She buys, so that no two wait for one moment.
    (1 * MINUTE, "anna", "Product Added", {"product_id": "lamp", "price": 49}),
    (2 * HOUR, "ben", "Product Added", {"product_id": "desk", "price": 490}),
    (5 * HOUR, "anna", "Order Completed", {"order_id": "o1", "revenue": 49}),
    # Cleo leaves for Dora, too.
    (10 * MINUTE, "cleo", "Unsubscribed", {}),
    (20 * MINUTE, "dora", "Product Added", {"product_id": "lamp", "price": 49}),
    # Elsa has her own, to see that it is not all of them.
    (30 * MINUTE, "elsa", "Product Added", {"product_id": "lamp", "price": 49}),
]


async def test_a_recording_of_two_in_one_mailbox_leads_to_what_the_product_did(open_house: OpenHouse) -> None:
    house, customers = await open_house(policy=POLICY), ["anna", "ben", "cleo", "dora", "elsa"]
    house.cast({CartRecovery.plan.name: CartRecovery})
    script = sorted(IN_ONE_MAILBOX, key=lambda each: each[0])
    events = await play(house, customers, script, 6 * DAY, MAILBOXES)
    happened = await what_came_of_it(house, customers)
    courses = simulate(CartRecovery, History(events), Rules(policy=POLICY, strict=True))
    assert predicted(courses, customers, await house.now()) == happened
    sent = {customer: mails for customer, (mails, _) in happened.items()}
    assert [mails[:1] for mails in (sent["anna"], sent["ben"], sent["dora"])] == [
        [("cart/reminder", HOUR + MINUTE)],
        [("cart/reminder", DAY + HOUR + MINUTE)],
        [],
    ]
