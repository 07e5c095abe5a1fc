"""Scenes of visitors who turn out to be somebody, and what the histories of their journeys hold."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from domain import event as names
from tests.house import ANNA, House
from tests.replay.commands import ACTIVITY, BEGIN, END, GATE, MAIL
from tests.scenarios.visitors import visitor_adds_to_cart, visitor_signs_in

HOUR = timedelta(hours=1)
VISITORS_CART = "cart-recovery/anon-v1"


async def joined(house: House) -> str:
    await visitor_adds_to_cart(house)
    await house.advance(HOUR / 2)
    await visitor_signs_in(house)
    await house.advance(2 * HOUR)
    await house.report(names.ORDER_COMPLETED, ANNA, order_id="o-1", revenue=49.0)
    await house.advance(HOUR)
    return VISITORS_CART


async def superseded(house: House) -> str:
    await house.add_to_cart()
    await house.advance(2 * HOUR)
    await visitor_adds_to_cart(house)
    await house.advance(HOUR / 2)
    await visitor_signs_in(house)
    await house.advance(HOUR)
    return VISITORS_CART


async def unheard_join(house: House) -> str:
    """As above, with a worker that knows nothing of joins; see `tests.replay.earlier`."""
    await superseded(house)
    await house.advance(80 * HOUR)
    return VISITORS_CART


SCENES: dict[str, Callable[[House], Awaitable[str]]] = {
    "cart-recovery.joined": joined,
    "cart-recovery.superseded": superseded,
    "cart-recovery.unheard-join": unheard_join,
}

FINGERPRINTS: dict[str, list[str]] = {
    "cart-recovery.joined": [
        *BEGIN,
        "timer 1 h",
        "told join",
        "patch join-is-searchable",
        "upsert TemporalChangeVersion",
        "upsert SegueCustomer",
        ACTIVITY,
        *MAIL,
        "timer 23 h",
        "told purchase",
        "timer cancelled",
        *END,
        "completed",
    ],
    "cart-recovery.superseded": [
        *BEGIN,
        "timer 1 h",
        "told join",
        "patch join-supersedes",
        "upsert TemporalChangeVersion",
        "timer cancelled",
        *END,
        "completed",
    ],
    "cart-recovery.unheard-join": [
        *BEGIN,
        "timer 1 h",
        "told join",
        ACTIVITY,
        *GATE,  # which knows that it has ended
        *END,
        "completed",
    ],
}
