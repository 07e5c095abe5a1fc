"""A journey's declaration in words: whom it is for, when it may begin again, what it is judged by."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from workflows.vocabulary.plan import Plan
from workflows.vocabulary.words import in_words

COUNTED = "sent, delivered, opened, clicked, converted, revenue, unsubscribed, complained"
"""What is counted of each mail (N1)."""


def event_in_words(name: str | None) -> str:
    """An event's name in quotation marks."""
    return f"“{name}”" if name else "none"


def segment(plan: Plan, told_apart_by: Sequence[str]) -> Iterator[str]:
    """Whom a journey is for. `told_apart_by` is what its code asks about them, and does differently."""
    yield f"customers of whom this is reported: {plan.trigger.describe()}"
    yield f"marketing mail only with consent to {plan.topic}"
    if told_apart_by:
        yield f"told apart by: {', '.join(told_apart_by)}"
    if plan.holdout:
        yield f"{plan.holdout:.0%} are held out for comparison"


def measured_by(plan: Plan) -> str:
    """The figures by which it is judged."""
    outcome = f"end with {event_in_words(plan.goal)}" if plan.goal else "complete the sequence"
    compared = ", against the holdout" if plan.holdout else ""
    return f"the share of enrollments that {outcome}{compared}; their revenue; of each mail: {COUNTED}"


def again(plan: Plan) -> str:
    """When the same customer may be enrolled again."""
    if plan.one_per is not None:
        if plan.reentry is None:
            return f"for each {plan.one_per} once"
        after = f"{in_words(plan.reentry)} after it began" if plan.reentry else "once it has ended"
        return f"for each {plan.one_per}, and for the same one {after}"
    return f"{in_words(plan.reentry)} after one began that mailed the customer" if plan.reentry else "never"


def settings(plan: Plan) -> Iterator[str]:
    """Its settings with their defaults."""
    if plan.settings is not None:
        for name, value in plan.settings():
            yield f"`{name}` {in_words(value) if isinstance(value, timedelta) else value}"
