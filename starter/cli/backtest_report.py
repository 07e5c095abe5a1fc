"""A backtest as a person reads it: the figures, then examples, then what it cannot know."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from rehearsal.backtest.comparison import Difference, Kind, shift_of
from rehearsal.backtest.course import Course
from rehearsal.backtest.report import Report, Run
from rehearsal.backtest.totals import Totals
from starter.cli.tables import console
from workflows.vocabulary.words import at_minute, in_words

KINDS = {
    Kind.BEGINS: "Begin only now",
    Kind.BEGINS_NOT: "Begin no longer",
    Kind.ADDED: "Mails only now",
    Kind.REMOVED: "Mails only before",
    Kind.MOVED: "Mails at another time",
    Kind.OFFER: "Mails with another offer",
    Kind.OUTCOME: "Other outcomes",
}
"""Headings, in the order in which they are shown."""

SUPPOSED = "*"
"""Marks what shows only after the recording's end."""


def show_report(report: Report, *, examples: int) -> None:
    """Print it, with so many examples of each kind."""
    if report.begins is None or report.ends is None:
        console.print("The recording holds no events.")
        return
    versions = f", as of {report.against.version} and now" if report.against else ""
    console.print(
        Text.assemble(
            (f"{report.journey}{versions}", "bold"),
            f", over {_count(report.events, 'event')} of {_count(report.customers, 'customer')}\n"
            f"from {at_minute(report.begins)} to {at_minute(report.ends)}. Nothing was sent.\n",
        )
    )
    runs = [run for run in (report.against, report.run) if run is not None]
    _show_totals(runs)
    if report.against is None:
        _show_examples(report.run.courses, examples)
    else:
        _show_differences(report.differences, examples)
    _show_limits(report)


# -- figures -------------------------------------------------------------------------------------------------------


def _show_totals(runs: Sequence[Run]) -> None:
    table = _table("", *(run.version if len(runs) > 1 else "" for run in runs))
    for name, read in _FIGURES.items():
        table.add_row(Text(name), *(Text(read(run.totals)) for run in runs))
    _section(
        table,
        "Mails by step",
        runs,
        lambda totals: {each.step: (each.recorded, each.supposed) for each in totals.steps},
    )
    _section(table, "How they end", runs, _endings)
    _section(table, "Held back by the gate for", runs, lambda totals: {each.reason: each.mails for each in totals.held})
    _section(table, "Not sent because of", runs, lambda totals: {each.reason: each.mails for each in totals.dropped})
    console.print(table)


_FIGURES: dict[str, Callable[[Totals], str]] = {
    "Enrollments": lambda totals: f"{totals.enrollments:,} of {_count(totals.enrolled_customers, 'customer')}",
    "Mails": lambda totals: _both(totals.mails, totals.supposed_mails),
    "Most mails to one customer": lambda totals: str(totals.most_per_customer),
    "Busiest hour": lambda totals: (
        "-"
        if totals.busiest_hour is None
        else f"{at_minute(totals.busiest_hour)}: {_count(totals.busiest_mails, 'mail')}{_mark(totals.busiest_supposed)}"
    ),
}


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _both(recorded: int, supposed: int) -> str:
    """Mails within the recording and, marked, after it."""
    after = f"{supposed:,}{SUPPOSED}" if supposed else ""
    return " + ".join(filter(None, (f"{recorded:,}" if recorded or not supposed else "", after)))


def _endings(totals: Totals) -> dict[str, str]:
    return {
        f"{each.result}: {each.why}" if each.why else each.result: f"{each.enrollments:,}"
        + (f", revenue {each.revenue:,.2f}" if each.revenue else "")
        for each in totals.results
    }


def _section(table: Table, title: str, runs: Sequence[Run], read: Callable[[Totals], Mapping[str, object]]) -> None:
    """Rows of one kind: every name that any run has, `-` where one has not."""
    columns = [read(run.totals) for run in runs]
    names = dict.fromkeys(name for column in columns for name in column)
    if names:
        table.add_row("")
        table.add_row(Text(title, style="bold"))
    for name in names:
        table.add_row(Text(f"  {name}"), *(Text(_cell(column.get(name))) for column in columns))


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case (int(recorded), int(supposed)):
            return _both(recorded, supposed)
        case int():
            return f"{value:,}"
        case _:
            return str(value)


# -- examples ------------------------------------------------------------------------------------------------------


