import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import event as names
from domain.customer import Customer
from domain.event import Event, EventType
from domain.folding import MOST_COUNTED_NAMES, Folded, absorb, fold, is_site_activity
from domain.profile import MOST_TRAITS, normalise_email

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

BOOTS = {"product_id": "boots", "name": "Boots", "price": 120.0, "quantity": 1}
HAT = {"product_id": "hat", "name": "Hat", "price": 30.0, "quantity": 1}


def event(
    name: str, properties: dict[str, Any] | None = None, *, minute: float = 0, kind: str = "track", **fields: Any
) -> Event:
    at = NOON + minute * MINUTE
    values = {"message_id": f"{name}-{minute}", "user_id": "anna", "occurred_at": at, "received_at": at}
    return Event(type=EventType(kind), name=name, properties=properties or {}, **(values | fields))


def identify(traits: dict[str, Any], *, minute: float = 0, **fields: Any) -> Event:
    return event("identify", traits, minute=minute, kind="identify", **fields)


def added(properties: dict[str, Any], minute: float = 0) -> Event:
    return event(names.PRODUCT_ADDED, properties, minute=minute)


def removed(properties: dict[str, Any], minute: float = 0) -> Event:
    return event(names.PRODUCT_REMOVED, properties, minute=minute)


def viewed_cart(products: object, minute: float = 0) -> Event:
    return event(names.CART_VIEWED, {"products": products}, minute=minute)


def checked_out(products: object, minute: float = 0) -> Event:
    return event(names.CHECKOUT_STARTED, {"products": products}, minute=minute)


def ordered(properties: dict[str, Any] | None = None, minute: float = 0) -> Event:
    return event(names.ORDER_COMPLETED, {"order_id": f"o{minute}"} | (properties or {}), minute=minute)


def fold_all(*events: Event, customer: Customer | None = None) -> Folded:
    """Fold events in order, each with what follows from it, as the store does; the last one's result."""
    result: Folded | None = None
    for each in events:
        result = fold(customer, each, customer_id="anna")
        customer = result.customer
        for derived in result.derived:
            customer = fold(customer, derived, customer_id="anna").customer
    assert result is not None
    assert customer is not None
    return result.model_copy(update={"customer": customer})


def cart_of(*events: Event) -> dict[str, int]:
    return {line.product_id: line.quantity for line in fold_all(*events).customer.cart.lines}


@pytest.mark.parametrize(
    ("events", "cart"),
    [
        ([added(BOOTS)], {"boots": 1}),
        ([added(BOOTS), added(BOOTS, 1)], {"boots": 2}),
        ([added(BOOTS | {"quantity": 3}), added(HAT, 1)], {"boots": 3, "hat": 1}),
        ([added({"product_id": "boots"})], {"boots": 1}),
        ([added({"product_id": "boots", "quantity": "2"})], {"boots": 2}),
        ([added({"product_id": "boots", "quantity": "many"})], {"boots": 1}),
        ([added({"product_id": "boots", "quantity": -3})], {"boots": 1}),
        ([added({"product_id": "boots", "quantity": True})], {"boots": 1}),
        ([added({"product_id": "boots", "quantity": 1e300})], {"boots": 10_000}),
        ([added({"product_id": 507})], {"507": 1}),
        ([added({"sku": "B-1"})], {"B-1": 1}),
        ([added({"id": "b1", "name": "Boots"})], {"b1": 1}),
        ([added({"name": "Boots"})], {"Boots": 1}),
        ([added({"price": 12})], {}),
        ([added({"product_id": ["boots"]})], {}),
        ([added(BOOTS | {"quantity": 3}), removed(BOOTS, 1)], {"boots": 2}),
        ([added(BOOTS | {"quantity": 3}), removed({"product_id": "boots"}, 1)], {}),
        ([added(BOOTS), removed(BOOTS | {"quantity": 5}, 1)], {}),
        ([added(BOOTS), removed(HAT, 1)], {"boots": 1}),
        ([added(BOOTS), removed({}, 1)], {"boots": 1}),
        ([added(BOOTS), viewed_cart([HAT | {"quantity": 2}], 1)], {"hat": 2}),
        ([added(BOOTS), viewed_cart([HAT, HAT, BOOTS | {"quantity": 0}], 1)], {"hat": 2}),
        ([added(BOOTS), viewed_cart([], 1)], {}),
        ([added(BOOTS), viewed_cart([BOOTS | {"quantity": 0}], 1)], {}),
        ([added(BOOTS), viewed_cart(None, 1)], {"boots": 1}),
        ([added(BOOTS), viewed_cart("boots", 1)], {"boots": 1}),
        ([added(BOOTS), viewed_cart([{}, "hat", None], 1)], {"boots": 1}),
        ([added(BOOTS), event(names.CART_VIEWED, minute=1)], {"boots": 1}),
        ([checked_out([BOOTS])], {"boots": 1}),
        ([added(BOOTS), checked_out([HAT], 1)], {"hat": 1}),
        ([added(BOOTS), checked_out([], 1)], {"boots": 1}),
        ([added(BOOTS), checked_out(None, 1)], {"boots": 1}),
        ([added(BOOTS, 2), checked_out([HAT], 1)], {"boots": 1}),
        ([added(BOOTS), ordered(minute=1)], {}),
        ([added(BOOTS), event(names.PRODUCT_ADDED, HAT, kind="page")], {"boots": 1}),
    ],
)
def test_the_cart_is_what_the_events_say(events: Sequence[Event], cart: dict[str, int]) -> None:
    assert cart_of(*events) == cart


