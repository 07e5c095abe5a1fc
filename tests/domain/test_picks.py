"""What mails show: each rule by example, and what must never be shown whatever there is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.picks import NEW_FOR, Shelf, alternatives, bestsellers, complements, new_arrivals
from domain.product import Product
from domain.sales import count_sales

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)


def product(product_id: str, price: float = 100, category: str = "lighting", **fields: Any) -> Product:
    values = {"name": product_id.title(), "added_at": LONG_AGO} | fields
    return Product(product_id=product_id, price=price, category=category, **values)


def shelf(*products: Product, orders: tuple[tuple[str, ...], ...] = (), hidden: frozenset[str] = frozenset()) -> Shelf:
    return Shelf({each.product_id: each for each in products}, count_sales(orders), hidden)


def ids(products: tuple[Product, ...]) -> list[str]:
    return [each.product_id for each in products]


LAMP = product("lamp", 100)


def test_alternatives_are_of_the_same_category_and_nearest_in_price_first() -> None:
    near, nearer = product("near", 60, "Lighting"), product("nearer", 110)
    others = product("dear", 201), product("cheap", 49), product("chair", 100, "seating")
    assert ids(alternatives(shelf(LAMP, near, nearer, *others), LAMP)) == ["nearer", "near"]


def test_a_product_without_a_category_has_no_alternatives() -> None:
    odd = product("odd", category="")
    assert alternatives(shelf(odd, product("other", category="")), odd) == ()


@pytest.mark.parametrize(
    ("declared", "orders", "expected"),
    [
        (("bulb", "rug"), (), ["bulb", "rug", "chair"]),
        (("rug",), (("lamp", "chair"),), ["rug", "chair"]),
        ((), (("lamp", "shade"), ("lamp", "shade"), ("lamp", "rug")), ["shade", "rug", "chair"]),
        ((), (("chair", "rug"), ("rug",)), ["rug", "chair"]),
        (("unknown", "lamp"), (), ["chair", "rug"]),
    ],
    ids=["declared", "declared, then together", "together, then elsewhere", "elsewhere, by sales", "nothing usable"],
)
def test_complements_are_declared_else_bought_together_else_bestsellers_of_other_categories(
    declared: tuple[str, ...], orders: tuple[tuple[str, ...], ...], expected: list[str]
) -> None:
    lamp = product("lamp", complements=declared)
    others = (
        product("bulb"),
        product("shade"),
        product("chair", category="seating"),
        product("rug", category="textiles"),
    )
    assert ids(complements(shelf(lamp, *others, orders=orders), [lamp])) == expected


def test_each_product_of_a_cart_has_its_say() -> None:
    lamp, sofa = product("lamp", complements=("bulb", "shade")), product("sofa", complements=("rug", "throw"))
    others = [product(each, category="lighting") for each in ("bulb", "shade", "rug", "throw")]
    assert ids(complements(shelf(lamp, sofa, *others), [lamp, sofa], 3)) == ["bulb", "rug", "shade"]


def test_new_arrivals_are_the_newest_of_the_category_then_of_all() -> None:
    def aged(product_id: str, days: int, category: str = "lighting") -> Product:
        return product(product_id, category=category, added_at=NOW - timedelta(days=days))

    there = (
        aged("week", 7),
        aged("month", 30),
        aged("rug", 1, "textiles"),
        aged("old", NEW_FOR.days + 1),
        aged("soon", -1),
    )
    assert ids(new_arrivals(shelf(*there), "Lighting", NOW)) == ["week", "month", "rug"]
    assert ids(new_arrivals(shelf(*there), "", NOW)) == ["rug", "week", "month"]


def test_bestsellers_are_by_orders_and_the_rest_by_the_catalogue() -> None:
    there = product("a"), product("b"), product("c", category="seating"), product("d")
    assert ids(bestsellers(shelf(*there, orders=(("d",), ("d", "c"))), "")) == ["d", "c", "a", "b"]
    assert ids(bestsellers(shelf(*there, orders=(("d", "c"), ("c",))), "lighting")) == ["d", "a", "b", "c"]
    assert ids(bestsellers(shelf(*there), "")) == ["a", "b", "c", "d"]


NAMES = [f"p{number}" for number in range(8)]
PRODUCTS = st.lists(
    st.builds(
        product,
        st.sampled_from(NAMES),
        price=st.floats(0, 500),
        category=st.sampled_from(["", "lighting", "Lighting", "seating"]),
        stock=st.sampled_from([None, 0, 3]),
        added_at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 4, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        complements=st.lists(st.sampled_from([*NAMES, "gone"]), max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=12,
)
ORDERS = st.lists(st.lists(st.sampled_from([*NAMES, "gone"]), max_size=4).map(tuple), max_size=6).map(tuple)
HIDDEN = st.frozensets(st.sampled_from(NAMES), max_size=4)


@given(PRODUCTS, ORDERS, HIDDEN, st.integers(0, 4))
def test_what_cannot_be_bought_or_is_not_wanted_is_never_shown_and_nothing_twice(
    products: list[Product], orders: tuple[tuple[str, ...], ...], hidden: frozenset[str], at_most: int
) -> None:
    there = shelf(*products, orders=orders, hidden=hidden)
    focus = products[-1]
    picks = [
        alternatives(there, focus, at_most),
        complements(there, [focus, products[0]], at_most),
        new_arrivals(there, focus.category, NOW, at_most),
        bestsellers(there, focus.category, at_most),
    ]
    for picked in picks:
        shown = ids(picked)
        assert len(shown) == len(set(shown)) <= at_most
        assert not hidden & set(shown)
        assert all(there.products[each].is_in_stock for each in shown)
    assert focus.product_id not in ids(picks[0]) + ids(picks[1])
