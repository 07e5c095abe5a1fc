"""What a sample customer does, in numbers: a lamp looked at, put into a cart, ordered; a webinar, a subscription."""

from datetime import datetime, timedelta
from typing import Any

from domain import event as names
from domain.event import CART_VIEWED, EMAIL_BOUNCED, EMAIL_COMPLAINED, ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED
from workflows.vocabulary.plan import Plan

LAMP: dict[str, Any] = {
    "product_id": "lamp-01",
    "name": "Linen floor lamp",
    "price": 129.0,
    "quantity": 1,
    "category": "lighting",
    "url": "https://shop.example/p/lamp-01",
}
"""A product, as the Segment e-commerce spec wants it."""

ORDER_ID = "order-1"

KEY = "sample-1"
"""Of journeys with one enrollment for each of something that is no order."""

_ABOUT_NO_PRODUCT = (EMAIL_BOUNCED, EMAIL_COMPLAINED)


_SUBSCRIPTION: dict[str, Any] = {"subscription_id": KEY, "plan": "Coffee, 1 kg a month"}
_CONTENT: dict[str, Any] = {
    "content_id": KEY,
    "title": "How to light a living room",
    "topic": "lighting",
    "industry": "hospitality",
    "url": "https://shop.example/guides/lighting",
}
_DAY = timedelta(days=1)
_SAMPLES: dict[str, tuple[dict[str, Any], dict[str, timedelta]]] = {
    names.SUBSCRIPTION_STARTED: (_SUBSCRIPTION, {"renews_at": 90 * _DAY}),
    names.SUBSCRIPTION_UPDATED: (_SUBSCRIPTION, {"renews_at": 90 * _DAY}),
    names.SUBSCRIPTION_RENEWED: (_SUBSCRIPTION, {"renews_at": 90 * _DAY}),
    names.SUBSCRIPTION_CANCELLED: (_SUBSCRIPTION, {}),
    names.TRIAL_STARTED: (
        {"trial_id": KEY, "plan": "Studio", "guide_url": "https://shop.example/guide"},
        {"ends_at": 14 * _DAY},
    ),
    names.WEBINAR_REGISTERED: (
        {
            "webinar_id": KEY,
            "title": "Light that flatters a room",
            "url": "https://shop.example/live/light",
            "recording_url": "https://shop.example/live/light/recording",
        },
        {"starts_at": 5 * _DAY, "ends_at": 5 * _DAY + timedelta(hours=1)},
    ),
    names.WEBINAR_CANCELLED: ({"webinar_id": KEY}, {}),
    names.CONTENT_DOWNLOADED: (_CONTENT, {}),
    names.CONTENT_VIEWED: (_CONTENT, {}),
    names.VIDEO_COMPLETED: (_CONTENT, {}),
    names.FIRST_ORDER_ANNIVERSARY: ({"years": 2}, {}),
    names.LOYALTY_TIER_REACHED: ({"level": "gold"}, {}),
    names.PRODUCT_REVIEWED: ({"product_id": LAMP["product_id"], "rating": 5}, {}),
}
"""What an event says, and how far ahead its dates are."""


def properties_of(event: str, plan: Plan | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Properties for an event of that name that templates and triggers can do something with.

    Dates are some days from `now`; without it there are none.
    """
    match event:
        case str(name) if name == ORDER_COMPLETED:
            found = {"order_id": ORDER_ID, "revenue": LAMP["price"], "currency": "USD", "products": [LAMP]}
        case str(name) if name in (ORDER_CANCELLED, ORDER_REFUNDED):
            found = {"order_id": ORDER_ID}
        case str(name) if name == CART_VIEWED:
            found = {"products": [LAMP]}
        case str(name) if name in _ABOUT_NO_PRODUCT:
            found = {}
        case str(name) if name in _SAMPLES:
            said, dates = _SAMPLES[name]
            found = said | ({date: (now + ahead).isoformat() for date, ahead in dates.items()} if now else {})
        case _:
            found = dict(LAMP)
    if plan is not None and plan.one_per is not None:
        found.setdefault(plan.one_per, ORDER_ID if plan.one_per == "order_id" else KEY)
    return found