@pytest.mark.parametrize(
    ("events", "cart"),
    [
        ([ordered(minute=5), added(BOOTS, 3)], {}),
        ([added(HAT), ordered(minute=5), added(BOOTS, 3)], {}),
        ([ordered(minute=5), added(BOOTS, 6)], {"boots": 1}),
        ([added(BOOTS), added(HAT, 9), ordered({"products": [BOOTS]}, 5)], {"hat": 1}),
        ([added(BOOTS), added(HAT, 9), ordered({}, 5)], {"boots": 1, "hat": 1}),
        ([added(BOOTS, 9), viewed_cart([HAT], 5)], {"boots": 1}),
        ([added(BOOTS, 9), added(HAT, 5)], {"boots": 1, "hat": 1}),
    ],
    ids=[
        "put in before the order, reported after it",
        "the same with a cart",
        "put in after the order",
        "the order is reported late: what it took goes",
        "the order is reported late and tells nothing: all stays",
        "an old view of the whole cart is overtaken",
        "a late addition adds",
    ],
)
def test_the_cart_does_not_move_backwards(events: Sequence[Event], cart: dict[str, int]) -> None:
    assert cart_of(*events) == cart


@pytest.mark.parametrize(
    ("price", "read"),
    [
        (12.5, 12.5),
        ("12.50", 12.5),
        (" 7 ", 7.0),
        ("12,50 €", 0.0),
        (None, 0.0),
        ([1], 0.0),
        (-5, 0.0),
        (float("nan"), 0.0),
        ("Infinity", 0.0),
        (10**400, 0.0),
        (True, 0.0),
    ],
)
def test_prices_may_be_nonsense(price: object, read: float) -> None:
    [line] = fold_all(added({"product_id": "boots", "price": price})).customer.cart.lines
    assert line.price == read


def test_a_line_keeps_what_a_later_event_does_not_tell() -> None:
    told = BOOTS | {"image_url": "https://shop.example/boots.jpg", "url": "https://shop.example/boots", "brand": "Acme"}
    cart = fold_all(added(told), added({"product_id": "boots", "price": 99}, 1), viewed_cart([{"sku": "boots"}], 2))
    [line] = cart.customer.cart.lines
    assert (line.name, line.brand, line.price, line.quantity) == ("Boots", "Acme", 99.0, 1)
    assert line.image_url == "https://shop.example/boots.jpg"


def test_the_cart_knows_its_value_currency_and_last_change() -> None:
    cart = fold_all(added(BOOTS | {"quantity": 2, "currency": "eur"}), added(HAT, 3), added(BOOTS, 1)).customer.cart
    assert (cart.value, cart.currency, cart.changed_at) == (390.0, "EUR", NOON + 3 * MINUTE)


