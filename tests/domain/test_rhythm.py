from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer import CartLine
from domain.folding import Order
from domain.product import Product
from domain.rhythm import LONGEST, SOONEST, Rhythm, declared_rhythm, favourite, find_rhythm

FIRST = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MONTHLY = {"coffee": 30 * DAY}


def order(day: float, *products: str) -> Order:
    lines = tuple(CartLine(product_id=product) for product in products)
    return Order(order_id=f"o-{day}", total=10, currency="EUR", lines=lines, completed_at=FIRST + day * DAY, nth=1)


@pytest.mark.parametrize(
    ("days", "every"),
    [
        ([], None),
        ([0], None),
        ([0, 30], 30),
        ([0, 10, 40], 20),
        ([0, 10, 20, 300], 10),
        ([40, 0, 10], 20),
        ([0, 0.2, 30], 29.8),
        ([0, 0.5], None),
        ([0, 366], None),
        ([*range(0, 300, 100), *range(300, 400, 5)], 5),
    ],
    ids=["none", "one", "two", "even", "outlier", "any order", "paid in parts", "one purchase", "too slow", "lately"],
)
def test_the_rhythm_is_the_median_time_between_purchases(days: Sequence[float], every: float | None) -> None:
    found = find_rhythm([order(day, "lamp") for day in days], {})
    assert (found and found.every) == (None if every is None else every * DAY)


@pytest.mark.parametrize(
    ("products", "found"),
    [
        (["coffee"], Rhythm(every=30 * DAY, product_id="coffee")),
        (["lamp", "coffee"], Rhythm(every=30 * DAY, product_id="coffee")),
        (["coffee", "filters"], Rhythm(every=20 * DAY, product_id="filters")),
        (["lamp"], None),
        ([], None),
    ],
)
def test_after_one_purchase_the_product_may_tell(products: Sequence[str], found: Rhythm | None) -> None:
    assert find_rhythm([order(0, *products)], MONTHLY | {"filters": 20 * DAY}) == found


def test_what_somebody_does_counts_for_more_than_what_a_product_declares() -> None:
    assert find_rhythm([order(0, "coffee"), order(14, "coffee")], MONTHLY) == Rhythm(
        every=14 * DAY, product_id="coffee"
    )


@pytest.mark.parametrize(
    ("orders", "product"),
    [
        ([], ""),
        ([order(0)], ""),
        ([order(0, "tea"), order(9, "tea", "cup"), order(20, "cup"), order(30, "tea")], "tea"),
        ([order(0, "tea"), order(9, "cup")], "cup"),
        ([order(0, ""), order(9, "")], ""),
    ],
)
def test_the_favourite_is_in_most_orders(orders: Sequence[Order], product: str) -> None:
    assert favourite(orders) == product


@pytest.mark.parametrize(
    ("declared", "days"), [("30", 30), ("7.5", 7.5), ("0", None), ("-3", None), ("366", None), ("monthly", None)]
)
def test_a_product_declares_a_rhythm_or_nonsense(declared: str, days: float | None) -> None:
    attributes = {"repurchase_days": declared}
    product = Product(product_id="p", name="P", price=1, added_at=FIRST, attributes=attributes)
    assert declared_rhythm(product) == (None if days is None else days * DAY)


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=30))
def test_no_history_is_an_error(moments: list[datetime]) -> None:
    orders = [order(0).model_copy(update={"completed_at": at}) for at in moments]
    found = find_rhythm(orders, {})
    assert found is None or (DAY <= found.every <= LONGEST and found.silence >= max(SOONEST, found.every))
