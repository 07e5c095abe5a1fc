"""The catalogue on the running stack: the sample shop at first, its pictures, and an import as a process."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stack.shop import Shop
from tests.stack.terminal import Terminal

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = 3600.0


async def test_a_new_stack_sells_the_sample_shop_and_mails_show_its_pictures(shop: Shop, terminal: Terminal) -> None:
    products = await terminal.read("catalog", "list")
    assert (len(products), len({each["category"] for each in products})) == (60, 6)
    await shop.backend.identify("sample")
    await shop.client.track("sample", "Product Added", {"product_id": "lamp-01", "price": 129, "category": "lighting"})
    letter = await shop.books.letter("sample")
    assert letter.html is not None
    assert "Linen Floor Lamp" in letter.html
    assert f"{shop.stack.addresses.collector}/shop/images/lamp-01.png" in letter.html
    base = shop.stack.addresses.collector
    for product in products:
        picture = await shop.http.get(f"{base}/shop/{product['image_url']}")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png"), product
        assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "path",
    [
        "images/../products.json",
        "images/%2e%2e%2fproducts.json",
        "images/..%5cproducts.json",
        "images/none.png",
        "products.json",
    ],
)
async def test_nothing_but_pictures_is_served(shop: Shop, path: str) -> None:
    answer = await shop.http.get(f"{shop.stack.addresses.collector}/shop/{path}")
    assert answer.status_code == 404


async def test_an_import_replaces_what_is_sold_or_changes_nothing(
    shop: Shop, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "products.ndjson"
    mug = {"product_id": "mug", "name": "Mug", "price": 12.5, "category": "Tableware"}

    def write(*rows: dict[str, Any]) -> str:
        file.write_text("\n".join(json.dumps(row) for row in rows))
        return str(file)

    refused = await terminal.refused("catalog", "import", write(mug, {**mug, "price": "12,50"}), "--replace")
    assert "line 2: price should be a valid number" in refused
    assert len(await terminal.read("catalog", "list")) == 60
    said = await terminal.say("catalog", "import", write(mug), "--replace")
    assert said == "Products: 1 new, 0 changed, 0 as they were, 60 removed.\n"
    assert (
        await terminal.say("catalog", "import", str(file)) == "Products: 0 new, 0 changed, 1 as they were, 0 removed.\n"
    )
    assert "12.50 USD" in await terminal.say("catalog", "list", "--category", "tableware")
    assert "No mail gave out a coupon yet" in await terminal.say("coupons")
