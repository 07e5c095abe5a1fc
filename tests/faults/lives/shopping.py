"""Lives of people who shop, and say nothing about their mail."""

from domain import event as names
from tests.faults.shoppers import Shopper


async def buy_at_once(shopper: Shopper) -> None:
    """Buy within the hour."""
    await shopper.passes(0, 1)
    await shopper.order()


async def buy_later(shopper: Shopper) -> None:
    """Buy at some point of the cart's series."""
    await shopper.passes(1, 74)
    await shopper.order()


async def buy_and_come_back(shopper: Shopper) -> None:
    """Two journeys then want to mail in the same moment: the cart's reminder, and the order's first mail."""
    await shopper.order()
    await shopper.say(names.PRODUCT_ADDED)


async def buy_twice(shopper: Shopper) -> None:
    """Buy, and buy again amid the first order's series."""
    await shopper.passes(0, 2)
    await shopper.order()
    await shopper.passes(1, 40)
    await shopper.order()


async def buy_on_the_page(shopper: Shopper) -> None:
    """Let the page report an order, and a backend before it, in time, too late, or never."""
    order_id = f"{shopper.name}-order"
    what = shopper.lot.choice(("before", "in time", "late", "never"))
    await shopper.passes(0, 30)
    if what == "before":
        await shopper.order(order_id)
    await shopper.order(order_id, by_page=True)
    if what in ("in time", "late"):
        await shopper.passes(*((0, 0.5) if what == "in time" else (2, 10)))
        await shopper.order(order_id)


async def empty_the_cart(shopper: Shopper) -> None:
    """Take everything out of it."""
    await shopper.passes(0.5, 50)
    await shopper.say(names.CART_EMPTIED, {})


async def do_nothing(_shopper: Shopper) -> None:
    """Leave the cart alone."""
