"""The rule about templates: each mail can be made, for everybody, in each of its languages."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from domain.errors import TemplateError
from domain.event import ORDER_COMPLETED
from mail.context import RenderContext, samples
from mail.render import SUFFIX, Templates
from rehearsal.check.rule import Rule
from rehearsal.check.subject import Subject
from rehearsal.check.violation import Violation
from rehearsal.check.ways import is_first, line_of
from rehearsal.graph import Branch
from rehearsal.paths import Path as Way
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.verbs import Send

_NOBODYS = "und"
"""Undetermined, says BCP 47: who reads it gets the template that is no translation."""


def _templates(subject: Subject) -> Iterator[Violation]:
    names = {node.verb.template for node in subject.nodes if isinstance(node.verb, Send)}
    problems = {
        name: problem
        for name in sorted(names)
        if (problem := _problem(subject.templates, name, with_order=_begins_with_an_order(subject.plan)))
    }

    def watch(_: None, branch: Branch) -> tuple[None, Violation | None]:
        verb = branch.node.verb
        if not isinstance(verb, Send) or not is_first(branch) or verb.template not in problems:
            return None, None
        return None, Violation(
            line=line_of(branch.node),
            about=verb.template,
            wrong=f"{problems[verb.template]}.",
            remedy=f"Mend or write templates/{verb.template}{SUFFIX}; see docs/write-a-journey.md.",
        )

    # The way up to the mail: rehearsed, it would be sent.
    for violation in subject.watch(None, watch):
        before = violation.path.branches[:-1] if violation.path else ()
        yield replace(violation, path=Way(before))


def _begins_with_an_order(plan: Plan) -> bool:
    """Whether every enrollment is about an order, which its mails may then show."""
    return plan.trigger.names() == frozenset({ORDER_COMPLETED})


def _problem(folder: Path, name: str, *, with_order: bool) -> str | None:
    """The first thing that is wrong with a template; None where it renders for every sample, in every language."""
    templates, customers = _loaded(folder)
    if not with_order:
        customers = {f"{who}, without an order": _ordered_nothing(each) for who, each in customers.items()}
    for who, context in _readers(folder, name, customers):
        try:
            templates.render(name, context)
        except TemplateError as error:
            return f"{error} (for the sample {who})"
    return None


def _ordered_nothing(context: RenderContext) -> RenderContext:
    """As a journey's mails read it that does not begin with an order."""
    return context.model_copy(update={"order": None})


def _readers(folder: Path, name: str, customers: Mapping[str, RenderContext]) -> Iterator[tuple[str, RenderContext]]:
    yield from customers.items()
    languages = _translations(folder, name)
    for language in (*languages, _NOBODYS) if languages else ():
        for who, context in customers.items():
            reader = context.customer.model_copy(update={"locale": language})
            yield f"{who}, reading {language}", context.model_copy(update={"customer": reader})


def _translations(folder: Path, name: str) -> list[str]:
    """The languages for which the template has a sibling."""
    base = folder / name
    siblings = sorted(path.name for path in base.parent.glob(f"{base.name}.*{SUFFIX}"))
    return [sibling.removeprefix(f"{base.name}.").removesuffix(SUFFIX) for sibling in siblings]


@lru_cache
def _loaded(folder: Path) -> tuple[Templates, dict[str, RenderContext]]:
    return Templates(folder), samples(folder / "samples")


TEMPLATES = Rule("templates", "Every mail's template exists and renders for all sample customers.", _templates)
