"""Facts a journey may branch on. Each declares its possible values, so that every branch can be explored."""

from collections.abc import Callable
from typing import Generic, TypeVar

from domain.customer import Customer
from domain.enrollment import Occasion

T = TypeVar("T", bool, str)


class Fact(Generic[T]):
    """One question about a customer with few answers. `name` is frozen: it stands in histories.

    `read` answers from fresh facts and the occasion of the enrollment; its answer must be one of `values`. A `settled`
    fact cannot change while an enrollment lives, so that no rehearsal plays it both ways in one.
    """

    def __init__(
        self,
        name: str,
        values: tuple[T, ...],
        read: Callable[[Customer, Occasion], T],
        *,
        settled: bool = False,
    ) -> None:
        self.name = name
        self.settled = settled
        self.values: tuple[T, ...] = values
        self.read: Callable[[Customer, Occasion], T] = read

    def __repr__(self) -> str:
        return f"Fact({self.name!r})"


def _bought_since(customer: Customer, occasion: Occasion) -> bool:
    return customer.last_order_at is not None and customer.last_order_at > occasion.occurred_at


FIRST_ORDER = Fact("first order", (True, False), lambda _customer, occasion: occasion.nth == 1, settled=True)
"""The order that began this enrollment was the customer's first."""

HAS_CART = Fact("has cart", (True, False), lambda customer, _occasion: not customer.cart.is_empty)
"""Something lies in the cart now."""

BOUGHT_SINCE = Fact("bought since", (True, False), _bought_since)
"""The customer ordered after this enrollment began."""

FACTS: dict[str, Fact[bool]] = {fact.name: fact for fact in (FIRST_ORDER, HAS_CART, BOUGHT_SINCE)}
