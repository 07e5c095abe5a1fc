"""A rule: what must hold of a journey, or of all of them together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from rehearsal.check.subject import House, Subject
from rehearsal.check.violation import Violation

T = TypeVar("T", Subject, House)


@dataclass(frozen=True)
class Rule(Generic[T]):
    """One rule. `id` stands in reports and in docs/check.md."""

    id: str
    title: str
    """What must hold, in one sentence."""
    find: Callable[[T], Iterable[Violation]]

    def violations(self, what: T) -> list[Violation]:
        """What breaks it. Where a violation does not say whose it is, it is the subject's."""
        whose = (what.plan.name,) if isinstance(what, Subject) else ()
        return [replace(found, rule=self.id, journeys=found.journeys or whose) for found in self.find(what)]
