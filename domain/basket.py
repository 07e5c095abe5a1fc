"""What cart events do to a cart. Backends send prices as strings and forget ids: nonsense is harmless, never an error.

Properties are those of the Segment e-commerce spec: a product's fields at the top (Product Added, Product Removed) or
in the list `products` (Cart Viewed, Order Completed).

What a page tells of a product fills in what no backend has told, and is marked as its word; a backend's replaces it.
See docs/decisions/0039-whose-words-mails-show.md.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.customer import Cart, CartLine

MOST_LINES = 200
"""A cart is read at each send and rewritten with each event: more lines than this help nobody."""

MOST_PIECES = 10_000
"""Of one product. Above it a quantity is a mistake."""

HIGHEST_PRICE = 1e9

_TOLD = ("product_id", "name", "price", "category", "brand", "image_url", "url")
"""Fields of a line that somebody's word is taken for. How many there are is the customer's own doing."""

_PRODUCT_IDS = ("product_id", "productId", "sku", "id", "name")

_LONGEST_TEXT = 2_000
_LONGEST_PRODUCT_ID = 200
"""Bytes."""


def add_product(cart: Cart, properties: Mapping[str, Any], at: datetime, *, by_page: bool = False) -> Cart:
    """Put a product in, or more of it. No quantity counts as one; a product without any id or name is ignored."""
    line = read_line(properties, by_page=by_page)
    if line is None:
        return cart
    held = _find(cart, line.product_id)
    pieces = min(line.quantity + (held.quantity if held else 0), MOST_PIECES)
    lines = _without(cart.lines, line.product_id)
    added = _merge(held, line).model_copy(update={"quantity": pieces})
    return _changed(cart, (*lines, added), properties, at)


def remove_product(cart: Cart, properties: Mapping[str, Any], at: datetime, *, by_page: bool = False) -> Cart:
    """Take pieces of a product out; all of them when no quantity says how many."""
    line = read_line(properties, by_page=by_page)
    held = _find(cart, line.product_id) if line else None
    if line is None or held is None:
        return cart
    left = held.quantity - _pieces(properties.get("quantity"), otherwise=held.quantity)
    rest = [held.model_copy(update={"quantity": left})] if left > 0 else []
    return _changed(cart, (*_without(cart.lines, line.product_id), *rest), properties, at)


def replace_products(cart: Cart, properties: Mapping[str, Any], at: datetime, *, by_page: bool = False) -> Cart:
    """Make the cart what a whole list says. Without a readable list nothing is known, and the cart stays."""
    products = properties.get("products")
    if not isinstance(products, list):
        return cart
    lines = _read_all(properties, by_page=by_page)
    if not lines and not all(isinstance(product, dict) and _is_none_left(product) for product in products):
        return cart
    told = tuple(_merge(_find(cart, line.product_id), line) for line in lines[:MOST_LINES])
    return _changed(cart.model_copy(update={"cut": len(lines) > MOST_LINES}), told, properties, at)


def take_ordered(cart: Cart, ordered: Iterable[CartLine]) -> Cart:
    """Take ordered products out of a cart that was changed after the order."""
    bought = {line.product_id for line in ordered}
    return cart.model_copy(update={"lines": tuple(line for line in cart.lines if line.product_id not in bought)})


def read_lines(properties: Mapping[str, Any], *, by_page: bool = False) -> tuple[CartLine, ...]:
    """The readable lines of `products`, one per product, those of quantity 0 left out; `MOST_LINES` at most."""
    return _read_all(properties, by_page=by_page)[:MOST_LINES]


def count_beyond(properties: Mapping[str, Any]) -> int:
    """How many readable lines of `products` there are beyond those that `read_lines` gives."""
    return max(len(_read_all(properties)) - MOST_LINES, 0)


def _read_all(properties: Mapping[str, Any], *, by_page: bool = False) -> tuple[CartLine, ...]:
    products = properties.get("products")
    found: dict[str, CartLine] = {}
    for product in products if isinstance(products, list) else ():
        is_there = isinstance(product, dict) and not _is_none_left(product)
        line = read_line(product, by_page=by_page) if is_there else None
        if line is not None:
            held = found.get(line.product_id)
            pieces = min(line.quantity + (held.quantity if held else 0), MOST_PIECES)
            found[line.product_id] = line.model_copy(update={"quantity": pieces})
    return tuple(found.values())


def read_line(properties: Mapping[str, Any], *, by_page: bool = False) -> CartLine | None:
    """One product; None when nothing in it could serve as its id. `by_page`: it was told with a browser's key."""
    product_id = read_product_id(properties)
    if not product_id:
        return None
    line = CartLine(
        product_id=product_id,
        name=read_text(properties.get("name")),
        price=min(max(read_number(properties.get("price")) or 0.0, 0.0), HIGHEST_PRICE),
        quantity=_pieces(properties.get("quantity"), otherwise=1),
        category=read_text(properties.get("category")),
        brand=read_text(properties.get("brand")),
        image_url=read_text(properties.get("image_url") or properties.get("imageUrl")),
        url=read_text(properties.get("url")),
    )
    told = tuple(name for name in _TOLD if getattr(line, name))
    return line.model_copy(update={"by_page": told}) if by_page else line