@pytest.mark.parametrize(
    ("emptying", "is_told"),
    [
        (removed(BOOTS, 1), True),
        (viewed_cart([], 1), True),
        (ordered(minute=1), False),
        (removed(HAT, 1), False),
        (added(HAT, 1), False),
        (viewed_cart([HAT], 1), False),
    ],
)
def test_an_emptied_cart_is_told_unless_an_order_emptied_it(emptying: Event, is_told: bool) -> None:
    customer = fold_all(added(BOOTS)).customer
    derived = fold(customer, emptying, customer_id="anna").derived
    assert [each.name for each in derived] == ([names.CART_EMPTIED] if is_told else [])


def test_a_wish_that_goes_into_the_cart_is_a_product_added_unless_it_is_there() -> None:
    wish = event(names.WISH_ADDED_TO_CART, {"wishlist_id": "w1", "sku": "hat", "price": "19.90", "quantity": "2"})
    [added_too] = fold(None, wish, customer_id="anna").derived
    assert (added_too.name, added_too.properties) == (names.PRODUCT_ADDED, wish.properties)
    customer = fold_all(added_too).customer
    [line] = customer.cart.lines
    assert (line.product_id, line.price, line.quantity) == ("hat", 19.9, 2)
    assert fold(customer, wish, customer_id="anna").derived == ()
    assert fold(None, event(names.WISH_ADDED_TO_CART), customer_id="anna").derived == ()


def test_what_follows_bears_the_cause_and_its_times() -> None:
    cause = removed(BOOTS, 1).model_copy(update={"anonymous_id": "v1", "received_at": NOON + 5 * MINUTE})
    [derived] = fold(fold_all(added(BOOTS)).customer, cause, customer_id="anna").derived
    assert derived.message_id == f"{hashlib.sha256(cause.message_id.encode()).hexdigest()}/cart-emptied"
    assert (derived.occurred_at, derived.received_at) == (cause.occurred_at, cause.received_at)
    assert (derived.user_id, derived.anonymous_id) == ("anna", "v1")
    assert Event.model_validate(derived.model_dump()) == derived


def test_what_follows_from_an_event_with_a_long_id_can_be_stored() -> None:
    customer = fold_all(added(BOOTS)).customer
    ids = set()
    for last in "ab":
        cause = removed(BOOTS, 1).model_copy(update={"message_id": "x" * 255 + last})
        [derived] = fold(customer, cause, customer_id="anna").derived
        assert Event.model_validate(derived.model_dump()) == derived
        ids.add(derived.message_id)
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("properties", "total"),
    [
        ({"revenue": 100, "total": 120}, 100.0),
        ({"total": "120.50"}, 120.5),
        ({"revenue": 0, "total": 120}, 0.0),
        ({"revenue": "free", "total": 120}, 120.0),
        ({"revenue": -5, "total": 120}, 120.0),
        ({"revenue": 1e300, "total": 120}, 120.0),
        ({"products": [BOOTS | {"quantity": 2}, HAT]}, 270.0),
        ({}, 0.0),
    ],
)
def test_an_order_is_worth_what_it_says_or_what_it_holds(properties: dict[str, Any], total: float) -> None:
    result = fold_all(ordered(properties))
    assert result.order is not None
    assert result.order.total == result.customer.lifetime_value == total


def test_orders_are_counted_by_their_ids() -> None:
    first = fold_all(added(BOOTS), ordered({"revenue": 120}, 1))
    second = fold_all(ordered({"revenue": 30, "currency": "eur"}, 2), customer=first.customer)
    again = fold(second.customer, ordered({"revenue": 120}, 1), customer_id="anna", known_order=1)

    assert (first.nth, second.nth, again.nth) == (1, 2, 1)
    assert again.order is None
    assert again.customer.orders == 2
    assert again.customer.lifetime_value == 150.0
    assert again.customer.counts[names.ORDER_COMPLETED] == 2
    assert (second.customer.first_order_at, second.customer.last_order_at) == (NOON + MINUTE, NOON + 2 * MINUTE)
    assert second.order is not None
    assert second.order.currency == "EUR"


