"""`segue catalog`: imports the shop's products and reviews, and lists what mails may show."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter
from cyclopts.validators import Number

from domain.product import Product
from starter.catalogue.importing import Imported, import_catalogue
from starter.cli.reach import AsJson, Data, connected
from starter.cli.tables import console, show
from storage.products import Products, Saved

app = cyclopts.App(name="catalog", help="Import the shop's products and reviews, and list them.")


@app.command(name="import")
async def import_(
    file: Annotated[Path, Parameter(help="Products: CSV, a JSON list, or JSON objects one a line.")],
    /,
    *,
    reviews: Annotated[Path | None, Parameter(help="Reviews of them, in the same formats.")] = None,
    replace: Annotated[bool, Parameter(negative="", help="Take out what the files do not hold.")] = False,
    data: Data = None,
) -> None:
    """Import products: all or, if anything is wrong with the file, none. Importing again changes nothing."""
    async with connected(data) as found:
        now = found.clock.now()
        done = await import_catalogue(found.database, file, now=now, reviews=reviews, replace=replace)
    for line in _told(done):
        console.print(line, highlight=False, soft_wrap=True)


@app.command(name="list")
async def list_(
    *,
    category: Annotated[str | None, Parameter(help="Only this category's.")] = None,
    limit: Annotated[int | None, Parameter(help="Only the first so many.", validator=Number(gte=1))] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List products in the order of the catalogue."""
    async with connected(data) as found, found.database.read() as session:
        products = await Products(session).in_order(category, limit=limit)
    currency = found.settings.shop.currency
    rows = [each.model_dump(mode="json") if json else _line(each, currency) for each in products]
    empty = "No product was imported yet: `segue catalog import FILE`."
    show(rows, as_json=json, empty=f"No product is of category {category}." if category else empty)


def _told(done: Imported) -> list[str]:
    lines = [f"Products: {_counts(done.products, done.removed)}."]
    if done.reviews is not None:
        lines.append(f"Reviews: {_counts(done.reviews, done.reviews_removed)}.")
    if done.ignored:
        lines.append(f"Not read: {', '.join(done.ignored)}. docs/catalogue.md names the fields.")
    return lines


def _counts(saved: Saved, removed: int) -> str:
    return f"{saved.new} new, {saved.changed} changed, {saved.same} as they were, {removed} removed"


def _line(product: Product, currency: str) -> dict[str, object]:
    return {
        "product_id": product.product_id,
        "name": product.name,
        "category": product.category,
        "price": f"{product.price:.2f} {currency}",
        "stock": "not counted" if product.stock is None else str(product.stock),
        "added": product.added_at,
        "complements": ", ".join(product.complements),
    }
