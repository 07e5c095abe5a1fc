"""`segue check`: proof before launch, printed. Needs nothing that runs."""

import sys
from json import dumps
from typing import Annotated, Any

from cyclopts import Parameter
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from domain.gate import GatePolicy
from mail.lint.lint import Lint, LintReport
from mail.lint.rules import RULES as MAIL_RULES
from rehearsal.check import load
from rehearsal.check.report import Check, JourneyReport, Report
from rehearsal.check.rules import RULES, RULES_TOGETHER
from rehearsal.check.violation import Violation
from rehearsal.paths import Path
from settings import load_settings
from starter.cli.mail_check import mails_as_json, tell_mails
from starter.cli.reach import AsJson
from starter.cli.tables import console, show
from workflows.catalogue import JOURNEYS, journey_named


def check(
    *journeys: Annotated[str, Parameter(help="Names of journeys; without any, all are checked, also together.")],
    mails: Annotated[
        bool, Parameter(negative=(), help="Only the mails; without names, those of all journeys.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Explore every path of journeys, make every mail, and hold both to the rules of docs/check.md.

    The settings count as they will when deployed: SEGUE_JOURNEYS, caps, quiet hours. Nothing has to run. Exit status 1
    on any violation; advice about a mail is none.
    """
    settings = load_settings()
    chosen = [journey_named(name) for name in dict.fromkeys(journeys)]
    asked = Check(JOURNEYS, gate=settings.gate_policy, changed=settings.journeys)
    report = asked.run(chosen) if chosen or not mails else None
    linted = _lint(report if chosen else None)
    told = None if mails else report
    if json:
        printed = (_as_json(told) if told else {}) | {"mails": mails_as_json(linted)}
        print(dumps(printed, indent=2, ensure_ascii=False))
    else:
        if told:
            _tell(told, settings.gate_policy)
        tell_mails(linted)
        console.print(Text(f"\n{_verdict(told, linted)}", style="bold"))
    if linted.errors or (told and told.violations):
        sys.exit(1)


def _lint(report: Report | None) -> LintReport:
    """Lint what the journeys of the report send, as far as it is written; without a report, all there is."""
    lint = Lint()
    if report is None:
        return lint.run()
    return lint.run({name for journey in report.journeys for name in journey.templates} & lint.names)


def _tell(report: Report, policy: GatePolicy) -> None:
    show([_row(each) for each in report.journeys], as_json=False, empty="No journey is deployed.")
    if report.loads:
        sums, cap = load.in_words(report.loads, policy), policy.caps.per_48h
        console.print(Text(f"\nMarketing mails in 48 hours to a customer who does nothing, {cap} at most: {sums}."))
    for violation in report.violations:
        _tell_violation(violation)


def _verdict(report: Report | None, linted: LintReport) -> str:
    violations = len(report.violations) if report else 0
    if violations or linted.errors:
        counted = [_counted(violations, "violation")] if violations else []
        counted += [f"{_counted(len(linted.errors), 'error')} in mails"] if linted.errors else []
        return f"{' and '.join(counted)}. docs/check.md explains the rules."
    if report is None:
        return f"All {len(MAIL_RULES)} rules of mails hold."
    if report.loads:
        return f"All {len(RULES) + len(RULES_TOGETHER) + len(MAIL_RULES)} rules hold."
    return f"All rules hold. `{load.LOAD.id}` is about all journeys: `segue check` asks it."


def _row(report: JourneyReport) -> dict[str, Any]:
    paths = "endless" if report.paths is None else f"{report.paths:,}"
    return {
        "journey": report.journey,
        "paths": paths if report.states else "",
        "states": f"{report.states:,}" if report.states else "",
        "time": f"{report.seconds:.1f} s",
        "result": _counted(len(report.violations), "violation") if report.violations else "all rules hold",
    }


def _tell_violation(violation: Violation) -> None:
    line = f", line {violation.line}" if violation.line is not None else ""
    console.print(Text(f"\n{' and '.join(violation.journeys)}{line}: {violation.rule}", style="bold"))
    _indented(violation.wrong, 2)
    _indented(f"Remedy: {violation.remedy}", 2)
    if violation.path is not None:
        _tell_path(violation.path, violation.more)


def _tell_path(path: Path, more: int) -> None:
    begun = f", begun at {path.branches[0].node.world.now:%H:%M}" if path.branches else ""
    others = f" {more:,} more {'way shows' if more == 1 else 'ways show'} the same." if more else ""
    _indented(f"Example{begun}: {path.told}.{others}", 2)
    timeline = Table.grid(padding=(0, 2))
    for each in path.happened:
        timeline.add_row(Text(each.when), Text(each.what))
    console.print(Padding(timeline, (0, 0, 0, 4), expand=False))


def _indented(text: str, by: int) -> None:
    console.print(Padding(Text(text), (0, 0, 0, by), expand=False))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "journeys": [
            {
                "journey": each.journey,
                "paths": each.paths,
                "states": each.states,
                "seconds": round(each.seconds, 3),
                "violations": [_violation_as_json(violation) for violation in each.violations],
            }
            for each in report.journeys
        ],
        "together": [_violation_as_json(violation) for violation in report.together],
        "load": [
            {"lane": each.lane.value, "journey": each.journey, "mails_in_48h": round(each.mails, 3)}
            for each in report.loads
        ],
    }


def _violation_as_json(violation: Violation) -> dict[str, Any]:
    return {
        "rule": violation.rule,
        "journeys": list(violation.journeys),
        "line": violation.line,
        "wrong": violation.wrong,
        "remedy": violation.remedy,
        "path": None if violation.path is None else _path_as_json(violation.path),
        "more": violation.more,
    }


def _path_as_json(path: Path) -> dict[str, Any]:
    begins = path.branches[0].node.world.now.isoformat() if path.branches else None
    return {"begins": begins, "told": path.told, "timeline": list(path.timeline())}
