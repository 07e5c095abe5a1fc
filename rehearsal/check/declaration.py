"""The rule about what a journey says of itself."""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.check.rule import Rule
from rehearsal.check.subject import Subject
from rehearsal.check.violation import Violation
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.plan import Plan

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PRIORITIES = range(101)


def can_begin(plan: Plan, given: Mapping[str, Any]) -> bool:
    """Whether an enrollment could begin with what the deployment gives of its settings; else nothing is explored.

    What forbids it is a violation of this rule.
    """
    fields = {} if plan.settings is None else plan.settings.model_fields
    return all(plan.exits) and all(name in given or not field.is_required() for name, field in fields.items())


def _declared(subject: Subject) -> Iterator[Violation]:
    for problem, remedy in (*_of_plan(subject.plan), *_of_settings(subject.plan), *_of_words(subject.journey)):
        yield Violation(about=problem, wrong=f"{problem}.", remedy=remedy)


def _of_plan(plan: Plan) -> Iterator[tuple[str, str]]:
    if not _KEBAB.fullmatch(plan.name):
        yield f"The name {plan.name!r} is not in kebab case", "Write it like `cart-recovery`: it stands in addresses."
    for field, meaning in (("goal", "the event that ends it as a success"), ("topic", "what customers may opt out of")):
        if not (getattr(plan, field) or "").strip():
            yield f"It has no {field}", f"Say `{field}=` in the plan: {meaning}."
    if not plan.owner.strip():
        yield "It has no owner", "Say `owner=` in the plan: who answers for it."
    if plan.priority not in _PRIORITIES:
        yield f"The priority {plan.priority} is out of bounds", "Choose one from 0 to 100."
    if not 0 <= plan.holdout < 1:
        yield f"The holdout {plan.holdout:g} is no share of customers", "Choose one from 0 to below 1, e.g. 0.05."
    if any(not name.strip() for name in plan.exits):
        yield "An exit has no name", "Name the event, or take the exit out."


def _of_settings(plan: Plan) -> Iterator[tuple[str, str]]:
    fields = {} if plan.settings is None else plan.settings.model_fields
    for name, field in fields.items():
        if field.is_required():
            yield f"The setting {name} has no default", "Give it one: a deployment that says nothing must work."


def _of_words(journey: type[Journey]) -> Iterator[tuple[str, str]]:
    # Its own docstring: that of a base class says nothing of this journey.
    lines = [line for line in inspect.cleandoc(journey.__doc__ or "").splitlines() if line.strip()]
    if len(lines) <= 1:
        yield "Its docstring says too little", "Say what it is for, what starts it, what ends it, how long it lives."
    if not (journey.steps.__doc__ or "").strip():
        yield "`steps` has no docstring", "Say in a sentence how the sequence goes."


DECLARED = Rule("declared", "The journey says what it is for, whose it is, and how it is called.", _declared)
