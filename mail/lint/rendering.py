"""The rule that comes before all others: the mail can be made."""

from collections.abc import Iterator

from mail.context import DEFAULT_LANGUAGE
from mail.lint.finding import Finding
from mail.lint.rule import Rule
from mail.lint.subject import Mail
from mail.render import SUFFIX


def _renders(mail: Mail) -> Iterator[Finding]:
    if mail.failure:
        language = "" if mail.language == DEFAULT_LANGUAGE else f".{mail.language}"
        yield Finding(
            wrong=f"It cannot be made: {mail.failure.removeprefix(f'{mail.template}: ')}.",
            remedy=f"Mend templates/{mail.template}{language}{SUFFIX}; guard what may be missing with `{{% if … %}}`.",
        )


RENDERS = Rule("renders", "It can be made for every sample customer: each name that it reads is defined.", _renders)
"""Where it does not hold, no other rule is asked."""
