"""Sample values for tests of the vocabulary."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.calls import Delivery
from domain.enrollment import Occasion, Start
from domain.event import PRODUCT_ADDED
from domain.facts import Fact
from domain.intent import Intent, Tier
from domain.message import MessageStatus
from domain.moments import Timing
from domain.offer import Offer, OfferKind
from domain.signals import Signal
from workflows.vocabulary import Journey
from workflows.vocabulary.script import Script
from workflows.vocabulary.verbs import ChooseOffer, ChooseVariant, Reaction, ReadFact, Score, Send, Since, Until, Verb

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

FREE = Offer(kind=OfferKind.FREE_SHIPPING)
HIGH = Intent(score=90, tier=Tier.HIGH, parts=(), why="", scored_at=NOON)
LOW = Intent(score=10, tier=Tier.LOW, parts=(), why="", scored_at=NOON)

Answer = Callable[[Verb[Any]], object]


def start(**fields: Any) -> Start:
    """An enrollment in cart recovery that began at noon."""
    occasion = Occasion(event_id="added-1", name=PRODUCT_ADDED, seq=7, occurred_at=NOON)
    values = {"enrollment": "e1", "journey": "cart-recovery", "customer": "anna", "occasion": occasion}
    return Start(**(values | fields))


def delivery(status: MessageStatus = MessageStatus.SENT) -> Delivery:
    """What became of a message."""
    return Delivery(message="m1", status=status, reason="accepted", at=NOON)


def answering(
    reaction: Signal | None = None,
    *,
    yes: bool = True,
    but: Mapping[Fact[Any], object] | None = None,
    sends: MessageStatus = MessageStatus.SENT,
) -> Answer:
    """A world in which every mail ends alike and the customer answers so.

    Everything else is answered yes, or no: a fact with its first value or its last, unless `but` says another; intent
    is high or low; an offer is granted or none; a moment is ahead or unknown.
    """

    others: dict[type[Verb[Any]], object] = {
        Send: delivery(sends),
        Score: HIGH if yes else LOW,
        ChooseOffer: FREE if yes else Offer(),
        Until: Timing.ON_TIME if yes else Timing.NEVER,
        Since: yes,
    }
    at = 0 if yes else -1

    def answer(verb: Verb[Any]) -> object:
        match verb:
            case Reaction(kinds):
                return reaction if isinstance(reaction, kinds) else None
            case ReadFact(fact):
                return (but or {}).get(fact, fact.values[at])
            case ChooseVariant(_, variants):
                return variants[at]
            case _:
                return others.get(type(verb))

    return answer


def play(journey: Journey, answer: Answer) -> list[Verb[Any]]:
    """Run a journey's steps without Temporal: each verb is answered by a function, and all are returned."""
    script = Script(journey.steps())
    asked: list[Verb[Any]] = []
    verb = script.begin()
    while verb is not None:
        asked.append(verb)
        verb = script.answer(answer(verb))
    return asked