def test_an_old_order_reported_late_moves_only_the_first() -> None:
    customer = fold_all(ordered(minute=9), ordered(minute=3)).customer
    assert (customer.first_order_at, customer.last_order_at) == (NOON + 3 * MINUTE, NOON + 9 * MINUTE)


def test_an_order_without_an_id_is_told_apart_by_its_event() -> None:
    order = fold_all(event(names.ORDER_COMPLETED, {"revenue": 5})).order
    assert order is not None
    assert order.order_id == "Order Completed-0"


@pytest.mark.parametrize(
    ("traits", "fields"),
    [
        ({"email": " Anna@Example.COM "}, {"email": "anna@example.com"}),
        ({"email": "anna"}, {"email": None}),
        ({"email": 42}, {"email": None}),
        ({"firstName": "Anna"}, {"first_name": "Anna"}),
        ({"first_name": "Anna", "name": "Dr. Anna Berg"}, {"first_name": "Anna"}),
        ({"name": "Anna Berg"}, {"first_name": "Anna"}),
        ({"firstName": {"de": "Anna"}}, {"first_name": None}),
        ({"firstName": "Anna\r\nBcc: x@y.zz"}, {"first_name": "Anna Bcc: x@y.zz"}),
        ({"timezone": "Europe/Berlin", "locale": "de-DE"}, {"timezone": "Europe/Berlin", "locale": "de-DE"}),
        ({"language": "de"}, {"locale": "de"}),
        ({}, {"email": None, "first_name": None, "timezone": None, "locale": None}),
    ],
)
def test_traits_tell_who_the_customer_is(traits: dict[str, Any], fields: dict[str, Any]) -> None:
    customer = fold_all(identify(traits)).customer
    assert {name: getattr(customer, name) for name in fields} == fields
    assert customer.traits == traits, "what cannot be used is kept as it came"


def test_any_call_may_carry_traits_and_surroundings_in_its_context() -> None:
    context = {"timezone": "Asia/Tokyo", "locale": "ja-JP", "traits": {"email": "anna@example.com", "plan": "pro"}}
    customer = fold_all(event(names.PRODUCT_VIEWED, {"email": "other@example.com"}, context=context)).customer
    assert (customer.email, customer.timezone, customer.locale) == ("anna@example.com", "Asia/Tokyo", "ja-JP")
    assert customer.traits == {"email": "anna@example.com", "plan": "pro"}


def test_a_groups_traits_are_not_the_persons() -> None:
    customer = fold_all(event("group", {"email": "office@acme.example"}, kind="group")).customer
    assert (customer.email, customer.traits) == (None, {})


def test_traits_add_up_and_the_later_call_counts() -> None:
    customer = fold_all(
        identify({"email": "a@example.com", "plan": "free"}), identify({"email": "no", "plan": "pro"}, minute=1)
    ).customer
    assert (customer.email, customer.traits) == ("a@example.com", {"email": "no", "plan": "pro"})


def test_a_call_that_is_clearly_late_only_fills_gaps() -> None:
    customer = fold_all(
        identify({"email": "new@example.com", "plan": "pro"}, minute=600),
        identify({"email": "old@example.com", "plan": "free", "firstName": "Anna"}),
    ).customer
    assert (customer.email, customer.first_name) == ("new@example.com", "Anna")
    assert customer.traits == {"email": "new@example.com", "plan": "pro", "firstName": "Anna"}


def test_traits_and_counted_names_are_bounded() -> None:
    flood = identify({f"trait-{number}": number for number in range(MOST_TRAITS * 2)})
    pages = [event(f"/page/{number}", minute=number, kind="page") for number in range(MOST_COUNTED_NAMES + 20)]
    customer = fold_all(flood, *pages, pages[0]).customer
    assert len(customer.traits) == MOST_TRAITS
    assert len(customer.counts) == MOST_COUNTED_NAMES
    assert customer.counts["/page/0"] == 2, "names that are counted go on being counted"


