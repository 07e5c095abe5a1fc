"""How often a customer buys, read from the orders: their own rhythm, or the one that a product declares. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import median

from domain.basket import read_number
from domain.folding import Order
from domain.model import Value
from domain.product import Product

LATEST_ORDERS = 20
"""A rhythm is read from so many: how somebody bought years ago says little."""

ONE_PURCHASE = timedelta(days=1)
"""Orders so near to each other are one purchase that was paid in parts."""

LONGEST = timedelta(days=365)
"""Slower than this is no rhythm."""

PATIENCE = 1.2
"""Silent past the rhythm: so many times its length. A fifth is what people vary by without having left."""

SOONEST = timedelta(days=7)
"""Nobody is reminded earlier after an order, whatever the rhythm."""

REPURCHASE_DAYS = "repurchase_days"
"""The product attribute that declares a rhythm, such as `30` for a bag of coffee that lasts a month."""


class Rhythm(Value):
    """A purchase every so often, and what is bought most; `product_id` is empty when no order names a product."""

    every: timedelta
    product_id: str = ""

    @property
    def silence(self) -> timedelta:
        """After how long without an order silence begins to mean something."""
        return max(self.every * PATIENCE, SOONEST)


def find_rhythm(orders: Sequence[Order], declared: Mapping[str, timedelta]) -> Rhythm | None:
    """The customer's rhythm: the median time between purchases; after a single one, what its product declares.

    Args:
        orders: the customer's, in any order.
        declared: rhythms that products declare, by product id; see `declared_rhythm`.
    """
    latest = sorted(orders, key=lambda order: order.completed_at)[-LATEST_ORDERS:]
    gaps = _gaps(latest)
    rhythm = Rhythm(every=_median(gaps), product_id=favourite(latest)) if gaps else _declared(latest, declared)
    return rhythm if rhythm is not None and rhythm.every <= LONGEST else None


def favourite(orders: Sequence[Order]) -> str:
    """The product that most of the orders hold; of several, the one in the latest. Orders are the oldest first."""
    held = [list(dict.fromkeys(line.product_id for line in order.lines)) for order in reversed(orders)]
    counted = Counter(product for products in held for product in products if product)
    return counted.most_common(1)[0][0] if counted else ""


def declared_rhythm(product: Product) -> timedelta | None:
    """What the product's attributes declare; None where they declare none, or nonsense."""
    days = read_number(product.attributes.get(REPURCHASE_DAYS))
    return timedelta(days=days) if days is not None and 1 <= days <= LONGEST.days else None


def _median(gaps: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=median(gap.total_seconds() for gap in gaps))


def _gaps(orders: Sequence[Order]) -> list[timedelta]:
    gaps = [later.completed_at - earlier.completed_at for earlier, later in pairwise(orders)]
    return [gap for gap in gaps if gap >= ONE_PURCHASE]


def _declared(orders: Sequence[Order], declared: Mapping[str, timedelta]) -> Rhythm | None:
    """The shortest that a bought product declares."""
    bought = {line.product_id for order in orders for line in order.lines}
    known = sorted((declared[product], product) for product in bought if product in declared)
    return Rhythm(every=known[0][0], product_id=known[0][1]) if known else None
