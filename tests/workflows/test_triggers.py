"""Triggers over what a customer did: read when a glance at the event does not tell."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import event as names
from domain.customer import Cart, CartLine, Customer
from domain.event import Event, EventType, StoredEvent
from domain.facts import CLEAR_FAVOURITE, FACTS, FAVOURITE_CATEGORY, MIXED_SIGNALS, TIER, VIP, YES_NO, Fact
from domain.intent import Tier
from domain.portrait import Portrait
from domain.segments import Segment
from workflows.vocabulary import (
    CartOver,
    HasAddress,
    Holds,
    InSegment,
    Nth,
    On,
    PropertyIs,
    Spent,
    TierAtLeast,
    Times,
    Without,
)
from workflows.vocabulary.routing import occasion_of
from workflows.vocabulary.trigger import Trigger

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANNA = Customer(id="anna", email="anna@example.com", first_seen_at=NOON - 300 * DAY, last_seen_at=NOON)


def did(name: str, before: timedelta = timedelta(), *, nth: int = 1, **properties: Any) -> StoredEvent:
    event = Event(
        message_id=f"{name} {before} {nth} {properties.get('product_id')}",
        type=EventType.TRACK,
        name=name,
        user_id="anna",
        occurred_at=NOON - before,
        received_at=NOON - before,
        properties=properties,
    )
    return StoredEvent(seq=nth, customer="anna", event=event, nth=nth)


def viewed(product: str, before: timedelta = timedelta(), price: float = 20.0, category: str = "lamps") -> StoredEvent:
    return did(names.PRODUCT_VIEWED, before, product_id=product, price=price, category=category)


def matches(trigger: Trigger, event: StoredEvent, *events: StoredEvent, customer: Customer = ANNA) -> bool:
    said = event.event.properties
    return trigger.matches(event, Portrait(NOON, customer, occasion_of(event), said, (*events, event)))


def test_names_come_in_the_order_in_which_they_are_written() -> None:
    begins = On("Zoned", "Begun")
    assert begins.in_order() == ("Zoned", "Begun")
    assert ((On("Late") | begins) & ~On("Begun")).in_order() == ("Late", "Zoned", "Begun")
    assert (begins & HasAddress() & On("Begun")).in_order() == ("Begun",)
    assert HasAddress().in_order() == ()


LOOK = viewed("lamp")


@pytest.mark.parametrize(
    ("trigger", "event", "expected"),
    [
        (On("a", "b"), did("b"), True),
        (On("a", "b"), did("c"), False),
        (On("a") | On("b"), did("b"), True),
        (On("a") | On("b"), did("c"), False),
        (Nth(1), did("a"), True),
        (Nth(1), did("a", nth=2), False),
        (HasAddress(), LOOK, True),
        (~HasAddress(), LOOK, False),
        (PropertyIs("plan", "studio", "home"), did("a", plan="home"), True),
        (PropertyIs("plan", "studio"), did("a"), False),
        (PropertyIs("plan", "studio"), did("a", plan=["studio"]), False),
        (Spent(over=500), LOOK, False),
        (CartOver(1), LOOK, False),
    ],
)
def test_a_glance_tells(trigger: Trigger, event: StoredEvent, expected: bool) -> None:
    assert trigger.glance(event, ANNA) is expected
    assert matches(trigger, event) is expected


def test_a_glance_turns_away_what_no_history_can_let_in() -> None:
    wants = On(names.PRODUCT_VIEWED) & HasAddress() & TierAtLeast(Tier.MEDIUM)
    nobody = ANNA.model_copy(update={"email": None})
    assert (wants.glance(LOOK, nobody), wants.glance(LOOK, ANNA), wants.glance(did("a"), ANNA)) == (False, None, False)
    assert (~wants).glance(LOOK, nobody) is True
    assert (On("x") | TierAtLeast(Tier.MEDIUM)).glance(LOOK, ANNA) is None
    assert (On(names.PRODUCT_VIEWED) | TierAtLeast(Tier.MEDIUM)).glance(LOOK, ANNA) is True


def test_times_counts_one_thing_within_a_while_this_time_included() -> None:
    thrice = Times(names.PRODUCT_VIEWED, 3, within=7 * DAY, same="product_id")
    assert matches(thrice, LOOK, viewed("lamp", DAY), viewed("lamp", 6 * DAY))
    assert not matches(thrice, LOOK, viewed("lamp", DAY), viewed("lamp", 8 * DAY))
    assert not matches(thrice, LOOK, viewed("lamp", DAY), viewed("sofa", DAY))
    assert matches(Times(names.PRODUCT_VIEWED, 3, within=7 * DAY), LOOK, viewed("rug", DAY), viewed("sofa", DAY))


def test_without_looks_back_as_far_as_it_says() -> None:
    asked = did(names.CONTENT_DOWNLOADED, 5 * DAY)
    assert matches(Without(names.CONTENT_DOWNLOADED, within=4 * DAY), LOOK, asked)
    assert not matches(Without(names.CONTENT_DOWNLOADED, within=6 * DAY), LOOK, asked)
    assert not matches(Without(names.CONTENT_DOWNLOADED), LOOK, asked)


def test_a_tier_is_reached_by_what_was_done() -> None:
    assert matches(TierAtLeast(Tier.LOW), LOOK)
    assert not matches(TierAtLeast(Tier.HIGH), LOOK)
    assert matches(TierAtLeast(Tier.HIGH), did(names.CHECKOUT_STARTED), LOOK)
    assert matches(Holds(TIER, "high"), did(names.CHECKOUT_STARTED), LOOK)


def test_a_segment_is_a_condition() -> None:
    rich = ANNA.model_copy(update={"lifetime_value": 900.0, "orders": 2, "last_order_at": NOON - 9 * DAY})
    assert matches(InSegment(Segment.VIP), LOOK, customer=rich)
    assert not matches(InSegment(Segment.VIP), LOOK)
    assert matches(Holds(VIP), LOOK, customer=rich)


def test_a_clear_favourite_is_dear_seen_thrice_and_not_bought_since() -> None:
    dear = [viewed("sofa", hours * timedelta(hours=1), price=900.0) for hours in (1, 2, 3)]
    assert matches(Holds(CLEAR_FAVOURITE), LOOK, *dear)
    assert not matches(Holds(CLEAR_FAVOURITE), LOOK, *dear[:2])
    bought = ANNA.model_copy(update={"last_order_at": NOON - timedelta(minutes=90)})
    assert not matches(Holds(CLEAR_FAVOURITE), LOOK, *dear, customer=bought)
    cheap = [viewed("mug", hours * timedelta(hours=1)) for hours in (1, 2, 3)]
    assert not matches(Holds(CLEAR_FAVOURITE), LOOK, *cheap)


def test_a_favourite_category_takes_five_looks() -> None:
    looks = [viewed(f"lamp-{number}", number * DAY) for number in range(4)]
    assert matches(Holds(FAVOURITE_CATEGORY), LOOK, *looks)
    assert not matches(Holds(FAVOURITE_CATEGORY), LOOK, *looks[:3])


def test_mixed_signals_are_a_dear_cart_and_hardly_a_look() -> None:
    cart = Cart(lines=(CartLine(product_id="sofa", price=900.0),))
    hasty = ANNA.model_copy(update={"cart": cart})
    assert matches(Holds(MIXED_SIGNALS), LOOK, customer=hasty)
    weighed = did(names.PRODUCT_VIEWED, timedelta(minutes=9), product_id="sofa", time_on_page=400)
    assert not matches(Holds(MIXED_SIGNALS), LOOK, weighed, customer=hasty)


@pytest.mark.parametrize("value", [None, "", [], {}, "free", float("nan"), True])
def test_malformed_properties_are_no_price_and_no_product(value: Any) -> None:
    odd = did(names.PRODUCT_VIEWED, product_id=value, price=value, category=value)
    for fact in (CLEAR_FAVOURITE, FAVOURITE_CATEGORY, MIXED_SIGNALS):
        assert fact.read(Portrait(NOON, ANNA, occasion_of(odd), {}, (odd, odd, odd))) is False


def test_two_facts_of_one_name_are_refused_and_one_made_twice_is_the_same() -> None:
    with pytest.raises(ValueError, match="two facts are named 'VIP'"):
        Fact("VIP", YES_NO, lambda _portrait: True)
    assert FACTS["VIP"] is VIP


def test_conditions_are_told_in_words() -> None:
    wants = On("A", "B") & (HasAddress() | Spent(over=500)) & ~TierAtLeast(Tier.HIGH)
    assert wants.describe() == (
        "“A” or “B” and (the address is known or orders came to more than 500) and not (intent is high)"
    )
    assert Times("A", 3, within=DAY, same="product_id").describe() == "“A” 3 times with one product_id in 1 day"
    assert Without("A", within=DAY).describe() == "no “A” in 1 day"