@pytest.mark.parametrize(
    ("traits", "permissions"),
    [
        ({"consent": True}, {"*": True}),
        ({"consent": False}, {"*": False}),
        ({"consent": {"newsletter": True, "cart": False, "odd": "yes"}}, {"newsletter": True, "cart": False}),
        ({"consent": ["newsletter", " cart ", 7, ""]}, {"newsletter": True, "cart": True}),
        ({"marketing_consent": True}, {"*": True}),
        ({"email_opt_in": False}, {"*": False}),
        ({"emailOptIn": True, "consent": {"cart": False}}, {"*": True, "cart": False}),
        ({"marketing_consent": True, "consent": False}, {"*": False}),
        ({"consent": "true"}, {}),
        ({"consent": "false", "marketing_consent": 1}, {}),
        ({"consent": None}, {}),
        ({}, {}),
    ],
)
def test_only_a_clear_yes_or_no_is_a_permission(traits: dict[str, Any], permissions: dict[str, bool]) -> None:
    given = fold_all(identify(traits)).permissions
    assert {each.topic: each.granted for each in given} == permissions


@pytest.mark.parametrize(
    ("name", "kind", "is_activity"),
    [
        (names.PRODUCT_VIEWED, "track", True),
        ("Home", "page", True),
        ("Cart", "screen", True),
        ("Email Preferences", "page", True),
        (names.EMAIL_LINK_CLICKED, "track", True),
        (names.ORDER_COMPLETED, "track", True),
        ("Email Opened", "track", False),
        ("Email Delivered", "track", False),
        (names.EMAIL_BOUNCED, "track", False),
        (names.UNSUBSCRIBED, "track", False),
        (names.CART_EMPTIED, "track", False),
        ("identify", "identify", False),
        ("group", "group", False),
        ("alias", "alias", False),
    ],
)
def test_activity_is_what_the_customer_does_on_the_site(name: str, kind: str, is_activity: bool) -> None:
    before = fold_all(identify({})).customer
    after = fold(before, event(name, minute=60, kind=kind), customer_id="anna").customer
    assert is_site_activity(event(name, kind=kind)) is is_activity
    assert after.last_seen_at == (NOON + 60 * MINUTE if is_activity else NOON)
    assert after.counts[name] == before.counts.get(name, 0) + 1


@pytest.mark.parametrize(
    ("earlier", "later", "starts_visit"),
    [
        ([], event("Home", kind="page"), True),
        ([], identify({}), False),
        ([event("Home", kind="page")], event("Home", kind="page", minute=30), False),
        ([event("Home", kind="page")], event("Home", kind="page", minute=30.1), True),
        ([event("Home", kind="page")], event("Email Opened", minute=60), False),
        ([event("Home", kind="page")], event(names.EMAIL_LINK_CLICKED, minute=60), False),
        ([event("Home", kind="page")], ordered(minute=60), False),
        ([event("Home", kind="page"), event(names.EMAIL_LINK_CLICKED, minute=60)], event("Sale", minute=61), False),
        ([event("Home", kind="page"), event("Email Opened", minute=60)], event("Sale", minute=61), True),
        ([event("Home", kind="page", minute=600)], event("Home", kind="page"), False),
    ],
    ids=[
        "the first at all",
        "an identify is no visit",
        "after exactly half an hour",
        "after more",
        "a server's report",
        "a click is told as a click",
        "a renewal",
        "the page a click opens",
        "a visit after an opened mail",
        "an old event that comes late",
    ],
)
def test_a_visit_starts_after_half_an_hour_away(earlier: Sequence[Event], later: Event, starts_visit: bool) -> None:
    customer = fold_all(*earlier).customer if earlier else None
    assert fold(customer, later, customer_id="anna").starts_visit is starts_visit


def test_seen_goes_both_ways() -> None:
    customer = fold_all(
        event("Home", kind="page", minute=10), event("Home", kind="page"), event("Home", kind="page", minute=5)
    ).customer
    assert (customer.first_seen_at, customer.last_seen_at) == (NOON, NOON + 10 * MINUTE)


