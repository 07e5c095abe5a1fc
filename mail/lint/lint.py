"""Runs every rule over every template, sample customer and language."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from domain.errors import TemplateError
from mail.context import DEFAULT_LANGUAGE, TEMPLATES, RenderContext, samples
from mail.lint.finding import Finding, Severity
from mail.lint.rule import Rule
from mail.lint.rules import RULES
from mail.lint.subject import Mail
from mail.render import SUFFIX, Body, Templates

_OWED = re.compile(r"{%-?\s*extends\s+[\"']layout_transactional\.mjml\.j2[\"']")
_NOTHING: Final = Body(subject="", preheader="", html="", text="")


@dataclass(frozen=True)
class LintReport:
    """What was found."""

    templates: int
    mails: int
    """How many were rendered: each template, for each sample customer, in each of its languages."""
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that fail the check."""
        return tuple(found for found in self.findings if found.severity is Severity.ERROR)

    @property
    def advice(self) -> tuple[Finding, ...]:
        """The others."""
        return tuple(found for found in self.findings if found.severity is Severity.ADVICE)


class Lint:
    """The linter of one folder of templates.

    Args:
        folder: the templates.
        customers: the sample contexts by name; by default those that lie in the folder.
        rules: asked of each mail.
    """

    def __init__(
        self,
        folder: Path = TEMPLATES,
        *,
        customers: Mapping[str, RenderContext] | None = None,
        rules: Sequence[Rule] = RULES,
    ) -> None:
        self._folder = folder
        self._customers = samples(folder / "samples") if customers is None else customers
        self._rules = rules
        self._templates = Templates(folder)
        self._languages = _languages(folder)

    @property
    def names(self) -> frozenset[str]:
        """Every template, by the name that journeys send it by."""
        return frozenset(self._languages)

    def run(self, names: Collection[str] | None = None) -> LintReport:
        """Lint these templates, or all of them. What several samples show is one finding."""
        chosen = sorted(self._languages if names is None else names)
        mails = 0
        together: dict[tuple[str, ...], Finding] = {}
        for mail in (mail for name in chosen for mail in self.mails(name)):
            mails += 1
            for found in self._findings(mail):
                first = together.get(found.place)
                together[found.place] = replace(first, more=first.more + 1) if first else found
        return LintReport(templates=len(chosen), mails=mails, findings=tuple(together.values()))

    def mails(self, name: str) -> Iterator[Mail]:
        """Render a template for every sample customer, in every language that it has."""
        owed = self._is_owed(name)
        lacks = tuple(sorted(self._of_neighbours(name) - self._languages.get(name, set())))
        for sample, context in self._customers.items():
            english = self._mail(name, DEFAULT_LANGUAGE, sample, context, owed)
            yield replace(english, lacks=lacks)
            for language in sorted(self._languages.get(name, set()) - {DEFAULT_LANGUAGE}):
                translated = self._mail(name, language, sample, context, owed)
                yield replace(translated, english=None if english.failure else english)

    def _findings(self, mail: Mail) -> Iterable[Finding]:
        for rule in self._rules:
            # One mail counts once, however often it breaks a rule in the same way.
            first: dict[tuple[str, ...], Finding] = {}
            for found in rule.findings(mail):
                first.setdefault(found.place, found)
            yield from first.values()
            if mail.failure:
                return

    def _mail(self, name: str, language: str, sample: str, context: RenderContext, owed: bool) -> Mail:
        reads = _reading(context, language)
        try:
            body, failure = self._templates.render(name, reads), ""
        except TemplateError as error:
            body, failure = _NOTHING, str(error)
        return Mail(name, language, sample, reads, body, transactional=owed, failure=failure)

    def _is_owed(self, name: str) -> bool:
        path = self._folder / f"{name}{SUFFIX}"
        return path.is_file() and bool(_OWED.search(path.read_text()))

    def _of_neighbours(self, name: str) -> set[str]:
        """The languages of the other templates in its folder."""
        folder = name.rpartition("/")[0]
        return {
            each
            for other, all_of_it in self._languages.items()
            if other.rpartition("/")[0] == folder
            for each in all_of_it
        }


def _languages(folder: Path) -> dict[str, set[str]]:
    """Every template with the languages that it has. A translation without an original counts as a template."""
    found: dict[str, set[str]] = {}
    for path in folder.glob(f"*/**/*{SUFFIX}"):
        name, _, language = path.relative_to(folder).as_posix().removesuffix(SUFFIX).partition(".")
        if not name.startswith("partials/"):
            found.setdefault(name, set()).add(language or DEFAULT_LANGUAGE)
    return found


def _reading(context: RenderContext, language: str) -> RenderContext:
    """The sample customer as a reader of the language; their own country stays, where they speak it."""
    if context.customer.language == language:
        return context
    return context.model_copy(update={"customer": context.customer.model_copy(update={"locale": language})})
