"""How `segue demo` shows itself: the stage while it plays, a line for what happens, and the table at the end."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from rich.markup import escape
from rich.table import Table

from domain.enrollment import EnrollmentRow, OutcomeKind
from starter.cli.tables import console
from starter.demo.expectations import Expectation, Seen, how_it_stands, journeys_that_occurred
from starter.demo.play import LENGTH
from starter.demo.shoppers import SHOPPERS
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.words import in_words


def introduce(now: datetime, pace: float, *, keep: bool) -> None:
    """What is played, by whom, and how long it takes."""
    old = sum(bool(shopper.past) for shopper in SHOPPERS)
    told = [
        f"\nIt is {now:%A, %H:%M}. {len(SHOPPERS)} shoppers come in the course of the day.",
        f"{old} of them were there before, and are found by Temporal's Schedules.\n",
        *(f"  {shopper.name:<6} {shopper.does}" for shopper in SHOPPERS),
        f"\nAn hour passes in {3600 / pace:.2g} s, and the play takes some {LENGTH.total_seconds() / pace:.0f} s.",
        f"What this machine needs a second for shows as {in_words(timedelta(seconds=round(pace)))}.",
        *(() if keep else ("Then all of it is closed: `segue demo --keep` leaves it open to look around.",)),
        "",
    ]
    for line in told:
        console.print(line, highlight=False, soft_wrap=True)


def board(seen: Sequence[Seen], now: datetime) -> Table:
    """The shoppers as they stand now."""
    table = Table(title=f"{now:%A %H:%M}", title_justify="left", box=None, pad_edge=False)
    for name in ("shopper", "last mail", "journeys"):
        table.add_column(name, no_wrap=True, overflow="ellipsis", min_width=8)
    for one in seen:
        journeys = ", ".join(f"{row.journey} {how_it_stands(row)}" for row in one.enrollments)
        last = one.templates[-1] if one.sent else "-"
        table.add_row(one.shopper.name, last, journeys)
    return table


def lines() -> Callable[[Sequence[Seen]], None]:
    """Where the output is no terminal: a line for each thing that happens."""
    told: set[str] = set()

    def watch(seen: Sequence[Seen]) -> None:
        happened = [line for one in seen for line in _happened(one)]
        for at, line in sorted(happened):
            if line not in told:
                told.add(line)
                console.print(f"{at:%a %H:%M}  {line}", highlight=False, markup=False, soft_wrap=True)

    return watch


def _happened(one: Seen) -> list[tuple[datetime, str]]:
    name = f"{one.shopper.name:<6}"
    mails = [(row.sent_at or row.decided_at, f"{name} gets {row.template}") for row in one.sent]
    ends = [
        (row.ended_at, f"{name} leaves {row.journey}: {row.outcome.kind.value}, {row.outcome.why}")
        for row in one.enrollments
        if row.outcome is not None and row.ended_at is not None
    ]
    return mails + ends


def tell(seen: Sequence[Seen], currency: str) -> None:
    """Who was in which journey, what came of it, and which mails."""
    console.print("\n[bold]Who got which mails[/]")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("shopper", "journey", "mails, and when", "outcome"):
        table.add_column(name, overflow="fold")
    for one in seen:
        for number, row in enumerate(one.enrollments):
            name = one.shopper.name if number == 0 else ""
            table.add_row(name, row.journey, escape(_mails(one, row)), _outcome(row, currency))
    console.print(table, highlight=False)
    occurred = journeys_that_occurred(seen)
    mails = sum(len(one.sent) for one in seen)
    missing = ", ".join(sorted(JOURNEYS.keys() - set(occurred)))
    console.print(
        f"\n{mails} mails to {len(seen)} shoppers. {len(occurred)} of {len(JOURNEYS)} journeys occurred"
        + (f"; not {missing}." if missing else "."),
        highlight=False,
    )


def judge(expectations: Sequence[Expectation]) -> bool:
    """Every expectation, and the verdict. Returns whether all held."""
    console.print("\n[bold]What had to come of it[/]")
    for expectation in expectations:
        mark = "[green]✓[/]" if expectation.held else "[red]✗[/]"
        found = "" if expectation.held else f" — {expectation.found}"
        console.print(f"  {mark} {escape(expectation.what + found)}", highlight=False, soft_wrap=True)
    failed = sum(not expectation.held for expectation in expectations)
    held = f"Every expectation held: {len(expectations)} of {len(expectations)}."
    console.print(
        f"\n[bold green]{held}[/]" if not failed else f"\n[bold red]{failed} did not hold.[/]", highlight=False
    )
    return not failed


def _mails(one: Seen, enrollment: EnrollmentRow) -> str:
    mails = [row for row in one.sent if row.enrollment == enrollment.id]
    if not mails:
        kept = [row.reason.split(": ")[0] for row in one.messages if row.enrollment == enrollment.id]
        return f"none: {kept[-1]}" if kept else "none"
    told = [f"{row.sent_at:%a %H:%M} {row.step}" for row in mails if row.sent_at is not None]
    return ("\n" if console.is_terminal else ", ").join(told)


def _outcome(row: EnrollmentRow, currency: str) -> str:
    """In a few words: what it came to, or why it ended without."""
    if row.outcome is None:
        return how_it_stands(row)
    revenue = f", {row.outcome.revenue:g} {currency}" if row.outcome.revenue else ""
    why = f": {row.outcome.why}" if row.outcome.kind is OutcomeKind.EXITED else ""
    return f"{row.outcome.kind.value}{revenue}{why}"
