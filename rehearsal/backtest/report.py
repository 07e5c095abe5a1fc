"""A whole backtest: what was read, what one version would have sent, and how another differs."""

from collections.abc import Mapping
from typing import Any

from domain.errors import JourneyError
from domain.model import Instant, Value
from rehearsal.backtest.comparison import Difference, compare
from rehearsal.backtest.course import Course
from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.simulation import simulate
from rehearsal.backtest.totals import Totals, total
from workflows.vocabulary.journey import Journey

NOW = "now"
"""The version that is deployed, or about to be."""


class Run(Value):
    """One version over the recording. `version` is `now` or a git ref."""

    version: str
    totals: Totals
    courses: tuple[Course, ...]


class Report(Value):
    """What `segue backtest --json` prints."""

    journey: str
    events: int
    customers: int
    begins: Instant | None
    ends: Instant | None
    strict: bool
    """Whether only those count whom the recording gives an address, and a consent where the policy wants one."""
    run: Run
    against: Run | None = None
    differences: tuple[Difference, ...] = ()


def backtest(
    journey: type[Journey],
    history: History,
    rules: Rules,
    *,
    settings: Mapping[str, Any] | None = None,
    against: tuple[str, type[Journey]] | None = None,
) -> Report:
    """Run a journey over a recording, and an earlier version of it where one is given.

    Args:
        journey: as it is now.
        history: the folded recording.
        rules: what the deployment decides about mail.
        settings: what the deployment changes of the journey's settings.
        against: the git ref and the journey as of then. Settings that it had not yet are left out.

    Raises:
        ConfigurationError: the journey has no such setting.
        JourneyError: its code fails, or never ends.
    """
    settings = settings or {}
    now = _run(NOW, journey, history, rules, settings)
    before = None
    if against is not None:
        ref, earlier = against
        known = earlier.plan.settings.model_fields if earlier.plan.settings else {}
        kept = {name: value for name, value in settings.items() if name in known}
        try:
            before = _run(ref, earlier, history, rules, kept)
        except JourneyError as error:
            raise JourneyError(f"as of {ref}, under today's vocabulary: {error}") from error
    return Report(
        journey=journey.plan.name,
        events=history.events,
        customers=history.customers,
        begins=history.begins,
        ends=history.ends,
        strict=rules.strict,
        run=now,
        against=before,
        differences=() if before is None else compare(before.courses, now.courses),
    )


def _run(version: str, journey: type[Journey], history: History, rules: Rules, settings: Mapping[str, Any]) -> Run:
    courses = simulate(journey, history, rules, settings)
    return Run(version=version, totals=total(courses), courses=courses)
