"""A finding: what is wrong with a mail, where it shows, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """The check fails."""
    ADVICE = "advice"
    """It is said, and does not fail the check."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule broken in one mail. Who asked the rule fills in the fields from `rule` on."""

    wrong: str
    """One sentence. It may tell what is so for one sample only, e.g. a length."""
    remedy: str
    """What to do, as an order."""
    quoted: str = ""
    """The line or the element that shows it, shortened."""
    about: str = ""
    """What tells it from others of its rule in its template, and is the same for all samples, e.g. a word."""
    severity: Severity = Severity.ERROR
    rule: str = ""
    template: str = ""
    language: str = ""
    sample: str = ""
    """The first sample that shows it."""
    more: int = 0
    """How many further samples show the same."""

    @property
    def place(self) -> tuple[str, str, str, str, Severity]:
        """Findings at one place are one, whatever sample shows them."""
        return self.rule, self.template, self.language, self.about, self.severity


def advice(*, wrong: str, remedy: str, quoted: str = "", about: str = "") -> Finding:
    """Make a finding that does not fail the check."""
    return Finding(wrong=wrong, remedy=remedy, quoted=quoted, about=about, severity=Severity.ADVICE)
