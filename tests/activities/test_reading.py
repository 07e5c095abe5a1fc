"""What a mail is rendered from: the occasion, the customer's facts, and the catalogue."""

from typing import Any

import pytest

from domain import event as names
from domain.event import Event
from domain.intent import Thresholds
from domain.product import Product, Review
from storage.database import Database
from storage.products import Products
from tests.activities.contexts import DAY, HOUR, SHOP, read
from tests.storage.samples import NOON, added, commit, identify, ordered, track


def product(product_id: str, price: float = 100, category: str = "Lighting", **fields: Any) -> Product:
    values = {
        "name": f"The {product_id}",
        "added_at": NOON - 300 * DAY,
        "url": f"/p/{product_id}",
        "image_url": f"{product_id}.png",
    }
    return Product(product_id=product_id, price=price, category=category, **(values | fields))


CATALOGUE = (
    product("lamp", 100, complements=("bulb", "dimmer"), brand="Norr"),
    product("lantern", 120),
    product("spot", 90),
    product("chandelier", 900),
    product("bulb", 12),
    product("dimmer", 30, stock=0),
    product("chair", 300, "Seating", added_at=NOON - DAY),
    product("stool", 80, "Seating"),
    product("gone", 250, "Seating", stock=0),
)
REVIEWS = (("1", "lamp", 5), ("2", "lamp", 2), ("3", "lamp", 3), ("4", "lantern", 4), ("5", "chair", 5))


@pytest.fixture
async def shop(database: Database) -> Database:
    """A database with a catalogue."""
    async with database.transaction() as session:
        products = Products(session)
        await products.save(list(enumerate(CATALOGUE)), keep_places=False)
        await products.save_reviews(
            [Review(review_id=i, product_id=p, rating=r, author="Jo", quote=f"Review {i}.") for i, p, r in REVIEWS]
        )
    return database


def viewed(product_id: str = "lamp", *, at: Any = NOON - HOUR, **properties: Any) -> Event:
    return track(names.PRODUCT_VIEWED, at=at, properties={"product_id": product_id} | properties)


def ids(lines: Any) -> list[str]:
    return [line.product_id for line in lines]


async def test_what_a_backend_left_out_is_taken_from_the_catalogue(shop: Database) -> None:
    put_in = added(properties={"product_id": "lamp", "price": 89, "quantity": 2})
    unknown = added(properties={"product_id": "vase", "name": "Vase", "price": 20, "url": "https://else.example/vase"})
    found = await read(shop, put_in, unknown)
    vase, lamp = found.cart.lines
    assert (lamp.name, lamp.price, lamp.quantity, lamp.brand) == ("The lamp", 89, 2, "Norr")
    assert (lamp.url, lamp.image_url) == ("https://shop.example/p/lamp", "https://cdn.example/pictures/lamp.png")
    assert (vase.name, vase.url, vase.image_url) == ("Vase", "https://else.example/vase", "")
    assert found.focus == lamp.model_copy(update={"quantity": 2})


async def test_without_a_setting_pictures_lie_with_the_shop(shop: Database) -> None:
    found = await read(shop, viewed(), shop=SHOP.model_copy(update={"images": ""}))
    assert found.focus is not None
    assert found.focus.image_url == "https://shop.example/lamp.png"


async def test_a_look_at_a_product_shows_alternatives_and_reviews_of_it(shop: Database) -> None:
    found = await read(shop, viewed("lamp", category="lighting"))
    assert (found.focus and found.focus.name, found.category) == ("The lamp", "Lighting")
    assert ids(found.alternatives) == ["spot", "lantern"]
    assert [(each.quote, each.rating) for each in found.reviews] == [
        ("Review 1.", 5),
        ("Review 4.", 4),
        ("Review 3.", 3),
    ]
    assert ids(found.new_arrivals) == ["chair"]
    assert ids(found.bestsellers)[:2] == ["lamp", "lantern"]


async def test_what_lies_in_the_cart_gets_complements_and_is_shown_nowhere_else(shop: Database) -> None:
    found = await read(shop, added(properties={"product_id": "lamp"}))
    assert ids(found.recommendations)[:2] == ["bulb", "chair"]  # the dimmer is sold out
    others = (found.recommendations, found.alternatives, found.new_arrivals, found.bestsellers)
    assert not {"lamp", "dimmer", "gone"} & {each for lines in others for each in ids(lines)}


async def test_an_order_is_about_its_dearest_product_and_sells_best_from_then_on(shop: Database) -> None:
    lines = [{"product_id": "stool", "price": 80}, {"product_id": "lamp", "price": 100}]
    order = ordered(
        properties={"order_id": "1", "revenue": 180, "products": lines, "order_url": "https://s.example/o/1"}
    )
    theirs = ordered("2", "ben", properties={"order_id": "2", "products": [{"product_id": "chandelier"}]})
    found = await read(shop, order, theirs)
    assert found.order is not None
    assert (found.order.currency, found.order.url) == ("EUR", "https://s.example/o/1")
    assert [line.name for line in found.order.lines] == ["The stool", "The lamp"]
    assert found.focus is not None
    assert found.focus.product_id == "lamp"
    assert ids(found.recommendations)[0] == "bulb"
    assert ids(found.bestsellers)[0] == "chandelier"
    assert not {"lamp", "stool"} & {*ids(found.recommendations), *ids(found.bestsellers)}


async def test_what_was_bought_long_ago_may_be_shown_again(shop: Database) -> None:
    long_ago = ordered(at=NOON - 200 * DAY, properties={"order_id": "1", "products": [{"product_id": "lantern"}]})
    found = await read(shop, viewed("lamp"), long_ago)
    assert "lantern" in ids(found.alternatives)


