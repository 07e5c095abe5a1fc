"""An offer: what a mail may add to persuade, chosen by one policy so that no journey gives away margin on its own."""

from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from domain.customer import Customer
from domain.intent import Tier
from domain.model import Duration, Value, WireValue


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


class OfferPolicy(Value):
    """Which offers the shop honours. By default none that cost money: the shop must be able to redeem them.

    `free_shipping_over` is a cart value in the shop's currency. `discount_code` is a code the shop's checkout knows,
    the same for everybody. With `unique_codes` each message gets a code of its own instead, see `domain.coupon`: the
    shop asks Segue whether one holds. `valid_for` is how long such a code holds at least.
    """

    free_shipping_over: float | None = None
    discount_percent: int = Field(default=0, ge=0, le=100)
    discount_code: str | None = None
    unique_codes: bool = False
    valid_for: Duration = timedelta(days=7)

    def choose(self, customer: Customer, tier: Tier) -> Offer:
        """Pick an offer. Nobody about to buy anyway gets a discount, and nobody twice: it is for a first order."""
        if customer.cart.is_empty:
            return Offer(why="nothing in the cart")
        redeemable = self.unique_codes or self.discount_code
        if redeemable and self.discount_percent and customer.orders == 0 and tier is not Tier.HIGH:
            return Offer(
                kind=OfferKind.DISCOUNT,
                percent=self.discount_percent,
                code=None if self.unique_codes else self.discount_code,
                why="a first order, and intent is not high",
            )
        if self.free_shipping_over is not None and customer.cart.value >= self.free_shipping_over:
            return Offer(kind=OfferKind.FREE_SHIPPING, why=f"cart worth {self.free_shipping_over:g} or more")
        return Offer(kind=OfferKind.REASSURANCE, why="no paid offer applies")

    def gives_code(self, offer: Offer) -> bool:
        """Whether a message with this offer gets a code of its own."""
        return self.unique_codes and offer.is_incentive
