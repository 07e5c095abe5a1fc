"""What a customer is after, by what began the enrollment and by what they looked at lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activities.about import is_about_a_product
from domain import basket
from domain import event as names
from domain.customer import CartLine, Customer
from domain.event import Event, StoredEvent
from domain.folding import Order
from domain.portrait import Portrait

LATELY: Final = timedelta(days=30)
"""Looks from before this say nothing of what somebody wants now."""

STANDS_OUT: Final = 3
"""So many views of one category, and more than of any other, make it the one the customer cares about."""

_VIEWS: Final = (names.PRODUCT_VIEWED, names.PRODUCT_LIST_VIEWED)


@dataclass(frozen=True)
class Reading:
    """What is known before the catalogue is asked."""

    portrait: Portrait
    began: StoredEvent | None
    order: Order | None
    reported: StoredEvent | None
    """The report by which the order counts: a backend's, where there is one. It may have come after `began`."""
    bought: frozenset[str]
    now: datetime

    @property
    def customer(self) -> Customer:
        """Who the mail is for."""
        return self.portrait.customer


def find_focus(reading: Reading) -> CartLine | None:
    """The product that began it, else the dearest of the order, else the one looked at most lately and not bought."""
    began, order = reading.began, reading.order
    if began is not None and is_about_a_product(began):
        return basket.read_line(began.event.properties, by_page=began.event.public)
    if order is not None and order.lines:
        return max(order.lines, key=lambda line: line.price)
    views = reading.portrait.products(names.PRODUCT_VIEWED, within=LATELY)
    wanted = {product: count for product, count in views.items() if product not in reading.bought}
    if not wanted:
        return None
    most = max(wanted, key=lambda product: wanted[product])
    looks = (each.event for each in reversed(reading.portrait.events))
    lines = (basket.read_line(each.properties, by_page=each.public) for each in looks if _product_of(each) == most)
    found = next(lines, None)
    return found.model_copy(update={"quantity": 1}) if found else None


def _product_of(event: Event) -> str:
    return basket.read_product_id(event.properties)


def is_pages_word(reading: Reading, category: str) -> bool:
    """Whether no backend has told of a look at that category."""
    looks = (each.event for each in reading.portrait.events if each.event.name in _VIEWS and not each.event.public)
    told = {basket.read_text(each.properties.get("category")).casefold() for each in looks}
    return category.casefold() not in told


def find_category(reading: Reading) -> str:
    """The category that stands out among the latest looks; empty if none does."""
    counted: dict[str, int] = {}
    spelt: dict[str, str] = {}
    for name, count in reading.portrait.counts(*_VIEWS, of="category", within=LATELY).items():
        counted[name.strip().casefold()] = counted.get(name.strip().casefold(), 0) + count
        spelt[name.strip().casefold()] = name.strip()
    ranked = sorted(counted, key=lambda name: -counted[name])
    clear = len(ranked) == 1 or (len(ranked) > 1 and counted[ranked[0]] > counted[ranked[1]])
    return spelt[ranked[0]] if clear and counted[ranked[0]] >= STANDS_OUT else ""
