"""A journey's place among the others: which of them goes first, and what the other then does."""

from enum import StrEnum

from domain.model import WireValue


class Lane(StrEnum):
    """Journeys of one lane compete; the higher priority goes first."""

    SERVICE = "service"
    PROMOTION = "promotion"
    NURTURE = "nurture"
    MEMBERSHIP = "membership"
    """Subscriptions and trials: they last for months, and are not to wait for an order's follow-up."""
    EVENTS = "events"
    """Webinars: weeks may pass between registration and the day."""


class Yields(StrEnum):
    """What an enrollment does while a stronger journey of its lane is open for the same customer."""

    WAIT = "wait"
    """Its marketing mail waits, as long as it makes sense."""
    END = "end"
    """It ends at its next marketing mail."""


class Place(WireValue):
    """The place of one journey. Without a lane it competes with none: asks from before there were lanes have none."""

    journey: str = ""
    lane: Lane | None = None
    priority: int = 0
    yields: Yields = Yields.WAIT
