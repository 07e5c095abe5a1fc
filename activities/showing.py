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

_SHOWN = {"name", "price", "category", "brand", "image_url", "url"}


def show(products: Iterable[Product], shop: Shop) -> tuple[CartLine, ...]:
    """Products of the catalogue as lines."""
    return tuple(whole(product.as_line(), shop) for product in products)


def completed(
    lines: Iterable[CartLine], products: Mapping[str, Product], shop: Shop, *, catalogued: bool
) -> tuple[CartLine, ...]:
    """Lines as mails show them: what a backend said, a price too, else the catalogue's, and a page's word last.

    `catalogued`: the shop has a catalogue. Then a page's word counts for nothing: it could be anybody's, of a product
    that there is not. Lines that nobody else has told of are left out.
    """
    found = (complete(line, products.get(line.product_id), shop, catalogued=catalogued) for line in lines)
    return tuple(line for line in found if line is not None)


def complete(line: CartLine, product: Product | None, shop: Shop, *, catalogued: bool) -> CartLine | None:
    """One such line; None where it is left out."""
    if product is None and not catalogued:
        return whole(line, shop)
    if product is None and "product_id" in line.by_page:
        return None
    known = (product.as_line() if product else CartLine(product_id="")).model_dump(include=_SHOWN)
    taken = {field: value for field, value in known.items() if field in line.by_page or not getattr(line, field)}
    return whole(line.model_copy(update=taken | {"by_page": ()}), shop)


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
