"""Where the segments of `domain.segments` begin, and the stage of advocacy. Settings."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from domain.model import Value

_Span = Annotated[timedelta, Field(gt=timedelta(), le=timedelta(days=3650))]


class SegmentRules(Value):
    """The thresholds. Spans end with now; an amount is in the shop's currency."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    lately: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(days=30))] = timedelta(days=30)
    """How long ago *lately* is, for content, prices, reviews and clicks in mails. At most 30 days: older events
    are not read."""
    content_pieces: int = Field(default=3, ge=1)
    """Content explorer: so many pieces lately."""
    pricing_views: int = Field(default=2, ge=1)
    """Pricing shopper: so many looks at prices lately, and since the last order."""
    new_within: _Span = timedelta(days=14)
    """New: first seen less long ago, without an order."""
    active_within: _Span = timedelta(days=7)
    """Active: on the site less long ago."""
    at_risk_after: _Span = timedelta(days=30)
    """At risk: ordered before, and away for so long."""
    dormant_after: _Span = timedelta(days=90)
    """Dormant: away for so long, whether or not they ordered. Loyal: the last order is less old."""
    loyal_orders: int = Field(default=3, ge=1)
    """Loyal: so many orders."""
    vip_over: float = Field(default=500.0, ge=0)
    """VIP: all orders together came to more."""

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if not self.active_within < self.at_risk_after < self.dormant_after:
            raise ValueError("active_within must be below at_risk_after, and that below dormant_after")
        return self


DEFAULT_RULES = SegmentRules()
