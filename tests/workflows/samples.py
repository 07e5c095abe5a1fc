"""Sample values for tests of the vocabulary."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.calls import Delivery
from domain.enrollment import Occasion, Start
from domain.event import PRODUCT_ADDED
from domain.message import MessageStatus
from workflows.vocabulary import Journey
from workflows.vocabulary.script import Script
from workflows.vocabulary.verbs import Verb

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

Answer = Callable[[Verb[Any]], object]


def start(**fields: Any) -> Start:
    """An enrollment in cart recovery that began at noon."""
    occasion = Occasion(event_id="added-1", name=PRODUCT_ADDED, seq=7, occurred_at=NOON)
    values = {"enrollment": "e1", "journey": "cart-recovery", "customer": "anna", "occasion": occasion}
    return Start(**(values | fields))


def delivery(status: MessageStatus = MessageStatus.SENT) -> Delivery:
    """What became of a message."""
    return Delivery(message="m1", status=status, reason="accepted", at=NOON)


def play(journey: Journey, answer: Answer) -> list[Verb[Any]]:
    """Run a journey's steps without Temporal: each verb is answered by a function, and all are returned."""
    script = Script(journey.steps())
    asked: list[Verb[Any]] = []
    verb = script.begin()
    while verb is not None:
        asked.append(verb)
        verb = script.answer(answer(verb))
    return asked
