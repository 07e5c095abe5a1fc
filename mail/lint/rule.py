"""A rule: what must hold of each rendered mail."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mail.lint.finding import Finding
from mail.lint.subject import Mail


@dataclass(frozen=True)
class Rule:
    """One rule. `id` stands in reports and in docs/check.md."""

    id: str
    title: str
    """What must hold, in one sentence."""
    find: Callable[[Mail], Iterable[Finding]]

    def findings(self, mail: Mail) -> list[Finding]:
        """What breaks it in this mail."""
        return [
            replace(found, rule=self.id, template=mail.template, language=mail.language, sample=mail.sample)
            for found in self.find(mail)
        ]
