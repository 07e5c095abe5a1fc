"""A customer: what is known about one person, folded from their events.

Lives in the database only. Workflows see the id and, through verbs, single facts.
"""

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from domain.model import CustomerId, Instant, Value

VISIT_GAP = timedelta(minutes=30)
"""Away for longer means a new visit (the session timeout of the web-analytics tools backends already use)."""


class CartLine(Value):
    """One product in a cart. `price` is per piece, in the shop's currency."""

    product_id: str
    name: str = ""
    price: float = 0.0
    quantity: int = 1
    category: str = ""
    brand: str = ""
    image_url: str = ""
    url: str = ""
    by_page: tuple[str, ...] = ()
    """Names of the fields above that pages alone have told, with a key that anybody has; see `domain.basket`."""


class Cart(Value):
    """What lies in the cart now. Re-read at each send, never frozen when a journey starts."""

    lines: tuple[CartLine, ...] = ()
    currency: str = "USD"
    changed_at: Instant | None = None
    cut: bool = False
    """There is more in it than `lines`, which are bounded; how much is not known."""

    @property
    def value(self) -> float:
        """Price times quantity over all lines, in `currency`."""
        return round(sum(line.price * line.quantity for line in self.lines), 2)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to recover."""
        return not self.lines


class Customer(Value):
    """The facts of one person. `lifetime_value` is the revenue of all orders; `orders` counts distinct order ids."""

    id: CustomerId
    email: str | None = None
    first_name: str | None = None
    timezone: str | None = None
    """IANA name, as reported; may be unknown or wrong, see `domain.civil.zone_or_default`."""
    locale: str | None = None
    traits: dict[str, Any] = Field(default_factory=dict)
    cart: Cart = Cart()
    orders: int = 0
    lifetime_value: float = 0.0
    first_order_at: Instant | None = None
    last_order_at: Instant | None = None
    first_seen_at: Instant
    last_seen_at: Instant
    """Last activity on the site or in the app; mail clicks count, server-side events (identify, group) do not."""
    counts: dict[str, int] = Field(default_factory=dict)
    """How many events of each name."""

    def begins_visit(self, at: datetime) -> bool:
        """Whether activity at that moment starts a new visit."""
        return at - self.last_seen_at > VISIT_GAP
