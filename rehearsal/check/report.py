"""Runs every rule over every journey, and reports."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from domain.clock import REAL_TIME
from domain.enrollment import Occasion
from domain.errors import ConfigurationError
from domain.gate import GatePolicy
from mail.context import TEMPLATES
from rehearsal.check import load
from rehearsal.check.declaration import can_begin
from rehearsal.check.policy import CheckPolicy
from rehearsal.check.rules import RULES, RULES_TOGETHER
from rehearsal.check.subject import House, Subject
from rehearsal.check.violation import Violation
from rehearsal.explore import EVENING, MORNING, BrokenError, explore
from rehearsal.paths import EndlessError, count_paths
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.routing import Routes
from workflows.vocabulary.verbs import Send

BEGINNINGS = (MORNING, EVENING)
"""From two, so that quiet hours are met and not met."""


@dataclass(frozen=True)
class JourneyReport:
    """What was found about one journey."""

    journey: str
    paths: int | None
    """From both beginnings; None where one has no end."""
    states: int
    seconds: float
    templates: frozenset[str]
    """The mails that it sends on some path."""
    violations: tuple[Violation, ...]


@dataclass(frozen=True)
class Report:
    """What was found."""

    journeys: tuple[JourneyReport, ...]
    together: tuple[Violation, ...]
    """Violations of the rules about all journeys together."""
    loads: tuple[load.Load, ...]
    """Each lane's part of what a silent customer gets; empty where not every journey was checked."""

    @property
    def violations(self) -> tuple[Violation, ...]:
        """All of them."""
        return (*(each for journey in self.journeys for each in journey.violations), *self.together)


class Check:
    """The check of what is deployed, with the deployment's settings.

    Args:
        deployed: every journey, by its name.
        gate: the gate's policy.
        changed: what the deployment changes of journeys' settings, by journey name.
        policy: the limits of the rules.
        templates: the folder of the mails.
    """

    def __init__(
        self,
        deployed: Mapping[str, type[Journey]],
        *,
        gate: GatePolicy | None = None,
        changed: Mapping[str, dict[str, Any]] | None = None,
        policy: CheckPolicy | None = None,
        templates: Path = TEMPLATES,
    ) -> None:
        self._deployed = dict(sorted(deployed.items()))
        self._gate = gate or GatePolicy()
        self._changed = changed or {}
        self._policy = policy or CheckPolicy()
        self._templates = templates

    def run(self, journeys: Sequence[type[Journey]] = ()) -> Report:
        """Check these journeys; all of them where none is given.

        Raises:
            ConfigurationError: the settings change what no journey has.
        """
        self._require_known()
        checked = [self._check(journey) for journey in journeys or self._deployed.values()]
        house = House(
            subjects=tuple(subject for subject, _ in checked),
            deployed=tuple(journey.plan for journey in self._deployed.values()),
            gate=self._gate,
        )
        return Report(
            journeys=tuple(report for _, report in checked),
            together=tuple(each for rule in RULES_TOGETHER for each in rule.violations(house)),
            loads=load.loads(house) if house.is_whole else (),
        )

    def _check(self, journey: type[Journey]) -> tuple[Subject, JourneyReport]:
        began = time.perf_counter()
        subject = self._explored(journey)
        violations = tuple(each for rule in RULES for each in rule.violations(subject))
        report = JourneyReport(
            journey=journey.plan.name,
            paths=_paths(subject),
            states=sum(len(exploration.nodes) for exploration in subject.explorations),
            seconds=time.perf_counter() - began,
            templates=frozenset(node.verb.template for node in subject.nodes if isinstance(node.verb, Send)),
            violations=violations,
        )
        return subject, report

    def _explored(self, journey: type[Journey]) -> Subject:
        """The journey with all it can do; nothing, where it cannot begin or its code fails."""
        subject = Subject(journey, gate=self._gate, policy=self._policy, templates=self._templates)
        if not can_begin(journey.plan, self._changed.get(journey.plan.name, {})):
            return subject
        try:
            settings, bound = self._settings_of(journey), self._policy.bound
            explorations = (
                explore(journey, begins=begins, policy=self._gate, settings=settings, bound=bound)
                for begins in BEGINNINGS
            )
            return replace(subject, explorations=tuple(explorations))
        except BrokenError as error:
            return replace(subject, broken=error)

    def _settings_of(self, journey: type[Journey]) -> dict[str, Any]:
        """What an enrollment would begin with, made as the dispatcher makes it."""
        name = journey.plan.name
        changed = {name: self._changed[name]} if name in self._changed else {}
        occasion = Occasion(event_id="checked", name="Checked", occurred_at=MORNING)
        routes = Routes({name: journey}, REAL_TIME, changed)
        return routes.enroll(journey.plan, "somebody", occasion, MORNING).start.settings

    def _require_known(self) -> None:
        for name in sorted(set(self._changed) - set(self._deployed)):
            there = ", ".join(self._deployed)
            raise ConfigurationError(f"SEGUE_JOURNEYS: no journey is named {name!r}; there are: {there}")


def _paths(subject: Subject) -> int | None:
    try:
        return sum(count_paths(exploration) for exploration in subject.explorations)
    except EndlessError:
        return None
