"""Customers whose score is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.intent import Action, Behaviour
from domain.message import Stage

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def behaviour(**fields: Any) -> Behaviour:
    return Behaviour(**{"last_activity_at": NOW} | fields)


def keen(**fields: Any) -> Behaviour:
    """Product views over 5 min, all in one category, and a cart."""
    known = {"time_on_products": 6 * MINUTE, "category_focus": 1, "stage": Stage.PURCHASE}
    return behaviour(**known | {"deepest": Action.CART_ADDED} | fields)


HOMEPAGE = behaviour(deepest=Action.HOMEPAGE)
PRODUCT_VIEWER = behaviour(
    deepest=Action.PRODUCT, time_on_products=MINUTE, session=2 * MINUTE, category_focus=1, stage=Stage.CONSIDERATION
)
CART_VIEWED = behaviour(deepest=Action.CART_VIEWED, stage=Stage.PURCHASE)
LEFT_LONG = behaviour(deepest=Action.CART_VIEWED, stage=Stage.PURCHASE, session=5.5 * MINUTE, cart_abandoned=True)
KEEN_LEFT_LONG = keen(session=7 * MINUTE, cart_abandoned=True)
KEEN_LEFT_SHORT = keen(session=2 * MINUTE, cart_abandoned=True)
