"""What a sample customer does, in numbers: a lamp looked at, put into a cart, ordered."""

from typing import Any

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


def properties_of(event: str, plan: Plan | None = None) -> dict[str, Any]:
    """Properties for an event of that name that templates and triggers can do something with."""
    match event:
        case str(name) if name == ORDER_COMPLETED:
            found = {"order_id": ORDER_ID, "revenue": LAMP["price"], "currency": "USD", "products": [LAMP]}
        case str(name) if name in (ORDER_CANCELLED, ORDER_REFUNDED):
            found = {"order_id": ORDER_ID}
        case str(name) if name == CART_VIEWED:
            found = {"products": [LAMP]}
        case str(name) if name in _ABOUT_NO_PRODUCT:
            found = {}
        case _:
            found = dict(LAMP)
    if plan is not None and plan.one_per is not None:
        found.setdefault(plan.one_per, ORDER_ID if plan.one_per == "order_id" else KEY)
    return found
