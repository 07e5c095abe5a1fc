"""Picks: which products a mail shows, by rules that a shopkeeper would state aloud. Pure; data comes from the caller.

Never shown: what is sold out, what the customer bought lately, what lies in their cart, and nothing twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.product import Product
from domain.sales import Sales

SHOWN = 6
"""Products of one kind that a mail is given: a template shows three or four of them."""

NEAR_PRICE = 2.0
"""An alternative costs at most so many times as much, or as little, as what it stands for."""

NEW_FOR = timedelta(days=60)
"""A product is a new arrival for so long."""

BOUGHT_LATELY = timedelta(days=180)
"""What a customer bought within this is not recommended to them; a reminder to buy it again is another thing."""


@dataclass(frozen=True)
class Shelf:
    """What there is to pick from, in the order of the catalogue, and how it sells."""

    products: Mapping[str, Product]
    sales: Sales = field(default_factory=Sales)
    hidden: Set[str] = frozenset()
    """Ids that this customer is not shown: what they have, or have bought."""

    def shows(self, product: Product | None) -> bool:
        """Whether it may be shown to this customer."""
        return product is not None and product.is_in_stock and product.product_id not in self.hidden

    def pick(self, ids: Iterable[str]) -> Iterator[Product]:
        """Those of the ids that may be shown, in their order, each once."""
        for product_id in dict.fromkeys(ids):
            product = self.products.get(product_id)
            if product is not None and self.shows(product):
                yield product

    def best(self) -> list[Product]:
        """Everything that may be shown: what sells best first, then the catalogue's own order."""
        return list(self.pick((*self.sales.best(), *self.products)))


def alternatives(shelf: Shelf, focus: Product, at_most: int = SHOWN) -> tuple[Product, ...]:
    """Of the same category and near the price of the product in question, the nearest first. Never that one itself."""
    if not focus.category:
        return ()
    similar = (each for each in shelf.best() if _same(each.category, focus.category) and _near(each, focus))
    others = [each for each in similar if each.product_id != focus.product_id]
    return tuple(sorted(others, key=lambda each: abs(each.price - focus.price))[:at_most])


def complements(shelf: Shelf, of: Sequence[Product], at_most: int = SHOWN) -> tuple[Product, ...]:
    """What goes with products: as the shop declares, else as others bought, else bestsellers of other categories."""
    own = {each.product_id for each in of}
    declared = shelf.pick(_in_turn([each.complements for each in of]))
    together = shelf.pick(shelf.sales.with_any_of(each.product_id for each in of))
    categories = {each.category.casefold() for each in of}
    elsewhere = (each for each in shelf.best() if each.category.casefold() not in categories)
    found = dict.fromkeys(each.product_id for each in (*declared, *together, *elsewhere))
    return tuple(shelf.products[each] for each in found if each not in own)[:at_most]


def new_arrivals(shelf: Shelf, category: str, now: datetime, at_most: int = SHOWN) -> tuple[Product, ...]:
    """What came into the shop lately, the newest first; of the category before all others."""
    fresh = [each for each in shelf.best() if timedelta() <= now - each.added_at <= NEW_FOR]
    newest = sorted(fresh, key=lambda each: each.added_at, reverse=True)
    return _category_first(newest, category)[:at_most]


def bestsellers(shelf: Shelf, category: str, at_most: int = SHOWN) -> tuple[Product, ...]:
    """What sells best; of the category before all others. While nothing was sold, as the catalogue has it."""
    return _category_first(shelf.best(), category)[:at_most]


def _category_first(products: Sequence[Product], category: str) -> tuple[Product, ...]:
    if not category:
        return tuple(products)
    return tuple(sorted(products, key=lambda each: not _same(each.category, category)))  # stable: keeps their order


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _near(one: Product, other: Product) -> bool:
    return other.price / NEAR_PRICE <= one.price <= other.price * NEAR_PRICE


def _in_turn(lists: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first of each list, then the second of each: every product of a cart gets its say."""
    for place in range(max(map(len, lists), default=0)):
        yield from (each[place] for each in lists if place < len(each))
