"""Bounds on a customer's facts: one statement that both the domain and a database can ask."""

from datetime import datetime

from domain.customer import Customer
from domain.model import Instant, Value


class Bounds(Value):
    """What is asked of a customer's row. Every bound that is set must hold; none is no bound.

    *After* and *over* exclude the value itself, *until*, *least* and *most* include it.
    """

    seen_after: Instant | None = None
    seen_until: Instant | None = None
    first_seen_after: Instant | None = None
    ordered_after: Instant | None = None
    least_orders: int = 0
    most_orders: int | None = None
    spent_over: float | None = None

    def admit(self, customer: Customer) -> bool:
        """Whether all of them hold."""
        return (
            _is_after(customer.last_seen_at, self.seen_after)
            and (self.seen_until is None or customer.last_seen_at <= self.seen_until)
            and _is_after(customer.first_seen_at, self.first_seen_after)
            and _is_after(customer.last_order_at, self.ordered_after)
            and customer.orders >= self.least_orders
            and (self.most_orders is None or customer.orders <= self.most_orders)
            and (self.spent_over is None or customer.lifetime_value > self.spent_over)
        )


def _is_after(moment: datetime | None, bound: datetime | None) -> bool:
    """What never happened is after nothing."""
    return bound is None or (moment is not None and moment > bound)