def test_nth_counts_events_of_the_name() -> None:
    first = fold_all(event(names.PRODUCT_VIEWED))
    second = fold_all(event(names.PRODUCT_LIST_VIEWED), event(names.PRODUCT_VIEWED, minute=1), customer=first.customer)
    assert (first.nth, second.nth) == (1, 2)


def test_joining_keeps_what_is_known_and_fills_gaps() -> None:
    known = fold_all(
        identify({"email": "a@example.com", "plan": "pro"}, minute=5), ordered({"revenue": 10}, 6)
    ).customer
    other = fold_all(
        identify({"email": "b@example.com", "firstName": "Anna"}), ordered({"revenue": 5}, 1), added(BOOTS, 2)
    ).customer

    joined = absorb(known, other, customer_id="anna")

    assert (joined.email, joined.first_name, joined.orders, joined.lifetime_value) == ("a@example.com", None, 2, 15.0)
    assert joined.traits == {"email": "a@example.com", "plan": "pro"}
    assert joined.cart.is_empty  # the boots were put in before the last order, which one person would have taken along
    assert (joined.first_order_at, joined.last_order_at) == (NOON + MINUTE, NOON + 6 * MINUTE)
    assert (joined.first_seen_at, joined.last_seen_at) == (NOON, NOON + 6 * MINUTE)
    assert joined.counts == {"identify": 2, names.ORDER_COMPLETED: 2, names.PRODUCT_ADDED: 1}
    assert absorb(None, other, customer_id="anna") == other.model_copy(update={"id": "anna"})


def test_joining_puts_two_carts_together() -> None:
    known = fold_all(added(BOOTS, 1), added({"product_id": "hat", "price": 20}, 2)).customer
    other = fold_all(
        added({"product_id": "hat", "price": 25, "quantity": 3}, 3), added({"product_id": "tent"}, 4)
    ).customer

    joined = absorb(known, other, customer_id="anna").cart

    assert [(line.product_id, line.quantity) for line in joined.lines] == [("boots", 1), ("hat", 1), ("tent", 1)]
    assert joined.changed_at == NOON + 4 * MINUTE


@pytest.mark.parametrize(("ordered_at", "left"), [(0, ["boots", "tent"]), (3, ["tent"]), (6, [])])
def test_joining_leaves_nothing_in_the_cart_that_was_ordered_since(ordered_at: int, left: list[str]) -> None:
    visitor = fold_all(ordered({"revenue": 10}, ordered_at), added({"product_id": "tent"}, 5)).customer
    if ordered_at > 5:
        visitor = fold_all(added({"product_id": "tent"}, 5), ordered({"revenue": 10}, ordered_at)).customer
    known = fold_all(added(BOOTS, 2)).customer
    assert [line.product_id for line in absorb(known, visitor, customer_id="anna").cart.lines] == left


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("anna@example.com", "anna@example.com"),
        ("Anna@Exämple.com", "anna@xn--exmple-cua.com"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("anna@exa\uff20mple.example", None),
        ("Änna@example.com", None),
        ("a.b+c@sub.example.co.uk", "a.b+c@sub.example.co.uk"),
        ("anna@localhost", None),
        ("anna@@example.com", None),
        ("anna@example..com", None),
        ("anna@.example.com", None),
        ("Anna <anna@example.com>", None),
        ("anna@example.com\r\nBcc: x@y.zz", None),
        ("anna@exa\x00mple.com", None),
        ("a b@example.com", None),
        ("a,b@example.com", None),
        ("a" * 250 + "@example.com", None),
        ("", None),
        (None, None),
        (["anna@example.com"], None),
    ],
)
def test_an_address_is_an_address_or_nothing(address: object, read: str | None) -> None:
    assert normalise_email(address) == read


_KEYS = st.sampled_from(
    [
        "product_id",
        "quantity",
        "price",
        "products",
        "order_id",
        "revenue",
        "email",
        "consent",
        "name",
        "traits",
        "currency",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=4), inner, max_size=5),
    max_leaves=12,
)
_CALLS = st.builds(
    event,
    st.sampled_from([*names.CART_ACTIVITY, names.ORDER_COMPLETED, names.EMAIL_LINK_CLICKED, "identify"]),
    st.dictionaries(_KEYS, _JSON, max_size=5),
    minute=st.integers(-10_000, 10_000),
    kind=st.sampled_from([kind.value for kind in EventType]),
    context=st.dictionaries(_KEYS, _JSON, max_size=3),
)


