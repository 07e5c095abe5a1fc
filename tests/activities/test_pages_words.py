"""What a page tells of products and orders, with a key that anybody has: what of it customers read."""

from typing import Any

import pytest

from domain import event as names
from domain.customer import CartLine
from domain.event import Event
from domain.product import Product
from domain.visitor import BrowserPolicy, Visitors
from mail.context import TEMPLATES, RenderContext, Shop
from mail.render import Templates
from storage.database import Database
from storage.products import Products
from tests.activities.contexts import DAY, HOUR, SHOP, read
from tests.storage.samples import NOON, added, commit, ordered, track

templates = Templates(TEMPLATES)
VISITORS = Visitors(BrowserPolicy(), SHOP.url)
INSULT = "You won, see win.example"
MADE_UP: dict[str, Any] = {
    "name": INSULT,
    "price": 1,
    "brand": INSULT,
    "category": INSULT,
    "url": "https://shop.example/prize",
}
LAMP = Product(
    product_id="lamp", name="Arc Desk Lamp", price=100, category="Lighting", url="/p/lamp", added_at=NOON - 90 * DAY
)


@pytest.fixture
async def shop(database: Database) -> Database:
    """A database with a catalogue of one lamp."""
    async with database.transaction() as session:
        await Products(session).save([(0, LAMP)], keep_places=False)
    return database


def by_page(event: Event) -> Event:
    """The event as the collector takes it in with a browser's key."""
    return VISITORS.admit(event)


def put_in(product: str = "lamp", **fields: Any) -> Event:
    return added(product, at=NOON - HOUR, properties={"product_id": product} | fields)


def mail(found: RenderContext, template: str, language: str = "en") -> str:
    """Subject, first line and text."""
    reader = found.customer.model_copy(update={"locale": language})
    body = templates.render(template, found.model_copy(update={"customer": reader}))
    return "\n".join((body.subject, body.preheader, body.text))


def words_of(line: CartLine) -> tuple[str, float, str, str]:
    return line.name, line.price, line.category, line.url


async def test_the_catalogues_word_comes_before_a_pages(shop: Database) -> None:
    found = await read(shop, by_page(put_in(**MADE_UP)))
    lamp = ("Arc Desk Lamp", 100.0, "Lighting", "https://shop.example/p/lamp")
    assert [words_of(line) for line in found.cart.lines] == [lamp]
    assert found.focus is not None
    assert words_of(found.focus) == lamp
    assert found.category == "Lighting"
    assert "won" not in mail(found, "cart/deeper") + mail(found, "cart/reminder")


async def test_what_the_catalogue_lacks_no_page_can_name(shop: Database) -> None:
    look = track(names.PRODUCT_VIEWED, at=NOON - HOUR, properties={"product_id": INSULT} | MADE_UP)
    looks = [by_page(look.model_copy(update={"message_id": f"look-{each}"})) for each in range(4)]
    found = await read(shop, looks[0], *looks[1:], by_page(put_in(INSULT, **MADE_UP)), by_page(put_in()))
    assert [line.product_id for line in found.cart.lines] == ["lamp"]
    assert (found.cart.cut, found.focus, found.category) == (True, None, "Lighting")
    for template in ("cart/deeper", "browse/still_thinking", "browse/alternatives", "browse/expert"):
        assert "won" not in mail(found, template)


async def test_a_backends_word_is_newer_than_the_catalogue_and_no_page_unsays_it(shop: Database) -> None:
    told: dict[str, Any] = {"name": "Arc Desk Lamp, black", "price": 89}
    for events in ([put_in(**told), by_page(put_in(**MADE_UP))], [by_page(put_in(**MADE_UP)), put_in(**told)]):
        found = await read(shop, track(names.NEWSLETTER_DUE), *events)
        [lamp] = found.cart.lines
        assert words_of(lamp) == ("Arc Desk Lamp, black", 89.0, "Lighting", "https://shop.example/p/lamp")


async def test_without_a_catalogue_a_pages_words_are_words_alone(sqlite_database: Database) -> None:
    found = await read(sqlite_database, by_page(put_in(**(MADE_UP | {"name": f"{INSULT}\r\n{'!' * 300}"}))))
    [line] = found.cart.lines
    assert line.name.startswith("You won, see win. example !!!")
    assert len(line.name) == 100
    assert line.price == 1
    nameless = await read(sqlite_database, by_page(added(at=NOON, properties={"product_id": INSULT})))
    assert "Item You won, see win. example" in mail(nameless, "cart/reminder")


# Orders ---------------------------------------------------------------------------------------------------------------

PAGES = {
    "order_id": "2002",
    "revenue": 999,
    "currency": "CHF",
    "order_url": "https://shop.example/page",
    "products": [{"product_id": "lamp", "name": INSULT}, {"product_id": "prize", "name": INSULT}],
}


async def test_of_an_order_a_backends_word_counts_for_every_field_it_gives(shop: Database) -> None:
    order = by_page(ordered(properties=PAGES))
    await commit(shop, order)
    chair = {"product_id": "chair", "name": "Chair", "price": 40}
    backends = {"order_id": "2002", "total": 40, "currency": "EUR", "order_url": "https://pay.example/2002"}
    found = await read(shop, order, ordered(properties=backends | {"products": [chair]}), shop=of_dollars())
    assert found.order is not None
    assert [line.name for line in found.order.lines] == ["Chair"]
    assert (found.order.total, found.order.currency, found.order.url) == (40, "EUR", "https://pay.example/2002")


async def test_what_a_backend_leaves_out_of_an_order_stays_as_the_page_said_it(shop: Database) -> None:
    order = by_page(ordered(properties=PAGES))
    await commit(shop, order)
    found = await read(shop, order, ordered(properties={"order_id": "2002"}), shop=of_dollars())
    assert found.order is not None
    assert [line.name for line in found.order.lines] == ["Arc Desk Lamp"]
    assert (found.order.total, found.order.currency, found.order.url) == (999, "CHF", "https://shop.example/page")


def of_dollars() -> Shop:
    return SHOP.model_copy(update={"currency": "USD"})


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Your order is confirmed\n"), ("de", "Ihre Bestellung ist bestätigt\n")],
)
async def test_an_order_without_a_number_shows_none(sqlite_database: Database, language: str, said: str) -> None:
    order = ordered(properties={"revenue": 120}, message_id="6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
    text = mail(await read(sqlite_database, order), "post_purchase/confirmation", language)
    assert text.startswith(said)
    assert said.strip() in text[len(said) :]
    assert "6f9619ff" not in text


# Long lists -----------------------------------------------------------------------------------------------------------


async def test_nobody_counts_what_was_left_out(sqlite_database: Database) -> None:
    many = [{"product_id": f"p-{each}", "name": f"Thing {each}"} for each in range(250)]
    found = await read(sqlite_database, track(names.CART_VIEWED, at=NOON - HOUR, properties={"products": many}))
    assert (len(found.cart.lines), found.cart.cut) == (200, True)
    assert mail(found, "cart/reminder").count("and more") == 1
    found = await read(sqlite_database, put_in("p-0"))
    assert found.cart.cut
    found = await read(sqlite_database, track(names.CART_VIEWED, at=NOON - HOUR, properties={"products": many[:8]}))
    assert "and 3 more" in mail(found, "cart/reminder")
    found = await read(sqlite_database, ordered(properties={"order_id": "1", "products": many}))
    assert "and more" in mail(found, "post_purchase/confirmation")
