"""Which events end which journeys, as the harness has it: written a second time, to be held against the product."""

from typing import Final

from sqlalchemy import RowMapping

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.profile import ALL_MARKETING

CART, ORDER, DATA = "cart-recovery", "post-purchase", "data-request"

TOPICS: Final = {CART: "cart reminders", ORDER: "order follow-up", DATA: "your data"}

_GOALS: Final = {CART: names.ORDER_COMPLETED, ORDER: names.ORDER_COMPLETED, DATA: names.DATA_REQUEST_CONFIRMED}
_EXITS: Final = {CART: {names.CART_EMPTIED}}


def outcome_by(event: RowMapping, enrollment: RowMapping) -> OutcomeKind | None:
    """How an event that comes after the occasion ends an enrollment; None: not at all."""
    journey, said, name = enrollment["journey"], event["properties"], event["name"]
    if event["repeats"] or event["seq"] <= enrollment["occasion"]["seq"]:
        return None
    if name == _GOALS[journey] and (journey != DATA or said.get("request") == enrollment["key"]):
        return OutcomeKind.CONVERTED
    if name in _EXITS.get(journey, ()) or is_a_no(event, TOPICS[journey]):
        return OutcomeKind.EXITED
    return None


def is_a_no(event: RowMapping, topic: str) -> bool:
    """Whether an event says that somebody wants, or can get, no more mail about a topic."""
    said, name = event["properties"], event["name"]
    if name == names.UNSUBSCRIBED:
        return said.get("topic") in (None, ALL_MARKETING, topic)
    is_hard = name == names.EMAIL_BOUNCED and said.get("bounce_type") == "hard"
    return (is_hard or name == names.EMAIL_COMPLAINED) and not said.get("former_address")
