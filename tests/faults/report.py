"""What a run prints."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from domain.message import Kind, MessageStatus
from storage.ledger import NOBODY_SAW
from tests.faults.evidence import Evidence
from tests.faults.inspector import is_too_old
from tests.faults.plan import RunPlan
from tests.faults.violation import Violation


@dataclass(frozen=True)
class Report:
    """One run's figures and findings."""

    plan: RunPlan
    evidence: Evidence
    violations: list[Violation]
    restarts: dict[str, int]
    seconds: float

    def lines(self) -> Iterator[str]:
        """The report, for people."""
        plan, evidence = self.plan, self.evidence
        statuses = Counter(row["status"] for row in evidence.messages)
        outcomes = Counter((row["outcome"] or {}).get("kind", row["state"]) for row in evidence.enrollments)
        yield f"seed             {plan.seed} ({plan.database}{', broken: ' + plan.broken if plan.broken else ''})"
        yield f"took             {self.seconds:.0f} s at pace {plan.pace:g}"
        yield f"kills            {len(evidence.kills)}: {_counted(Counter(kill.what for kill in evidence.kills))}"
        yield f"ended in turn    {_counted(Counter(self.restarts))}"
        old = sum(map(is_too_old, evidence.events))
        yield f"events           {len(evidence.diary.promises)} answered with 200, {len(evidence.events)} stored"
        yield f"too late         {old} events were received a product day late, and start nothing"
        yield f"enrollments      {len(evidence.enrollments)}: {_counted(outcomes)}"
        yield f"messages         {len(evidence.messages)}: {_counted(statuses)}"
        yield f"conversations    {_counted(Counter(each.what.value for each in evidence.conversations))}"
        killed = sum(row["reason"] == NOBODY_SAW for row in evidence.messages)
        yield f"unknown          {statuses[MessageStatus.UNKNOWN]}, {killed} of them after a kill"
        yield f"sent again       {self.sent_again} confirmations, after a kill"
        yield f"said             {_counted(Counter(word.said.value for word in evidence.diary.words))}"
        yield f"reports          {_counted(Counter(each.happening for each in evidence.diary.reports))}"
        repeated = sum(each.times - 1 for each in evidence.diary.reports)
        forgotten = len(evidence.diary.reports) - len(evidence.reports)
        yield f"of these         {repeated} a second time, {forgotten} about somebody who was erased"
        yield f"joins            {len(evidence.others['joins'])}"
        yield f"import           {evidence.imported} people, its command killed {evidence.import_kills} times"
        yield f"violations       {len(self.violations)}"
        for found in self.violations:
            yield f"\n{found.promise}: {found.customer}: {found.what}"
            yield from (f"    {row}" for row in found.rows)

    @property
    def sent_again(self) -> int:
        """Transactional mails that the sink accepted more than once, as the policy says after a crash."""
        evidence = self.evidence
        kinds = {row["id"]: row["kind"] for row in evidence.messages}
        return sum(len(taken) - 1 for key, taken in evidence.taken.items() if kinds.get(key) == Kind.TRANSACTIONAL)

    @property
    def broken(self) -> set[str]:
        """Names of the promises that were broken."""
        return {found.promise for found in self.violations}


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