async def test_without_a_product_it_is_about_the_one_looked_at_most_and_not_bought(shop: Database) -> None:
    looks = [viewed(each, at=NOON - hours * HOUR) for hours, each in enumerate(["stool", "chair", "chair", "lamp"], 1)]
    bought = ordered(at=NOON - 9 * HOUR, properties={"order_id": "1", "products": [{"product_id": "chair"}]})
    found = await read(
        shop, track(names.CUSTOMER_LAPSED), *looks, viewed("stool", at=NOON - 60 * DAY), bought, viewed("lamp")
    )
    assert found.focus is not None
    assert found.focus.product_id == "lamp"


async def test_what_is_sold_out_is_in_no_focus_but_has_alternatives(shop: Database) -> None:
    found = await read(shop, viewed("gone"))
    assert found.focus is None
    assert ids(found.alternatives) == ["chair"]


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        (["seating", "Seating", "SEATING", "lighting"], "Seating"),
        (["seating", "seating", "lighting", "lighting"], ""),
        (["seating", "seating"], ""),
        ([], ""),
    ],
    ids=["stands out", "a tie", "too few", "nothing"],
)
async def test_a_category_stands_out_or_there_is_none(shop: Database, categories: list[str], expected: str) -> None:
    looks = [track(names.PRODUCT_LIST_VIEWED, at=NOON - HOUR, properties={"category": each}) for each in categories]
    found = await read(shop, track(names.NEWSLETTER_DUE), *looks)
    assert found.category == expected
    first = found.bestsellers[0].category
    assert first == (expected or "Lighting")


async def test_prices_are_in_the_shops_currency_unless_a_backend_names_another(shop: Database) -> None:
    found = await read(shop, added())
    assert found.cart.currency == "EUR"
    again = await read(shop, added(properties={"product_id": "lamp", "price": 9, "currency": "GBP"}))
    assert again.cart.currency == "GBP"


@pytest.mark.parametrize(("least", "expected"), [(150, False), (120, True)])
async def test_a_cart_is_high_by_the_shops_own_threshold(
    sqlite_database: Database, least: float, expected: bool
) -> None:
    found = await read(sqlite_database, added(), thresholds=Thresholds(high_cart=least))
    assert found.high_cart is expected


async def test_a_shop_without_a_catalogue_shows_what_backends_say(sqlite_database: Database) -> None:
    found = await read(sqlite_database, viewed("lamp", name="Lamp", category="lighting", price=9))
    assert found.focus is not None
    assert (found.focus.name, found.category) == ("Lamp", "lighting")
    assert not any((found.recommendations, found.alternatives, found.new_arrivals, found.bestsellers, found.reviews))


async def test_the_recipient_is_read_from_traits_and_orders(sqlite_database: Database) -> None:
    traits = {"company": {"industry": "Hotels"}, "loyalty_tier": "Gold", "locale": "de-AT", "firstName": "Anna"}
    dear = ordered(at=NOON - DAY, properties={"order_id": "1", "revenue": 501})
    found = await read(sqlite_database, track(names.BIRTHDAY), identify(traits=traits), dear)
    assert found.customer.vip
    assert (found.customer.industry, found.customer.loyalty_tier) == ("hotels", "Gold")
    assert found.about.title == ""


async def test_a_webinar_is_told_in_the_customers_own_time(sqlite_database: Database) -> None:
    webinar = {
        "webinar_id": "w1",
        "title": "Light at home",
        "topic": "lighting",
        "industry": "Hotels",
        "starts_at": "2026-03-10T17:00:00Z",
        "url": "https://shop.example/w1",
    }
    at_home = identify(traits={"timezone": "Europe/Berlin"})
    found = await read(sqlite_database, track(names.WEBINAR_REGISTERED, properties=webinar), at_home)
    about = found.about
    assert (about.title, about.topic, about.industry, found.customer.industry) == (
        "Light at home",
        "lighting",
        "hotels",
        "hotels",
    )
    assert about.starts_at is not None
    assert about.starts_at.isoformat() == "2026-03-10T18:00:00+01:00"
    assert (about.ends_at, about.recording_url, about.years) == (None, "", 0)


async def test_a_later_word_on_a_subscription_wins(sqlite_database: Database) -> None:
    def said(name: str, subscription: str = "s1", **properties: Any) -> Event:
        return track(name, properties={"subscription_id": subscription} | properties)

    begun = said(names.SUBSCRIPTION_STARTED, plan="Basic", renews_at="2026-04-01", manage_url="https://s.example/m")
    await read(sqlite_database, begun)
    await commit(
        sqlite_database,
        said(names.SUBSCRIPTION_UPDATED, plan="Plus"),
        said(names.SUBSCRIPTION_UPDATED, "s2", plan="Other"),
        said(names.SUBSCRIPTION_RENEWED, renews_at="2026-05-01T00:00:00Z", plan=None),
    )
    about = (await read(sqlite_database, begun)).about
    assert (about.plan, about.manage_url) == ("Plus", "https://s.example/m")
    assert about.renews_at is not None
    assert about.renews_at.isoformat() == "2026-05-01T00:00:00+00:00"


@pytest.mark.parametrize("years", [3, "3", 3.0])
async def test_an_anniversary_counts_its_years(sqlite_database: Database, years: object) -> None:
    found = await read(sqlite_database, track(names.FIRST_ORDER_ANNIVERSARY, properties={"years": years}))
    assert found.about.years == 3


async def test_nonsense_in_properties_is_harmless(shop: Database) -> None:
    odd: dict[str, Any] = {
        "product_id": "lamp",
        "price": "x",
        "url": "http://[",
        "image_url": 7,
        "category": ["a"],
        "years": "many",
    }
    found = await read(shop, viewed(**odd))
    assert found.focus is not None
    assert (found.focus.price, found.focus.url) == (100, "")
