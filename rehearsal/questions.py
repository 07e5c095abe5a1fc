"""Verbs that ask something and take no time: what each asks, who answers, and the answer in words."""

from datetime import datetime
from typing import Any

from domain.intent import Intent
from domain.offer import Offer
from rehearsal.fate import Fate
from workflows.vocabulary import verbs


def question_of(verb: verbs.Verb[Any]) -> tuple[str, bool]:
    """What a verb asks, and whether the answer stays the same as long as the enrollment lives."""
    match verb:
        case verbs.ReadFact(fact):
            return f"fact {fact.name}", fact.settled
        case verbs.ChooseVariant(experiment):
            return f"variant of {experiment}", True
        case verbs.Since(change):
            return f"since {change}", True
        case _:
            return type(verb).__name__, False


def answer_in_words(verb: verbs.Verb[Any], answer: object) -> str:
    """An answer as a person would say it."""
    match verb, answer:
        case verbs.ReadFact(fact), bool():
            return fact.name if answer else f"not {fact.name}"
        case verbs.ReadFact(fact), _:
            return f"{fact.name}: {answer}"
        case _, Intent(tier=tier):
            return f"intent {tier.value}"
        case _, Offer(kind=kind):
            return f"offer: {kind.value}"
        case verbs.ChooseVariant(experiment), _:
            return f"{experiment}: {answer}"
        case verbs.Since(change), _:
            return f"came here {'after' if answer else 'before'} {change}"
        case _:
            return f"{verb.describe()}: {answer}"


def ask_fate(verb: verbs.Verb[Any], fate: Fate, now: datetime) -> object:
    """Let a fate answer a question."""
    match verb:
        case verbs.ReadFact():
            return fate.fact(verb, now)
        case verbs.Score():
            return fate.intent(now)
        case verbs.ChooseOffer():
            return fate.offer(now)
        case verbs.ChooseVariant():
            return fate.variant(verb)
        case verbs.Since(change):
            return fate.since(change)
        case _:
            raise TypeError(f"the rehearsal does not know the verb {type(verb).__name__}")