def _show_examples(courses: Sequence[Course], examples: int) -> None:
    """Some customers' ways, those with most to tell of each ending first."""
    chosen = _various(courses, examples)
    if not chosen:
        return
    console.print(Text("\nExamples", style="bold"))
    table = _table("when", "customer", "what", "why")
    for number, course in enumerate(chosen):
        if number:
            table.add_row("")
        table.add_row(at_minute(course.began_at), Text(course.customer), "begins", Text(course.began_with))
        for at, what, why in sorted(_happenings(course)):
            table.add_row(at_minute(at), "", Text(what), Text(why))
    console.print(table)


def _various(courses: Sequence[Course], most: int) -> list[Course]:
    """One of each ending in turn, so that a frequent one does not hide the others."""
    by_ending: dict[tuple[str, str, int], list[Course]] = {}
    for course in courses:
        by_ending.setdefault((course.result, course.why, len(course.mails)), []).append(course)
    chosen: list[Course] = []
    while len(chosen) < most and any(by_ending.values()):
        chosen += [each.pop(0) for each in by_ending.values() if each]
    return sorted(chosen[:most], key=lambda course: course.began_at)


def _happenings(course: Course) -> Iterable[tuple[datetime, str, str]]:
    for mail in course.mails:
        why = ", held: ".join((mail.because, *mail.held)) + (f", with {mail.offer}" if mail.offer else "")
        yield mail.at, f"{mail.template}{_mark(mail.supposed)}", why
    for unsent in course.unsent:
        yield unsent.at, f"not {unsent.template}{_mark(unsent.supposed)}", unsent.why
    if course.outcome is not None and course.ended_at is not None:
        revenue = f", revenue {course.outcome.revenue:,.2f}" if course.outcome.revenue else ""
        yield (
            course.ended_at,
            f"ends: {course.outcome.kind.value}{_mark(course.supposed)}",
            course.outcome.why + revenue,
        )


def _mark(supposed: bool) -> str:
    return SUPPOSED if supposed else ""


# -- differences ---------------------------------------------------------------------------------------------------


def _show_differences(differences: Sequence[Difference], examples: int) -> None:
    if not differences:
        console.print(Text("\nBoth versions do the same.", style="bold"))
        return
    counts = Counter(each.kind for each in differences)
    console.print(Text("\nWhat differs", style="bold"))
    for kind, heading in KINDS.items():
        if counts[kind]:
            console.print(f"  {heading}: {counts[kind]:,}{_moves(kind, differences)}", highlight=False)
    for kind, heading in KINDS.items():
        of_kind = [each for each in differences if each.kind is kind]
        if of_kind and examples:
            shown = "" if len(of_kind) <= examples else f" ({examples} of {len(of_kind):,})"
            console.print(Text(f"\n{heading}{shown}", style="bold"))
            _show_kind(of_kind[:examples])


def _show_kind(differences: Sequence[Difference]) -> None:
    moves = any(each.kind is Kind.MOVED for each in differences)
    table = _table("customer", "mail", "before", "now", *(["moved"] if moves else []), "why")
    for each in differences:
        table.add_row(
            Text(each.customer),
            Text(f"{each.mail or '-'}{_mark(each.supposed)}"),
            Text(at_minute(each.earlier_at) if each.earlier_at else each.earlier or "-"),
            Text(at_minute(each.later_at) if each.later_at else each.later or "-"),
            *([Text(_shift(each.moved))] if moves else []),
            Text(each.why),
        )
    console.print(table)


def _moves(kind: Kind, differences: Sequence[Difference]) -> str:
    """By how much mails moved at least and at most."""
    span = shift_of(differences) if kind is Kind.MOVED else None
    if span is None:
        return ""
    least, most = span
    return f", {_shift(least)}" if least == most else f", from {_shift(least)} to {_shift(most)}"


def _shift(moved: timedelta) -> str:
    return f"{in_words(abs(moved))} {'later' if moved > timedelta() else 'sooner'}"


# -- limits --------------------------------------------------------------------------------------------------------


def _show_limits(report: Report) -> None:
    supposed = any(run.totals.supposed_mails for run in (report.run, report.against) if run is not None)
    lines = [
        "",
        (
            "This is what people would have got who behave as they did: nobody in the recording answers a mail that "
            "was not sent. Mails of other journeys are not counted against the caps."
        ),
    ]
    if supposed:
        lines.append(f"{SUPPOSED} After the recording ends, if nothing more happens.")
    lines.append(
        "Only those count whom the recording gives an address, and a consent if the policy wants one (--strict)."
        if report.strict
        else "An address and consent are supposed where the recording tells of none; --strict requires them."
    )
    console.print(Text("\n".join(lines), style="dim"))


def _table(*columns: str) -> Table:
    table = Table(box=None, show_header=any(columns), header_style="bold", pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=number == 0)
    return table
