"""What journeys are written in. A journey file imports from here, and from `domain`, and nothing else."""

from datetime import time, timedelta

from domain.event import CART_ACTIVITY, CART_EMPTIED, ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, PRODUCT_ADDED
from domain.facts import BOUGHT_SINCE, FIRST_ORDER, HAS_CART
from domain.lane import Lane, Yields
from domain.message import Kind, Stage
from domain.model import Duration, Value
from domain.signals import Click, Observation, Purchase, Revisit, Unsubscribe
from workflows.vocabulary.journey import Journey, journey
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.trigger import HasCart, On

__all__ = [
    "BOUGHT_SINCE",
    "CART_ACTIVITY",
    "CART_EMPTIED",
    "FIRST_ORDER",
    "HAS_CART",
    "ORDER_CANCELLED",
    "ORDER_COMPLETED",
    "ORDER_REFUNDED",
    "PRODUCT_ADDED",
    "Click",
    "Duration",
    "HasCart",
    "Journey",
    "Kind",
    "Lane",
    "Observation",
    "On",
    "Plan",
    "Purchase",
    "Revisit",
    "Stage",
    "Unsubscribe",
    "Value",
    "Yields",
    "journey",
    "time",
    "timedelta",
]