@given(st.lists(_CALLS, min_size=1, max_size=8))
def test_whatever_is_reported_facts_stay_sound(calls: list[Event]) -> None:
    customer: Customer | None = None
    for call in calls:
        before = customer
        result = fold(before, call, customer_id="anna")
        customer = Customer.model_validate(result.customer.model_dump())
        assert all(line.quantity > 0 and line.price >= 0 for line in customer.cart.lines)
        assert len({line.product_id for line in customer.cart.lines}) == len(customer.cart.lines)
        assert customer.first_seen_at <= customer.last_seen_at
        if before is not None:
            assert customer.last_seen_at >= before.last_seen_at
            assert customer.orders >= before.orders
            assert customer.lifetime_value >= before.lifetime_value


DAY = 24 * 60
AWAY_FOR_A_MONTH = 30 * DAY


@pytest.mark.parametrize("name", names.CONCLUDED)
def test_what_segue_concludes_is_nothing_the_customer_did(name: str) -> None:
    assert not is_site_activity(event(name))
    assert is_site_activity(event(name, kind="page")), "a page may bear any name"


@pytest.mark.parametrize(
    ("earlier", "later", "is_told"),
    [
        ([event("Home", kind="page")], event("Home", kind="page", minute=AWAY_FOR_A_MONTH), True),
        ([event("Home", kind="page")], event(names.EMAIL_LINK_CLICKED, minute=AWAY_FOR_A_MONTH), True),
        ([added(BOOTS)], removed(BOOTS, minute=AWAY_FOR_A_MONTH), True),
        ([event("Home", kind="page")], event("Home", kind="page", minute=AWAY_FOR_A_MONTH - 1), False),
        ([event("Home", kind="page")], event("Email Opened", minute=AWAY_FOR_A_MONTH), False),
        ([event("Home", kind="page")], identify({}, minute=AWAY_FOR_A_MONTH), False),
        ([event("Home", kind="page")], ordered(minute=AWAY_FOR_A_MONTH), False),
        ([event("Home", kind="page")], event(names.CUSTOMER_LAPSED, minute=AWAY_FOR_A_MONTH), False),
        ([identify({})], event("Home", kind="page", minute=AWAY_FOR_A_MONTH), False),
        ([], event("Home", kind="page", minute=AWAY_FOR_A_MONTH), False),
    ],
    ids=["page", "click", "cart", "sooner", "mail opened", "identify", "order", "lapse", "never there", "new"],
)
def test_a_return_is_told_after_thirty_days_away(earlier: Sequence[Event], later: Event, is_told: bool) -> None:
    before = fold_all(*earlier).customer if earlier else None
    derived = fold(before, later, customer_id="anna").derived
    assert (names.CUSTOMER_RETURNED in [each.name for each in derived]) is is_told


def test_a_return_is_told_once_and_says_how_long_it_was() -> None:
    gone = fold_all(event("Home", kind="page")).customer
    back = fold(gone, event("Home", kind="page", minute=40 * DAY, anonymous_id="a-1"), customer_id="anna")
    (told,) = back.derived
    assert (told.type, told.properties, told.occurred_at) == (
        EventType.TRACK,
        {"days_away": 40},
        NOON + 40 * DAY * MINUTE,
    )
    again = fold(back.customer, event("Home", kind="page", minute=40 * DAY + 1), customer_id="anna")
    assert again.derived == ()


def test_a_return_and_an_emptied_cart_are_two_things_that_follow() -> None:
    gone = fold_all(added(BOOTS)).customer
    back = fold(gone, removed(BOOTS, minute=AWAY_FOR_A_MONTH), customer_id="anna")
    assert [each.name for each in back.derived] == [names.CUSTOMER_RETURNED, names.CART_EMPTIED]
    assert len({each.message_id for each in back.derived}) == 2
