"""What the rules look at: one journey explored, and all journeys together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from domain.gate import GatePolicy
from mail.context import TEMPLATES
from rehearsal.check.policy import CheckPolicy
from rehearsal.check.violation import Violation
from rehearsal.check.ways import S, Watch, Ways, simplest
from rehearsal.explore import BrokenError
from rehearsal.graph import Exploration, Node
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.plan import Plan


@dataclass(frozen=True)
class Subject:
    """One journey, and what it can do from each beginning. Not explored at all where it cannot begin, or fails."""

    journey: type[Journey]
    explorations: tuple[Exploration, ...] = ()
    broken: BrokenError | None = None
    """How its code fails, where it does; nothing is explored then."""
    gate: GatePolicy = field(default_factory=GatePolicy)
    policy: CheckPolicy = field(default_factory=CheckPolicy)
    templates: Path = TEMPLATES

    @property
    def plan(self) -> Plan:
        """Its declaration."""
        return self.journey.plan

    @cached_property
    def ways(self) -> tuple[Ways, ...]:
        """All its ways, one collection for each beginning."""
        return tuple(Ways(exploration) for exploration in self.explorations)

    @property
    def nodes(self) -> Iterator[Node]:
        """Everything that was explored."""
        for exploration in self.explorations:
            yield from exploration.nodes

    @property
    def is_explored(self) -> bool:
        """Whether everything was. What goes round for ever is followed once around."""
        return bool(self.explorations) and all(each.is_complete and not each.endless for each in self.explorations)

    def watch(self, begins_with: S, watch: Watch[S]) -> Iterable[Violation]:
        """Carry a state along every way; see `Ways.watch`."""
        return simplest(sighting for ways in self.ways for sighting in ways.watch(begins_with, watch))


@dataclass(frozen=True)
class House:
    """All journeys together."""

    subjects: tuple[Subject, ...]
    """Those that are checked."""
    deployed: tuple[Plan, ...]
    """Every journey's declaration, in the order of their names."""
    gate: GatePolicy = field(default_factory=GatePolicy)

    @property
    def is_whole(self) -> bool:
        """Whether every journey is checked."""
        return {subject.plan.name for subject in self.subjects} >= {plan.name for plan in self.deployed}
