"""What journeys are written in. A journey file imports from here, and from `domain`, and nothing else."""

from datetime import time, timedelta

from domain.event import CART_ACTIVITY, CART_EMPTIED, ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, PRODUCT_ADDED
from domain.facts import (
    BOUGHT_SINCE,
    CLEAR_FAVOURITE,
    FAVOURITE_CATEGORY,
    FIRST_ORDER,
    HAS_CART,
    HIGH_CART,
    MIXED_SIGNALS,
    PREMIUM_ITEM,
    PRICING_SEEN,
    RETURNING,
    TIER,
    VIP,
    YES_NO,
    Fact,
)
from domain.intent import Tier
from domain.lane import Lane, Yields
from domain.message import Kind, Stage
from domain.model import Duration, Value
from domain.moments import EVENT_END, EVENT_START, RENEWAL, TRIAL_END, Moment, Timing
from domain.portrait import Portrait
from domain.segments import Segment
from domain.signals import Click, Observation, Purchase, Revisit, Unsubscribe
from workflows.vocabulary.conditions import (
    CartOver,
    HasAddress,
    HasCart,
    Holds,
    InSegment,
    Nth,
    PropertyIs,
    Spent,
    TierAtLeast,
    Times,
    Without,
)
from workflows.vocabulary.journey import Journey, journey
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.trigger import On

__all__ = [
    "BOUGHT_SINCE",
    "CART_ACTIVITY",
    "CART_EMPTIED",
    "CLEAR_FAVOURITE",
    "EVENT_END",
    "EVENT_START",
    "FAVOURITE_CATEGORY",
    "FIRST_ORDER",
    "HAS_CART",
    "HIGH_CART",
    "MIXED_SIGNALS",
    "ORDER_CANCELLED",
    "ORDER_COMPLETED",
    "ORDER_REFUNDED",
    "PREMIUM_ITEM",
    "PRICING_SEEN",
    "PRODUCT_ADDED",
    "RENEWAL",
    "RETURNING",
    "TIER",
    "TRIAL_END",
    "VIP",
    "YES_NO",
    "CartOver",
    "Click",
    "Duration",
    "Fact",
    "HasAddress",
    "HasCart",
    "Holds",
    "InSegment",
    "Journey",
    "Kind",
    "Lane",
    "Moment",
    "Nth",
    "Observation",
    "On",
    "Plan",
    "Portrait",
    "PropertyIs",
    "Purchase",
    "Revisit",
    "Segment",
    "Spent",
    "Stage",
    "Tier",
    "TierAtLeast",
    "Times",
    "Timing",
    "Unsubscribe",
    "Value",
    "Without",
    "Yields",
    "journey",
    "time",
    "timedelta",
]
