"""Turns what is known of products into what a mail shows: whole lines, whole addresses."""

from collections.abc import Iterable, Mapping
from urllib.parse import urljoin, urlsplit

from domain.customer import CartLine
from domain.product import Product, Review
from mail import context
from mail.context import Shop

GOOD = 4
LEAST_SHOWN = 3
"""A review of fewer stars is not quoted in a mail that recommends."""

MOST_REVIEWS = 3


def show(products: Iterable[Product], shop: Shop) -> tuple[CartLine, ...]:
    """Products of the catalogue as lines."""
    return tuple(whole(product.as_line(), shop) for product in products)


def completed(lines: Iterable[CartLine], products: Mapping[str, Product], shop: Shop) -> tuple[CartLine, ...]:
    """Lines as a backend reported them; what it left out is taken from the catalogue. A reported price stands."""
    return tuple(complete(line, products.get(line.product_id), shop) for line in lines)


def complete(line: CartLine, product: Product | None, shop: Shop) -> CartLine:
    """One such line."""
    if product is None:
        return whole(line, shop)
    known = product.as_line().model_dump(include={"name", "price", "category", "brand", "image_url", "url"})
    missing = {field: value for field, value in known.items() if not getattr(line, field)}
    return whole(line.model_copy(update=missing), shop)


def whole(line: CartLine, shop: Shop) -> CartLine:
    """A line whose addresses lead somewhere from a mail."""
    return line.model_copy(
        update={"url": _join(shop.url, line.url), "image_url": _join(shop.images or shop.url, line.image_url)}
    )


def choose_reviews(about: Iterable[Review], of_category: Iterable[Review]) -> tuple[context.Review, ...]:
    """Up to three: good ones of the products, good ones of their category, then middling ones. Nothing is shortened."""
    own, others = list(about), list(of_category)
    good = [each for each in (*own, *others) if each.rating >= GOOD]
    middling = [each for each in own if LEAST_SHOWN <= each.rating < GOOD]
    chosen = list({each.review_id: each for each in (*good, *middling)}.values())[:MOST_REVIEWS]
    return tuple(context.Review(quote=each.quote, author=each.author, rating=each.rating) for each in chosen)


def _join(base: str, address: str) -> str:
    """An address as it is, or the path it is completed to."""
    try:
        is_path = bool(address) and not urlsplit(address).scheme
    except ValueError:  # such as http://[
        return ""
    return urljoin(base.rstrip("/") + "/", address) if is_path else address
