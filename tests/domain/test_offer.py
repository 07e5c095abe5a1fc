"""The offer policy: who gets what, and that nobody gets anything the shop cannot redeem."""

from datetime import UTC, datetime

import pytest

from domain import event as names
from domain.customer import Cart, CartLine, Customer
from domain.intent import Tier
from domain.offer import OfferKind, OfferPolicy
from domain.segment_rules import SegmentRules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GENEROUS = OfferPolicy(free_shipping_over=150, discount_percent=10, unique_codes=True)


def customer(*prices: float, orders: int = 0, spent: float = 0.0) -> Customer:
    lines = tuple(CartLine(product_id=f"p-{price:g}", price=price) for price in prices)
    return Customer(
        id="anna",
        first_seen_at=NOON,
        last_seen_at=NOON,
        cart=Cart(lines=lines),
        orders=orders,
        lifetime_value=spent,
    )


@pytest.mark.parametrize(
    ("whose", "tier", "occasion", "kind"),
    [
        (customer(), Tier.MEDIUM, names.PRODUCT_VIEWED, OfferKind.DISCOUNT),
        (customer(20), Tier.LOW, names.PRODUCT_ADDED, OfferKind.DISCOUNT),
        (customer(20), Tier.HIGH, names.PRODUCT_ADDED, OfferKind.REASSURANCE),
        (customer(200), Tier.HIGH, names.PRODUCT_ADDED, OfferKind.FREE_SHIPPING),
        (customer(20, orders=1, spent=40), Tier.LOW, names.PRODUCT_ADDED, OfferKind.REASSURANCE),
        (customer(120, orders=3, spent=900), Tier.HIGH, names.CHECKOUT_STARTED, OfferKind.FREE_SHIPPING),
        (customer(20, orders=3, spent=900), Tier.HIGH, names.CHECKOUT_STARTED, OfferKind.REASSURANCE),
        (customer(orders=3, spent=900), Tier.LOW, names.PRODUCT_VIEWED, OfferKind.NOTHING),
        (customer(orders=1, spent=40), Tier.LOW, names.CUSTOMER_LAPSED, OfferKind.DISCOUNT),
        (customer(orders=1, spent=40), Tier.LOW, names.BIRTHDAY, OfferKind.DISCOUNT),
        (customer(), Tier.HIGH, names.BIRTHDAY, OfferKind.NOTHING),
    ],
)
def test_who_gets_what(whose: Customer, tier: Tier, occasion: str, kind: OfferKind) -> None:
    assert GENEROUS.choose(whose, tier, occasion).kind is kind


def test_who_is_one_of_the_best_is_the_shops_to_say() -> None:
    whose, rules = customer(120, orders=3, spent=900), SegmentRules(vip_over=1000)
    assert GENEROUS.choose(whose, Tier.HIGH, rules=rules).kind is OfferKind.REASSURANCE
    assert GENEROUS.choose(whose, Tier.HIGH).kind is OfferKind.FREE_SHIPPING


@pytest.mark.parametrize("occasion", ["", names.BIRTHDAY, names.CUSTOMER_LAPSED])
@pytest.mark.parametrize("whose", [customer(), customer(900), customer(900, orders=4, spent=4000)])
@pytest.mark.parametrize("tier", Tier)
def test_by_default_nothing_costs_the_shop_money(whose: Customer, tier: Tier, occasion: str) -> None:
    assert not OfferPolicy().choose(whose, tier, occasion).is_incentive
    assert not OfferPolicy(discount_percent=10).choose(whose, tier, occasion).is_incentive  # nothing redeems it


def test_where_codes_cannot_be_redeemed_an_occasion_is_worth_the_postage() -> None:
    policy = OfferPolicy(free_shipping_over=150)
    assert policy.choose(customer(orders=1), Tier.LOW, names.BIRTHDAY).kind is OfferKind.FREE_SHIPPING
