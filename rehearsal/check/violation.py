"""A violation: what is wrong, where, on which path, and what to do."""

from dataclasses import dataclass

from rehearsal.paths import Path


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One rule broken at one place. `rule` and `journeys` are filled in by whoever asked the rule."""

    wrong: str
    """One sentence."""
    remedy: str
    """What to do, as an order."""
    line: int | None = None
    """Of the journey's file."""
    about: str = ""
    """What tells it from others of its rule at its line, e.g. a template."""
    path: Path | None = None
    """The simplest way that shows it."""
    more: int = 0
    """How many further ways show the same."""
    rule: str = ""
    journeys: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[int | None, str]:
        """Violations of one rule at one place are one."""
        return self.line, self.about
