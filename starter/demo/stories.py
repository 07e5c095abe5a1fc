"""The stories of the demo's shoppers: what each does, in order.

A shopper who has read a mail acts some time later. No story hangs on being quick: on a slow machine hours pass in which
an idle one thinks for minutes.
"""

from datetime import datetime

from domain.event import (
    CONTENT_DOWNLOADED,
    CONTENT_VIEWED,
    PRODUCT_WISHED_FOR,
    RECORDING_WATCHED,
    SIGNED_UP,
    SUBSCRIPTION_STARTED,
    TRIAL_STARTED,
    VIDEO_COMPLETED,
    WEBINAR_REGISTERED,
)
from starter.demo.shop import DAY, HOUR, Shop, goods
from workflows.advocacy import PRODUCT_SHARED

_GUIDE = {"title": "How to light a room", "topic": "Lighting", "url": "https://shop.example/guides/light"}
_CHAIRS = {"title": "What makes a chair last", "topic": "Seating", "url": "https://shop.example/guides/chairs"}
_WEBINAR = {
    "webinar_id": "light-101",
    "title": "Light for small rooms",
    "url": "https://shop.example/webinars/light-101",
    "recording_url": "https://shop.example/webinars/light-101/recording",
}


async def reads(_shop: Shop, _who: str) -> None:
    """Do nothing but get mail."""


async def clicks_then_buys(shop: Shop, who: str) -> None:
    """Fill a cart, click its reminder, and buy after the mail that answers the click."""
    await shop.add(who, "lamp-01")
    await shop.letters.until(who, 1)
    await shop.wait(HOUR)
    await shop.letters.click(who)
    await shop.letters.until(who, 2)
    await shop.wait(HOUR)
    await shop.order(who, "lamp-01")


async def signs_up_with_a_cart(shop: Shop, who: str) -> None:
    """Fill a cart, sign up, and buy after the reminder."""
    await shop.add(who, "throw-03")
    await shop.did(who, SIGNED_UP)
    await shop.letters.until(who, 1)
    await shop.wait(2 * HOUR)
    await shop.order(who, "throw-03")


async def signs_up(shop: Shop, who: str) -> None:
    """Sign up, and read."""
    await shop.did(who, SIGNED_UP)


async def checks_out(shop: Shop, who: str) -> None:
    """Fill a cart, go to the till, leave, and buy once the shop has offered help."""
    await shop.add(who, "pendant-6")
    await shop.check_out(who, "pendant-6")
    await shop.letters.until(who, 1)
    await shop.wait(2 * HOUR)
    await shop.letters.click(who)
    await shop.order(who, "pendant-6")


async def browses_then_fills_a_cart(shop: Shop, who: str) -> None:
    """Look at rugs, and put one into the cart after a mail about them."""
    await shop.view(who, "rug-21")
    await shop.view(who, "rug-08")
    await shop.letters.until(who, 1)
    await shop.wait(2 * HOUR)
    await shop.add(who, "rug-08")


async def learns(shop: Shop, who: str) -> None:
    """Wish for a chair, read about chairs, and click the mail that explains them."""
    await shop.did(who, PRODUCT_WISHED_FOR, goods("chair-07"))
    await shop.did(who, CONTENT_VIEWED, _CHAIRS)
    await shop.letters.until(who, 1)
    await shop.wait(HOUR)
    await shop.letters.click(who)


async def unsubscribes(shop: Shop, who: str) -> None:
    """Fill a cart, and unsubscribe from its reminder."""
    await shop.add(who, "lamp-07")
    await shop.letters.until(who, 1)
    await shop.wait(HOUR)
    await shop.letters.unsubscribe(who)


async def asks_for_data(shop: Shop, who: str) -> None:
    """Fill a cart, and ask on the page behind its reminder's footer for a copy of the data; download it."""
    await shop.add(who, "lamp-03")
    await shop.letters.until(who, 1)
    await shop.wait(HOUR)
    await shop.letters.ask_for_data(who)
    await shop.letters.until(who, 2)
    await shop.wait(HOUR)
    await shop.letters.download_data(who)


async def downloads_and_watches(shop: Shop, who: str) -> None:
    """Download a guide, and watch a video to its end."""
    await shop.did(who, CONTENT_DOWNLOADED, _GUIDE)
    await shop.did(who, VIDEO_COMPLETED, _GUIDE)


async def registers_and_watches(shop: Shop, who: str) -> None:
    """Register for a webinar the day after tomorrow, and watch its recording."""
    starts = shop.now() + 2 * DAY
    times = {"starts_at": _iso(starts), "ends_at": _iso(starts + HOUR)}
    await shop.did(who, WEBINAR_REGISTERED, _WEBINAR | times)
    await shop.letters.until(who, 3)
    await shop.wait(HOUR)
    await shop.did(who, RECORDING_WATCHED, {"webinar_id": _WEBINAR["webinar_id"]})


async def tries_then_subscribes(shop: Shop, who: str) -> None:
    """Try the shop's plan, and subscribe after the mail that helps to a first result."""
    plan = {"plan": "Room by Room", "manage_url": "https://shop.example/plan"}
    trial = {"trial_id": "trial-1", "ends_at": _iso(shop.now() + 30 * DAY), "guide_url": _GUIDE["url"]}
    await shop.did(who, TRIAL_STARTED, plan | trial)
    await shop.letters.until(who, 2)
    await shop.wait(HOUR)
    renews = _iso(shop.now() + 30 * DAY)
    await shop.did(who, SUBSCRIPTION_STARTED, plan | {"subscription_id": "sub-1", "renews_at": renews})


async def comes_back(shop: Shop, who: str) -> None:
    """Click a mail after six weeks away, and buy."""
    await shop.letters.until(who, 1)
    await shop.wait(HOUR)
    await shop.letters.click(who)
    await shop.wait(HOUR)
    await shop.order(who, "vase-4")


async def orders_again(shop: Shop, who: str) -> None:
    """Buy after the first mail."""
    await shop.letters.until(who, 1)
    await shop.wait(HOUR)
    await shop.order(who, "candle-1")


async def recommends(shop: Shop, who: str) -> None:
    """Share a product with friends after the first mail."""
    await shop.letters.until(who, 1)
    await shop.wait(HOUR)
    await shop.did(who, PRODUCT_SHARED, goods("bowl-2"))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
