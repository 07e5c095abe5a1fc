"""Facts a journey may branch on. Each declares its possible values, so that every branch can be explored."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from domain.basket import read_number, read_product_id
from domain.event import PRODUCT_LIST_VIEWED, PRODUCT_VIEWED
from domain.evidence import is_about_prices
from domain.intent import Tier
from domain.offer import PREMIUM_FROM
from domain.portrait import Portrait
from domain.segments import Segment

T = TypeVar("T", bool, str)

FACTS: "dict[str, Fact[Any]]" = {}
"""Every fact by its name: a fact that is made enters itself."""


class Fact(Generic[T]):
    """One question about a customer with few answers. `name` is frozen: it stands in histories.

    `read` answers from a fresh portrait; its answer must be one of `values`. A `settled` fact cannot change while an
    enrollment lives, so that no rehearsal plays it both ways in one. A fact that only one journey asks is made in the
    journey's own file.

    Raises:
        ValueError: another fact has the name.
    """

    def __init__(
        self, name: str, values: tuple[T, ...], read: Callable[[Portrait], T], *, settled: bool = False
    ) -> None:
        self.name = name
        self.settled = settled
        self.values: tuple[T, ...] = values
        self.read: Callable[[Portrait], T] = read
        # A workflow's sandbox imports a journey's module once more: the same place may make its fact again.
        other = FACTS.get(name)
        if other is not None and _place(other) != _place(self):
            raise ValueError(f"two facts are named {name!r}: give one of them another name")
        FACTS[name] = self

    def __repr__(self) -> str:
        return f"Fact({self.name!r})"


def _place(fact: "Fact[Any]") -> tuple[str, tuple[object, ...]]:
    return getattr(fact.read, "__module__", ""), fact.values


YES_NO: Final = (True, False)

HASTY: Final = timedelta(minutes=2)
"""Who fills a dear cart in less time on its products sends mixed signals."""

FAVOURITE_VIEWS: Final = 3
"""So many looks at one product, or visits to one category, say that it is wanted."""

LATELY: Final = timedelta(days=14)


def _bought_since(portrait: Portrait) -> bool:
    last = portrait.customer.last_order_at
    return last is not None and last > portrait.occasion.occurred_at


def _has_premium_item(portrait: Portrait) -> bool:
    return any(line.price >= PREMIUM_FROM for line in portrait.customer.cart.lines)


def _has_high_cart(portrait: Portrait) -> bool:
    return portrait.customer.cart.value >= portrait.thresholds.high_cart


def _sends_mixed_signals(portrait: Portrait) -> bool:
    return _has_high_cart(portrait) and portrait.behaviour.time_on_products < HASTY


def _has_favourite(portrait: Portrait) -> bool:
    """One dear product, looked at again and again since the last order."""
    since = portrait.customer.last_order_at
    viewed: dict[str, list[float]] = {}
    for stored in portrait.events:
        properties = stored.event.properties
        if stored.event.name != PRODUCT_VIEWED or stored.event.occurred_at < portrait.now - LATELY:
            continue
        if since is not None and stored.event.occurred_at <= since:
            continue
        viewed.setdefault(read_product_id(properties), []).append(read_number(properties.get("price")) or 0.0)
    return any(
        product and len(prices) >= FAVOURITE_VIEWS and max(prices) >= PREMIUM_FROM for product, prices in viewed.items()
    )


def _has_favourite_category(portrait: Portrait) -> bool:
    counted = portrait.counts(PRODUCT_VIEWED, PRODUCT_LIST_VIEWED, of="category", within=LATELY)
    return max(counted.values(), default=0) >= FAVOURITE_VIEWS + 2


FIRST_ORDER = Fact("first order", YES_NO, lambda portrait: portrait.occasion.nth == 1, settled=True)
"""The order that began this enrollment was the customer's first."""

HAS_CART = Fact("has cart", YES_NO, lambda portrait: not portrait.customer.cart.is_empty)
"""Something lies in the cart now."""

BOUGHT_SINCE = Fact("bought since", YES_NO, _bought_since)
"""The customer ordered after this enrollment began."""

RETURNING = Fact("has ordered before", YES_NO, lambda portrait: portrait.customer.orders > 0)
"""The customer has ordered, ever."""

VIP = Fact("VIP", YES_NO, lambda portrait: Segment.VIP in portrait.segments)
"""One of the shop's best customers."""

HIGH_CART = Fact("high cart value", YES_NO, _has_high_cart)
"""The cart is worth as much as `domain.intent.Thresholds.high_cart`, or more."""

PREMIUM_ITEM = Fact("premium item", YES_NO, _has_premium_item)
"""The cart holds something dear."""

MIXED_SIGNALS = Fact("mixed signals", YES_NO, _sends_mixed_signals)
"""A dear cart, and hardly a look at what is in it."""

PRICING_SEEN = Fact(
    "has seen prices", YES_NO, lambda portrait: any(is_about_prices(stored.event) for stored in portrait.events)
)
"""The customer was on the page of prices in the last ninety days."""

TIER = Fact("tier", tuple(tier.value for tier in Tier), lambda portrait: portrait.intent.tier.value)
"""How near the customer is to buying, in a word."""

CLEAR_FAVOURITE = Fact("clear favourite", YES_NO, _has_favourite)
"""One dear product was looked at three times in a fortnight, and not bought."""

FAVOURITE_CATEGORY = Fact("favourite category", YES_NO, _has_favourite_category)
"""One category was looked at five times in a fortnight."""
