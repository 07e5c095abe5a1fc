"""Sales: what the latest orders say of products, in the two questions that recommendations ask."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

MOST_TOGETHER = 30
"""Different products of one order that are paired. A wholesale order of hundreds says nothing of what goes together."""


@dataclass(frozen=True)
class Sales:
    """How many orders had a product, and how many had it together with another."""

    sold: Mapping[str, int] = field(default_factory=dict)
    together: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def best(self) -> list[str]:
        """Product ids, the one in most orders first; equals by their ids, so that two mails agree."""
        return sorted(self.sold, key=lambda product: (-self.sold[product], product))

    def with_any_of(self, products: Iterable[str]) -> list[str]:
        """What was bought together with any of these, most often first."""
        counted: Counter[str] = Counter()
        for product in products:
            counted.update(self.together.get(product, {}))
        return sorted(counted, key=lambda product: (-counted[product], product))


def count_sales(orders: Iterable[Collection[str]]) -> Sales:
    """Count orders, each given as the ids of its products."""
    sold: Counter[str] = Counter()
    together: dict[str, Counter[str]] = {}
    for order in orders:
        products: Sequence[str] = sorted(set(order))
        sold.update(products)
        for one, other in permutations(products[:MOST_TOGETHER], 2):
            together.setdefault(one, Counter())[other] += 1
    return Sales(sold=sold, together=together)
