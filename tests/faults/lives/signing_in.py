"""Lives of people who turn out to be somebody."""

import time

from domain import event as names
from tests.faults.diary import Said
from tests.faults.provider import GUEST
from tests.faults.shoppers import Shopper


async def sign_in_elsewhere(shopper: Shopper) -> None:
    """Two carts, one person: the journey of one goes on, that of the other is superseded."""
    await shopper.passes(0, 30)
    await shopper.say(names.PRODUCT_ADDED, as_visitor=True)
    await shopper.passes(0, 0.9)
    await shopper.identify(shopper.browser)
    await _perhaps_buy(shopper)


async def be_joined_by_alias(shopper: Shopper) -> None:
    """Be mailed as a guest at another address, until a backend says who the guest is."""
    guest = f"{GUEST}{shopper.name}@shop.example"
    await shopper.come_as_guest(guest)
    await shopper.say(names.PRODUCT_ADDED, as_visitor=True)
    await shopper.passes(0, 40)
    asked = time.time()
    await shopper.alias()
    shopper.said(Said.JOINED, asked, address=guest)
    await _perhaps_buy(shopper)


async def _perhaps_buy(shopper: Shopper) -> None:
    await shopper.passes(0, 60)
    if shopper.lot.random() < 0.5:
        await shopper.order()
