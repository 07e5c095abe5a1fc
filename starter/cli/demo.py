"""`segue demo`: shoppers play against the real stack, and what they get is checked."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from logging import WARNING
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.live import Live
from rich.table import Table
from rich.text import Text

from domain.message import MessageStatus
from logs import configure_logs
from settings import load_settings
from starter.cli.tables import console
from starter.demo.play import Expectation, Play, Seen, StoryError, check
from starter.stack import Stack, running_stack
from storage.ledger import LedgerRow
from workflows.vocabulary.words import in_words

OPENING = time(9)
"""The play begins in the morning whenever it is played: what it shows must not depend on quiet hours tonight."""


async def demo(
    *,
    pace: Annotated[float, Parameter(help="Product seconds per second.")] = 5400.0,
    data: Annotated[Path | None, Parameter(help="Keep the state in this folder; default: a temporary one.")] = None,
) -> None:
    """Play seven shoppers through cart recovery with time sped up, on the real parts, and check what each got.

    Starts Temporal with its UI, worker, collector, mail server, inbox and database, all on free ports. Exit status 0
    only if every expectation held.
    """
    configure_logs(level=WARNING)
    with tempfile.TemporaryDirectory(prefix="segue-demo-") as folder:
        settings = load_settings(data=data or Path(folder), port=0, ui_port=0, inbox_port=0, pace=pace)
        start = datetime.combine(datetime.now(UTC).date(), OPENING, tzinfo=UTC)
        console.print("Starting Temporal, worker, collector, inbox and database …")
        try:
            async with running_stack(settings, start=start) as stack:
                _introduce(stack)
                seen = await _perform(stack)
                expectations = check(seen)
                _tell(seen, stack)
        except StoryError as error:
            print(f"segue: the play ended early. {error}", file=sys.stderr)
            sys.exit(1)
        console.print("Everything is stopped.\n")
    _judge(expectations)
    sys.exit(0 if all(expectation.held for expectation in expectations) else 1)


async def _perform(stack: Stack) -> Sequence[Seen]:
    play = Play(stack)
    if not console.is_terminal:
        return await play.perform(_plainly())
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        return await play.perform(lambda seen: live.update(_board(seen, stack)))


def _introduce(stack: Stack) -> None:
    where = stack.addresses
    console.print(f"  Temporal UI  {where.ui}", highlight=False)
    console.print(f"  Inbox        {where.inbox}", highlight=False)
    console.print(f"  Collector    {where.collector}", highlight=False)
    console.print(
        f"\nSeven shoppers fill their carts at {stack.clock.now():%H:%M}. An hour passes in "
        f"{3600 / where.pace:.2g} s,\nso a second that this machine takes to think shows as "
        f"{in_words(timedelta(minutes=round(where.pace / 60)))}.\n",
        highlight=False,
    )


def _board(seen: Sequence[Seen], stack: Stack) -> Table:
    """The shoppers as they stand now."""
    table = Table(title=f"{stack.clock.now():%A %H:%M}", title_justify="left", box=None, pad_edge=False)
    for name in ("shopper", "now", "mails", "last"):
        table.add_column(name, no_wrap=name != "now")
    for one in seen:
        sent = [row.step for row in one.messages if row.status is MessageStatus.SENT]
        for status in one.enrollments[:1]:
            now = f"{status.outcome.kind.value}: {status.outcome.why}" if status.outcome else status.doing
            table.add_row(
                f"{one.shopper.name} ({one.shopper.does})",
                status.journey,
                Text(now),
                str(len(sent)),
                (sent or ["-"])[-1],
            )
    return table


def _plainly() -> Callable[[Sequence[Seen]], None]:
    """Where the output is no terminal: a line for each thing that happens."""
    told: set[str] = set()

    def watch(seen: Sequence[Seen]) -> None:
        mails = [(row.sent_at, one, row) for one in seen for row in one.messages if row.sent_at is not None]
        lines = [f"{at:%a %H:%M}  {one.shopper.name:<6} gets {row.template}" for at, one, row in sorted(mails, key=_at)]
        for one in seen:
            for status in one.enrollments:
                if status.outcome is not None:
                    ending = f"{status.journey} ended: {status.outcome.kind.value}, {status.outcome.why}"
                    lines.append(f"           {one.shopper.name:<6} {ending}")
        for line in lines:
            if line not in told:
                told.add(line)
                console.print(line, highlight=False)

    return watch


def _at(mail: tuple[datetime, Seen, LedgerRow]) -> datetime:
    return mail[0]


def _tell(seen: Sequence[Seen], stack: Stack) -> None:
    """Who got which mail, when and why."""
    console.print("\n[bold]Who got which mail, when and why[/]")
    for one in seen:
        console.print(f"\n{one.shopper.name} {one.shopper.does}")
        for row in one.messages:
            at = f"{row.sent_at or row.decided_at:%a %H:%M}"
            name = row.template if row.sent_at else f"{row.template} ({row.status.value})"
            console.print(f"  {at}  {name:<28} {row.reason.split(': ')[0]}", highlight=False, markup=False)
        if not one.messages:
            console.print(f"  nothing: {_why_nothing(one)}", highlight=False, markup=False)
    total = sum(row.status is MessageStatus.SENT for one in seen for row in one.messages)
    console.print(
        f"\n{total} mails, {stack.dispatcher.enrolled} enrollments, {stack.dispatcher.told} signals, "
        f"until {stack.clock.now():%A %H:%M}.",
        highlight=False,
    )


def _why_nothing(one: Seen) -> str:
    return "; ".join(status.outcome.why for status in one.enrollments if status.outcome)


def _judge(expectations: Sequence[Expectation]) -> None:
    for expectation in expectations:
        mark = "[green]✓[/]" if expectation.held else "[red]✗[/]"
        console.print(f"  {mark} {expectation.what}" + ("" if expectation.held else f" — {expectation.found}"))
    failed = sum(not expectation.held for expectation in expectations)
    verdict = "[bold green]Every expectation held.[/]" if not failed else f"[bold red]{failed} did not hold.[/]"
    console.print(f"\n{verdict}")
