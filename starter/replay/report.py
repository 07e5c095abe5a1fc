"""Sums up what was found: by journey, and by the place where code and enrollments part."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence

from domain.model import Value
from starter.replay.finding import Finding, Verdict

EXAMPLES = 3
"""Workflow ids named for each place."""

_WORST_FIRST = (Verdict.BREAKS, Verdict.MISREADS, Verdict.DIFFERS)


class Place(Value):
    """Where some enrollments of a journey and its code part."""

    verdict: Verdict
    words: str
    count: int
    examples: tuple[str, ...]
    """Workflow ids, up to three."""


class JourneyReport(Value):
    """The running enrollments of one journey. `fits`, `differs`, `misreads` and `breaks` make up `running`."""

    journey: str
    deployed: bool
    """Whether the code of today has a journey of this name."""
    running: int
    fits: int
    differs: int
    misreads: int
    breaks: int
    not_asked: int
    """Of these, how many no worker told of: they were judged by their histories alone."""
    places: tuple[Place, ...]
    """The worst first, then the most frequent."""


class Report(Value):
    """All that was looked at."""

    journeys: tuple[JourneyReport, ...]
    ended: int
    """How many ended while they were looked at."""

    @property
    def running(self) -> int:
        """How many run."""
        return sum(each.running for each in self.journeys)

    @property
    def not_asked(self) -> int:
        """How many were judged by their histories alone."""
        return sum(each.not_asked for each in self.journeys)

    @property
    def breaks(self) -> int:
        """How many would stand still."""
        return sum(each.breaks for each in self.journeys)

    @property
    def misreads(self) -> int:
        """How many would take an answer for another one."""
        return sum(each.misreads for each in self.journeys)


def sum_up(findings: Iterable[Finding], deployed: Container[str]) -> Report:
    """Sum up findings, in any order."""
    by_journey: dict[str, list[Finding]] = defaultdict(list)
    ended = 0
    for finding in findings:
        if finding.verdict is Verdict.ENDED:
            ended += 1
        else:
            by_journey[finding.journey].append(finding)
    journeys = (_journey(name, found, is_deployed=name in deployed) for name, found in sorted(by_journey.items()))
    return Report(journeys=tuple(journeys), ended=ended)


def _journey(name: str, found: Sequence[Finding], *, is_deployed: bool) -> JourneyReport:
    counts = Counter(finding.verdict for finding in found)
    return JourneyReport(
        journey=name,
        deployed=is_deployed,
        running=len(found),
        fits=counts[Verdict.FITS],
        differs=counts[Verdict.DIFFERS],
        misreads=counts[Verdict.MISREADS],
        breaks=counts[Verdict.BREAKS],
        not_asked=sum(not finding.asked for finding in found),
        places=_places(found),
    )


def _places(found: Sequence[Finding]) -> tuple[Place, ...]:
    at: dict[tuple[Verdict, str], list[str]] = defaultdict(list)
    for finding in found:
        for words in finding.places:
            at[finding.verdict, words].append(finding.workflow_id)
    places = [
        Place(verdict=verdict, words=words, count=len(ids), examples=tuple(sorted(ids)[:EXAMPLES]))
        for (verdict, words), ids in at.items()
    ]
    return tuple(sorted(places, key=lambda each: (_WORST_FIRST.index(each.verdict), -each.count, each.words)))
