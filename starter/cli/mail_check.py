"""What `segue check` says of mails."""

from typing import Any

from rich.padding import Padding
from rich.text import Text

from mail.lint.finding import Finding, Severity
from mail.lint.lint import LintReport
from starter.cli.tables import console


def tell_mails(report: LintReport) -> None:
    """Print how many mails were made, and every finding; errors come first."""
    number = f"{report.templates} template{'' if report.templates == 1 else 's'}"
    console.print(Text(f"\nFrom {number} {report.mails:,} mails were made, for all sample customers and languages."))
    for finding in (*report.errors, *report.advice):
        _tell(finding)


def _tell(finding: Finding) -> None:
    kind = ", advice" if finding.severity is Severity.ADVICE else ""
    console.print(Text(f"\n{finding.template}, in {finding.language!r}: {finding.rule}{kind}", style="bold"))
    samples = f", and {finding.more} more samples show" if finding.more > 1 else ", and one more shows"
    lines = (
        finding.wrong,
        f"  {finding.quoted}" if finding.quoted else "",
        f"Remedy: {finding.remedy}",
        f"Example: the sample {finding.sample}{f'{samples} the same' if finding.more else ''}.",
    )
    for line in filter(None, lines):
        console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))


def mails_as_json(report: LintReport) -> dict[str, Any]:
    """Write a report for programs."""
    return {
        "templates": report.templates,
        "rendered": report.mails,
        "findings": [
            {
                "severity": finding.severity.value,
                "rule": finding.rule,
                "template": finding.template,
                "language": finding.language,
                "wrong": finding.wrong,
                "quoted": finding.quoted,
                "remedy": finding.remedy,
                "sample": finding.sample,
                "more": finding.more,
            }
            for finding in report.findings
        ],
    }
