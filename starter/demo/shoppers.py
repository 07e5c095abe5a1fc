"""The demo's shoppers: what each does, and what must come of it.

A shopper acts through the doors alone: calls to the collector, links of mails in the inbox.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.event import ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_REMOVED, PRODUCT_VIEWED
from starter.client import SegueClient
from starter.demo.letters import Letters

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Product:
    """Something the demo's shop sells."""

    product_id: str
    name: str
    price: float
    category: str

    def properties(self, **more: Any) -> dict[str, Any]:
        """As the Segment e-commerce spec wants it."""
        return {**vars(self), "url": f"https://shop.example/p/{self.product_id}", "quantity": 1, **more}


LAMP = Product("lamp-01", "Linen floor lamp", 129.0, "lighting")
CHAIR = Product("chair-07", "Oak reading chair", 349.0, "seating")
THROW = Product("throw-03", "Wool throw", 79.0, "textiles")


@dataclass(frozen=True)
class Shop:
    """What a shopper can do. `wait` lets product time pass; `answer` is how to reach their mails."""

    client: SegueClient
    letters: Letters
    wait: Callable[[timedelta], Awaitable[None]]

    async def view(self, customer: str, product: Product) -> None:
        """Look at a product."""
        await self.client.track(customer, PRODUCT_VIEWED, product.properties())

    async def add(self, customer: str, product: Product) -> None:
        """Put it into the cart."""
        await self.client.track(customer, PRODUCT_ADDED, product.properties())

    async def remove(self, customer: str, product: Product) -> None:
        """Take it out again."""
        await self.client.track(customer, PRODUCT_REMOVED, product.properties())

    async def order(self, customer: str, product: Product) -> None:
        """Buy it."""
        order = {"order_id": f"{customer}-1", "revenue": product.price, "products": [product.properties()]}
        await self.client.track(customer, ORDER_COMPLETED, order)


Story = Callable[[Shop, str], Awaitable[None]]


@dataclass(frozen=True)
class Shopper:
    """One shopper: a name, a story, and which mails must come of it, in order and no others."""

    name: str
    does: str
    product: Product
    story: Story
    expects: Sequence[str]
    outcomes: dict[str, str]
    """How each journey must end, by journey name."""

    @property
    def id(self) -> str:
        """The user id."""
        return self.name.lower()

    @property
    def email(self) -> str:
        """Where the mails go."""
        return f"{self.id}@demo.example"


async def _clicks(shop: Shop, who: str) -> None:
    await shop.letters.until(who, 1)
    await shop.wait(2 * HOUR)
    await shop.letters.click(who)


async def _comes_back(shop: Shop, who: str) -> None:
    await shop.letters.until(who, 1)
    await shop.wait(3 * HOUR)
    await shop.view(who, CHAIR)


async def _is_silent(_shop: Shop, _who: str) -> None:
    return


async def _buys(shop: Shop, who: str) -> None:
    await shop.letters.until(who, 1)
    await shop.wait(4 * HOUR)
    await shop.order(who, LAMP)


async def _buys_at_once(shop: Shop, who: str) -> None:
    await shop.wait(HOUR / 3)
    await shop.order(who, THROW)


async def _empties_the_cart(shop: Shop, who: str) -> None:
    await shop.wait(HOUR / 3)
    await shop.remove(who, THROW)


async def _unsubscribes(shop: Shop, who: str) -> None:
    await shop.letters.until(who, 1)
    await shop.wait(HOUR)
    await shop.letters.unsubscribe(who)


REMINDER, LAST_CALL = "cart/reminder", "cart/last_call"
CONFIRMATION, GUIDE = "post_purchase/confirmation", "post_purchase/usage_guide"

SHOPPERS: Sequence[Shopper] = (
    Shopper(
        "Clara",
        "clicks the reminder",
        LAMP,
        _clicks,
        (REMINDER, "cart/deeper", LAST_CALL),
        {"cart-recovery": "completed"},
    ),
    Shopper(
        "Rita",
        "comes back to the shop",
        CHAIR,
        _comes_back,
        (REMINDER, "cart/urgency", LAST_CALL),
        {"cart-recovery": "completed"},
    ),
    Shopper(
        "Sam",
        "stays silent",
        CHAIR,
        _is_silent,
        (REMINDER, "cart/objections", "cart/social_proof", LAST_CALL),
        {"cart-recovery": "completed"},
    ),
    Shopper(
        "Petra",
        "buys after the reminder",
        LAMP,
        _buys,
        (REMINDER, CONFIRMATION, GUIDE),
        {"cart-recovery": "converted", "post-purchase": "running"},
    ),
    Shopper(
        "Boris",
        "buys within the hour",
        THROW,
        _buys_at_once,
        (CONFIRMATION, GUIDE),
        {"cart-recovery": "converted", "post-purchase": "running"},
    ),
    Shopper("Emil", "empties the cart", THROW, _empties_the_cart, (), {"cart-recovery": "exited"}),
    Shopper("Uma", "unsubscribes", LAMP, _unsubscribes, (REMINDER,), {"cart-recovery": "exited"}),
)