def read_product_id(properties: Mapping[str, Any]) -> str:
    """What tells one product from another, as far as is reported: its id, else its SKU, else its name; empty: none."""
    return next((text for key in _PRODUCT_IDS if (text := read_text(properties.get(key)))), "")


def read_currency(properties: Mapping[str, Any], otherwise: str) -> str:
    """The ISO 4217 code in `currency`, or the other one."""
    code = read_text(properties.get("currency")).upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else otherwise  # noqa: PLR2004 ISO 4217


def read_number(value: object) -> float | None:
    """A finite number, also one written as a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_text(value: object) -> str:
    """A text or a whole number as text, trimmed and bounded; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    try:
        return str(value).strip()[:_LONGEST_TEXT]
    except ValueError:  # an int of more digits than Python is willing to write
        return ""


def read_id(value: object) -> str:
    """An id as text; one that no index or workflow id could hold is replaced by its digest."""
    text = read_text(value)
    return text if len(text.encode()) <= _LONGEST_PRODUCT_ID else hashlib.sha256(text.encode()).hexdigest()


def _is_none_left(product: Mapping[str, Any]) -> bool:
    return read_number(product.get("quantity")) == 0


def _pieces(value: object, *, otherwise: int) -> int:
    number = read_number(value)
    if number is None or number < 1:
        return otherwise
    return int(min(number, MOST_PIECES))


def _find(cart: Cart, product_id: str) -> CartLine | None:
    return next((line for line in cart.lines if line.product_id == product_id), None)


def _without(lines: tuple[CartLine, ...], product_id: str) -> tuple[CartLine, ...]:
    return tuple(line for line in lines if line.product_id != product_id)


def _merge(held: CartLine | None, line: CartLine) -> CartLine:
    """What is newly said of a product, and what was known where nothing is said. No page unsays what a backend said."""
    if held is None:
        return line
    by_backend = {name for name in _TOLD if getattr(held, name)} - {*held.by_page}
    unheard = by_backend & {*line.by_page}
    said = {name: value for name, value in line.model_dump().items() if value and name not in unheard}
    told = {name: name in line.by_page for name in said}
    by_page = tuple(name for name in _TOLD if told.get(name, name in held.by_page))
    return held.model_copy(update=said | {"by_page": by_page})


def _changed(cart: Cart, lines: tuple[CartLine, ...], properties: Mapping[str, Any], at: datetime) -> Cart:
    latest = at if cart.changed_at is None else max(at, cart.changed_at)
    return Cart(
        lines=lines[-MOST_LINES:],
        currency=read_currency(properties, cart.currency),
        changed_at=latest,
        cut=bool(lines) and (cart.cut or len(lines) > MOST_LINES),
    )
