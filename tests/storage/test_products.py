from datetime import timedelta
from typing import Any

from domain.product import Product, Review
from storage.database import Database
from storage.orders import Orders
from storage.products import AT_ONCE, Products, Saved
from tests.storage.samples import NOON, commit, ordered


def product(product_id: str, price: float = 100, category: str = "Lighting", **fields: Any) -> Product:
    values = {"name": product_id.title(), "added_at": NOON} | fields
    return Product(product_id=product_id, price=price, category=category, **values)


def review(review_id: str, product_id: str = "lamp", rating: int = 5, **fields: Any) -> Review:
    return Review(
        review_id=review_id, product_id=product_id, rating=rating, **{"author": "Ines", "quote": "Good."} | fields
    )


async def save(database: Database, *products: Product, keep_places: bool = True) -> Saved:
    async with database.transaction() as session:
        catalogue = Products(session)
        first = await catalogue.next_position() if keep_places else 0
        return await catalogue.save(list(enumerate(products, first)), keep_places=keep_places)


async def shown(database: Database, category: str | None = None, **options: Any) -> list[str]:
    async with database.read() as session:
        return [each.product_id for each in await Products(session).in_order(category, **options)]


async def test_a_product_is_read_as_it_was_written(database: Database) -> None:
    lamp = product(
        "lamp",
        129.5,
        compare_at=149,
        stock=3,
        complements=("bulb", "shade"),
        attributes={"colour": "sand"},
        description="Étagère 灯",
    )
    assert await save(database, lamp) == Saved(new=1)
    async with database.read() as session:
        assert await Products(session).get(["lamp", "unknown"]) == {"lamp": lamp}
        assert await Products(session).any_left()


async def test_writing_again_tells_new_from_changed_and_leaves_alone_what_is_the_same(database: Database) -> None:
    await save(database, product("a"), product("b"))
    assert await save(database, product("b"), product("a", 90), product("c")) == Saved(new=1, changed=1, same=1)
    assert await shown(database) == ["a", "b", "c"]
    assert await save(database, product("c"), product("b"), product("a"), keep_places=False) == Saved(changed=2, same=1)
    assert await shown(database) == ["c", "b", "a"]


async def test_products_are_found_by_category_whatever_its_spelling(database: Database) -> None:
    await save(database, product("a", category="Möbel"), product("b", category="MÖBEL", stock=0), product("c"))
    assert await shown(database, "möbel") == ["a", "b"]
    assert await shown(database, "Möbel", in_stock=True) == ["a"]
    assert await shown(database, limit=1) == ["a"]


async def test_what_is_sold_out_is_neither_near_nor_new(database: Database) -> None:
    old = NOON - timedelta(days=9)
    await save(database, product("a", 100, stock=0), product("b", 130), product("c", 90, added_at=old), product("d", 5))
    async with database.read() as session:
        catalogue = Products(session)
        assert [each.product_id for each in await catalogue.nearest("lighting", 100, 2)] == ["c", "b"]
        assert [each.product_id for each in await catalogue.newest(None, 9)] == ["b", "d", "c"]


async def test_what_is_removed_takes_its_reviews_along(database: Database) -> None:
    await save(database, *(product(f"p{number}") for number in range(3)))
    async with database.transaction() as session:
        catalogue = Products(session)
        reviews = [review("1", "p0"), review("2", "p1"), review("3", "p2", 3)]
        assert await catalogue.save_reviews(reviews) == Saved(new=3)
        assert await catalogue.save_reviews([review("1", "p0"), review("2", "p1", 4)]) == Saved(changed=1, same=1)
        await catalogue.remove({"p0", *(f"unknown-{number}" for number in range(AT_ONCE))})
        assert await catalogue.ids() == {"p1", "p2"}
        assert [each.review_id for each in await catalogue.reviews_in("LIGHTING", 9)] == ["2", "3"]
        assert await catalogue.remove_reviews({"3"}) == 1


async def test_the_best_rated_reviews_come_first_and_then_the_latest(database: Database) -> None:
    await save(database, product("lamp"))
    async with database.transaction() as session:
        catalogue = Products(session)
        later: dict[str, Any] = {"written_at": NOON}
        dated = [
            review("a", rating=5, written_at=NOON - timedelta(days=1)),
            review("b", rating=5, **later),
            review("c", rating=4),
        ]
        await catalogue.save_reviews([review("d", rating=2), *dated])
        assert [each.review_id for each in await catalogue.reviews_of(["lamp"], 3)] == ["b", "a", "c"]


async def test_orders_tell_what_sells_and_what_a_customer_has(database: Database) -> None:
    def bought(order: str, customer: str, *products: str, days_ago: int = 0) -> Any:
        lines = [{"product_id": each, "price": 10} for each in products]
        properties = {"order_id": order, "revenue": 10, "products": lines}
        return ordered(order, customer, at=NOON - timedelta(days=days_ago), properties=properties)

    await commit(
        database,
        bought("1", "anna", "rug", days_ago=300),
        bought("2", "anna", "lamp", "bulb", days_ago=2),
        bought("3", "ben", "lamp", "bulb"),
        bought("4", "ben", "lamp", "chair"),
    )
    async with database.read() as session:
        orders = Orders(session)
        assert await orders.bought("anna", NOON - timedelta(days=30)) == {"lamp", "bulb"}
        sales, latest = await orders.sales(100), await orders.sales(1)
    assert sales.best() == ["lamp", "bulb", "chair", "rug"]
    assert sales.with_any_of(["lamp"]) == ["bulb", "chair"]
    assert latest.best() == ["chair", "lamp"]
