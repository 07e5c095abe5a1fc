"""Scenes of checkout recovery, browse abandonment and product education, and what their histories hold."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from domain import event as names
from tests.house import ANNA, House
from tests.replay.commands import ACTIVITY, BEGIN, END, FACT, GATE, HAND_OVER, MAIL, OFFER
from workflows.catalogue import JOURNEYS

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHECKOUT = f"checkout-recovery/{ANNA}"
BROWSE = f"browse-abandonment/{ANNA}"
EDUCATION = f"product-education/{ANNA}"
LAMP: dict[str, Any] = {"product_id": "lamp", "name": "Lamp", "price": 49.0, "category": "lighting"}
CHANDELIER: dict[str, Any] = {"product_id": "chandelier", "name": "Chandelier", "price": 490.0, "category": "lighting"}


async def begin(house: House, journey: str, event: str, times: int = 1, **properties: Any) -> None:
    """Let one journey play alone, and report what begins it."""
    house.cast({journey: JOURNEYS[journey]})
    for _ in range(times):
        await house.report(event, **properties)


async def checkout_silence(house: House) -> str:
    await begin(house, "checkout-recovery", names.CHECKOUT_STARTED, products=[LAMP])
    await house.advance(4 * DAY)
    return CHECKOUT


async def checkout_return(house: House) -> str:
    await begin(house, "checkout-recovery", names.CHECKOUT_STARTED, products=[LAMP])
    await house.advance(2 * HOUR)
    await house.visit()
    await house.advance(4 * DAY)
    return CHECKOUT


async def checkout_letter(house: House) -> str:
    await begin(house, "checkout-recovery", names.ORDER_COMPLETED, order_id="o-1", revenue=600.0)
    await house.report(names.CHECKOUT_STARTED, products=[CHANDELIER])
    await house.advance(5 * DAY)
    return CHECKOUT


async def checkout_mixed_signals(house: House) -> str:
    await begin(house, "checkout-recovery", names.CHECKOUT_STARTED, products=[CHANDELIER])
    await house.advance(3 * HOUR)
    await house.order(order_id="o-2")
    await house.advance(HOUR)
    return CHECKOUT


async def browse_product(house: House) -> str:
    await begin(house, "browse-abandonment", names.PRODUCT_VIEWED, **LAMP)
    await house.advance(5 * DAY)
    return BROWSE


async def browse_favourite(house: House) -> str:
    await begin(house, "browse-abandonment", names.PRODUCT_VIEWED, times=3, **CHANDELIER)
    await house.advance(3 * DAY)
    return BROWSE


async def browse_category(house: House) -> str:
    await begin(house, "browse-abandonment", names.PRODUCT_VIEWED, times=5, **LAMP)
    await house.advance(5 * HOUR)
    await house.click("browse-abandonment")
    await house.advance(DAY)
    return BROWSE


async def browse_cart(house: House) -> str:
    await begin(house, "browse-abandonment", names.PRODUCT_VIEWED, **LAMP)
    await house.advance(30 * HOUR)
    await house.add_to_cart()
    await house.advance(HOUR)
    return BROWSE


async def education_silence(house: House) -> str:
    await begin(house, "product-education", names.PRODUCT_VIEWED, times=4, **LAMP)
    await house.advance(10 * DAY)
    return EDUCATION


async def education_click(house: House) -> str:
    await begin(house, "product-education", names.PRODUCT_VIEWED, times=4, **LAMP)
    await house.advance(2 * DAY)
    await house.click("product-education")
    await house.advance(10 * DAY)
    return EDUCATION


SCENES: dict[str, Callable[[House], Awaitable[str]]] = {
    "checkout-recovery.silence": checkout_silence,
    "checkout-recovery.return": checkout_return,
    "checkout-recovery.letter": checkout_letter,
    "checkout-recovery.mixed-signals": checkout_mixed_signals,
    "browse-abandonment.product": browse_product,
    "browse-abandonment.favourite": browse_favourite,
    "browse-abandonment.category": browse_category,
    "browse-abandonment.cart": browse_cart,
    "product-education.silence": education_silence,
    "product-education.click": education_click,
}

CHECKOUT_RESTS = ["timer 0.7 h", ACTIVITY]
BROWSE_RESTS = ["timer 2 h", ACTIVITY, "local score_customer", "timer 2 h", ACTIVITY]
HIGH_RESTS = ["timer 2 h", ACTIVITY, "timer 0 h", ACTIVITY, "local score_customer"]
"""Counted anew from the last of several looks, which are moments apart."""
IN_THE_SHOP = ["timer 0.1 h", "local score_customer", "local decide_message"]
"""Five minutes after a click the gate is asked again."""
OVER = [*END, "completed"]

FINGERPRINTS: dict[str, list[str]] = {
    "checkout-recovery.silence": [
        *BEGIN,
        *CHECKOUT_RESTS,
        *[FACT, FACT],
        *MAIL,
        "timer 4 h",
        *MAIL,
        "timer 8 h",
        *OFFER,
        *MAIL,
        "timer 48 h",
        *OVER,
    ],
    "checkout-recovery.return": [
        *BEGIN,
        *CHECKOUT_RESTS,
        *[FACT, FACT],
        *MAIL,
        "timer 4 h",
        "told revisit",
        "timer cancelled",
        "timer 8 h",
        *OFFER,
        *MAIL,
        "timer 48 h",
        *OVER,
    ],
    "checkout-recovery.letter": [
        *BEGIN,
        *CHECKOUT_RESTS,
        *[FACT, FACT],
        *OFFER,
        *MAIL,
        "timer 24 h",
        *MAIL,
        "timer 48 h",
        *OVER,
    ],
    "checkout-recovery.mixed-signals": [
        *BEGIN,
        *CHECKOUT_RESTS,
        *[FACT, FACT],
        *OFFER,
        *MAIL,
        "timer 48 h",
        "told purchase",
        "timer cancelled",
        *OVER,
    ],
    "browse-abandonment.product": [
        *BEGIN,
        *BROWSE_RESTS,
        *[FACT, FACT],
        *MAIL,
        "timer 24 h",
        *MAIL,
        "timer 24 h",
        *MAIL,
        "timer 24 h",
        *OFFER,
        *OVER,
    ],
    "browse-abandonment.favourite": [*BEGIN, *HIGH_RESTS, FACT, *MAIL, "timer 24 h", *OFFER, *OVER],
    "browse-abandonment.category": [
        *BEGIN,
        *HIGH_RESTS,
        *[FACT, FACT],
        *MAIL,
        "timer 48 h",
        "told click",
        "timer cancelled",
        *OVER,
    ],
    "browse-abandonment.cart": [
        *BEGIN,
        *BROWSE_RESTS,
        *[FACT, FACT],
        *MAIL,
        "timer 24 h",
        *MAIL,
        "timer 24 h",
        "told observe",
        "timer cancelled",
        *OVER,
    ],
    "product-education.silence": [*BEGIN, "timer 24 h", ACTIVITY, *MAIL, "timer 72 h", *MAIL, "timer 72 h", *OVER],
    "product-education.click": [
        *BEGIN,
        "timer 24 h",
        ACTIVITY,
        *MAIL,
        "timer 72 h",
        "told click",
        "timer cancelled",
        *GATE,
        *IN_THE_SHOP,
        *HAND_OVER,
        "timer 72 h",
        *MAIL,
        "timer 72 h",
        *MAIL,
        *OVER,
    ],
}
