"""An offer: what a mail may add to persuade, chosen by one policy so that no journey gives away margin on its own."""

from datetime import timedelta
from enum import StrEnum

from pydantic import ConfigDict, Field

from domain.customer import Customer
from domain.event import BIRTHDAY, CUSTOMER_LAPSED, FIRST_ORDER_ANNIVERSARY, LOYALTY_TIER_REACHED, REPURCHASE_DUE
from domain.intent import Tier
from domain.model import Duration, Value, WireValue
from domain.segment_rules import DEFAULT_RULES, SegmentRules


class OfferKind(StrEnum):
    """What is offered."""

    NOTHING = "nothing"
    REASSURANCE = "reassurance"
    """Help, returns, secure payment: costs nothing."""
    FREE_SHIPPING = "free shipping"
    DISCOUNT = "discount"


INCENTIVES = (OfferKind.FREE_SHIPPING, OfferKind.DISCOUNT)
"""Offers that cost the shop money."""


class Offer(WireValue):
    """The choice for one customer, now. `why` is shown to operators."""

    kind: OfferKind = OfferKind.NOTHING
    percent: int = 0
    code: str | None = None
    why: str = ""

    @property
    def is_incentive(self) -> bool:
        """Whether it costs the shop money."""
        return self.kind in INCENTIVES


GIFTS = (BIRTHDAY, FIRST_ORDER_ANNIVERSARY, LOYALTY_TIER_REACHED, CUSTOMER_LAPSED, REPURCHASE_DUE)
"""Occasions on which somebody who has ordered gets something, whatever is in the cart."""

PREMIUM_FROM = 100.0
"""A product of such a price is a premium item."""


class OfferPolicy(Value):
    """Which offers the shop honours. By default none that cost money: the shop must be able to redeem them."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    free_shipping_over: float | None = None
    """Cart value, in the shop's currency, from which shipping is free; none: never."""
    discount_percent: int = Field(default=0, ge=0, le=100)
    """What a discount takes off; 0: none is given."""
    discount_code: str | None = None
    """A code that the shop's checkout knows, the same for everybody."""
    unique_codes: bool = False
    """Each message gets a code of its own instead: the shop asks Segue whether it holds. See `domain.coupon`."""
    valid_for: Duration = timedelta(days=7)
    """How long such a code holds at least."""

    def choose(
        self, customer: Customer, tier: Tier, occasion: str = "", *, rules: SegmentRules = DEFAULT_RULES
    ) -> Offer:
        """Pick an offer. Nobody about to buy anyway gets a discount, and nobody a first order's twice.

        Args:
            customer: the facts.
            tier: of their intent now.
            occasion: name of the event that began the enrollment: a birthday is a reason to give something.
            rules: who is one of the shop's best customers.
        """
        if occasion in GIFTS and customer.orders > 0:
            return self._gift(occasion)
        if self._redeems and customer.orders == 0 and tier is not Tier.HIGH:
            return self._discount("a first order, and intent is not high")
        if self.free_shipping_over is not None and not customer.cart.is_empty:
            if customer.cart.value >= self.free_shipping_over:
                return Offer(kind=OfferKind.FREE_SHIPPING, why=f"cart worth {self.free_shipping_over:g} or more")
            has_premium_item = any(line.price >= PREMIUM_FROM for line in customer.cart.lines)
            if has_premium_item and customer.lifetime_value > rules.vip_over:
                return Offer(kind=OfferKind.FREE_SHIPPING, why="one of the best customers, and a premium item")
        if customer.cart.is_empty:
            return Offer(why="nothing in the cart")
        return Offer(kind=OfferKind.REASSURANCE, why="no paid offer applies")

    def _gift(self, occasion: str) -> Offer:
        if self._redeems:
            return self._discount(f"a customer, and the occasion: {occasion.lower()}")
        if self.free_shipping_over is not None:
            return Offer(kind=OfferKind.FREE_SHIPPING, why=f"a customer, and the occasion: {occasion.lower()}")
        return Offer(why="the shop grants nothing that costs it money")

    @property
    def _redeems(self) -> bool:
        """Whether the shop can take a discount off."""
        return self.discount_percent > 0 and bool(self.unique_codes or self.discount_code)

    def _discount(self, why: str) -> Offer:
        code = None if self.unique_codes else self.discount_code
        return Offer(kind=OfferKind.DISCOUNT, percent=self.discount_percent, code=code, why=why)

    def gives_code(self, offer: Offer) -> bool:
        """Whether a message with this offer gets a code of its own."""
        return self.unique_codes and offer.is_incentive
