"""Products and what customers wrote about them: the shop's catalogue, as it was imported last."""

from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from domain.customer import CartLine
from domain.model import Instant, Value
from domain.wording import legible

HIGHEST_PRICE = 1e9
"""As `domain.basket` has it."""


def _legible(value: Any, *, lines: bool) -> Any:
    return legible(value, lines=lines) if isinstance(value, str) else value


Words = Annotated[str, BeforeValidator(partial(_legible, lines=False))]
"""One line that mails show, without what is not seen: feeds bring it along from where it was copied."""

Prose = Annotated[str, BeforeValidator(partial(_legible, lines=True))]
"""The same, of several lines."""


class Product(Value):
    """Something the shop sells. Prices are per piece, in the shop's currency."""

    product_id: str = Field(min_length=1, max_length=200)
    name: Words = Field(min_length=1, max_length=500)
    description: Prose = Field(default="", max_length=10_000)
    price: float = Field(ge=0, le=HIGHEST_PRICE)
    compare_at: float | None = Field(default=None, ge=0, le=HIGHEST_PRICE)
    """What it cost before, where the price is a reduced one."""
    category: Words = Field(default="", max_length=200)
    brand: Words = Field(default="", max_length=200)
    image_url: str = Field(default="", max_length=2_000)
    """A web address, or a path that the setting `shop.images` completes."""
    url: str = Field(default="", max_length=2_000)
    """A web address, or a path that the shop's own address completes."""
    stock: int | None = Field(default=None, ge=0, le=1_000_000_000)
    """Pieces left; None: the shop does not count, and has it."""
    added_at: Instant
    """When it came into the shop; the newest are the new arrivals."""
    complements: tuple[str, ...] = Field(default=(), max_length=100)
    """Ids of products that go with it, the best first."""
    attributes: dict[Words, Words] = Field(default_factory=dict, max_length=100)

    @property
    def is_in_stock(self) -> bool:
        """Whether it can be bought now."""
        return self.stock is None or self.stock > 0

    def as_line(self) -> CartLine:
        """The product as mails show it: one piece."""
        return CartLine(
            product_id=self.product_id,
            name=self.name,
            price=self.price,
            category=self.category,
            brand=self.brand,
            image_url=self.image_url,
            url=self.url,
        )


class Review(Value):
    """What a customer wrote about a product, in their words."""

    review_id: str = Field(min_length=1, max_length=200)
    product_id: str = Field(min_length=1, max_length=200)
    author: Words = Field(min_length=1, max_length=200)
    rating: int = Field(ge=1, le=5)
    quote: Prose = Field(min_length=1, max_length=5_000)
    written_at: Instant | None = None
