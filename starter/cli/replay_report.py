"""Prints what `segue replay` found."""

from collections.abc import Sequence

from rich.padding import Padding
from rich.text import Text

from starter.cli.tables import console, show
from starter.replay.finding import Verdict
from starter.replay.report import JourneyReport, Place, Report

_OUTCOMES = {
    Verdict.BREAKS: "would stand still",
    Verdict.MISREADS: "would take an answer for another one",
    Verdict.DIFFERS: "would go on, though the code has changed where they have passed",
}
_STANDING_STILL = (
    "An enrollment that stands still loses nothing: it sends nothing, keeps what it is told meanwhile, and goes on "
    "once code that fits is deployed. Remedy: keep the old way for those who are past the change, by `since`; see "
    "docs/write-a-journey.md, “Changing a journey that is running”."
)
_MISREADING = (
    "One that takes an answer for another one goes on, and may go the wrong way. The remedy is the same: ask the new "
    "question behind `since`."
)


def show_report(report: Report, notes: Sequence[str]) -> None:
    """Print a table of the journeys, the places where code and enrollments part, and what that means."""
    show([_row(each) for each in report.journeys], as_json=False, empty="No enrollment is running.")
    for journey in report.journeys:
        for place in journey.places:
            _show_place(journey, place)
    for note in notes:
        console.print(Text(f"\n{note}"))
    if report.running:
        console.print(Text(f"\n{_verdict(report)}", style="bold"))
    if report.breaks:
        console.print(Text(_STANDING_STILL))
    if report.misreads:
        console.print(Text(_MISREADING))


def counted(number: int) -> str:
    """Running enrollments, in words."""
    return f"{number:,} running enrollment{'' if number == 1 else 's'}"


def _row(report: JourneyReport) -> dict[str, int | str]:
    return {
        "journey": report.journey,
        "running": report.running,
        "fit": report.fits,
        "differ": report.differs,
        "misread": report.misreads,
        "break": report.breaks,
        "not asked": report.not_asked,
    }


def _show_place(journey: JourneyReport, place: Place) -> None:
    console.print(Text(f"\n{journey.journey}: {place.count:,} {_OUTCOMES[place.verdict]}", style="bold"))
    rest = place.count - len(place.examples)
    others = f" and {rest:,} more" if rest else ""
    for line in (place.words, f"{', '.join(place.examples)}{others}"):
        console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))


def _verdict(report: Report) -> str:
    counts = ((Verdict.BREAKS, report.breaks), (Verdict.MISREADS, report.misreads))
    troubles = [f"{count:,} {_OUTCOMES[verdict]}" for verdict, count in counts if count]
    if troubles:
        return f"Of {counted(report.running)}, {' and '.join(troubles)} under this code."
    return f"{counted(report.running)}: all go on under this code."
