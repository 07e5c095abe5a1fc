"""`segue demo`: shoppers play against the real stack, and what they get is checked."""

import asyncio
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.live import Live

from logs import configure_logs
from settings import load_settings
from starter.cli.demo_report import board, judge, lines, tell
from starter.cli.tables import console
from starter.demo.expectations import Seen, check, too_late
from starter.demo.play import Play, StoryError
from starter.demo.shoppers import SHOPPERS
from starter.stack import Stack, running_stack
from workflows.vocabulary.words import in_words

OPENING = time(6)
"""The play begins in the morning whenever it is played: what it shows must not depend on quiet hours tonight. It is
some hours later when the stack has started."""


PACE, BUSY_PACE = 3600.0, 1200.0
"""An hour a second; less where the machine is busy: mails would become stale before they go."""

AT_EASE = 2.0
"""Processes that want a core, for each core there is, at which the machine still keeps up with the full pace."""


async def demo(
    *,
    pace: Annotated[float | None, Parameter(help="Product seconds per second; default: 3600, less when busy.")] = None,
    data: Annotated[Path | None, Parameter(help="Keep the state in this folder; default: a temporary one.")] = None,
    keep: Annotated[bool, Parameter(help="Keep everything running afterwards, until Ctrl-C.", negative="")] = False,
) -> None:
    """Play some days of a small shop with time sped up, on the real parts, and check what each shopper got.

    Starts Temporal with its UI, worker, collector, mail server, inbox and database, all on free ports. A small shop's
    shoppers meet all journeys. Exit status 0 only if every expectation held.
    """
    configure_logs(level=logging.WARNING)
    logging.getLogger("temporalio").setLevel(logging.ERROR)  # that the machine is slow, the demo tells by itself
    with tempfile.TemporaryDirectory(prefix="segue-demo-") as folder:
        pace = pace or pace_for(os.getloadavg()[0] / (os.cpu_count() or 1))
        settings = load_settings(data=data or Path(folder), port=0, ui_port=0, inbox_port=0, pace=pace)
        start = datetime.combine(datetime.now(UTC).date(), OPENING, tzinfo=UTC)
        console.print("Starting Temporal, worker, collector, inbox and database …")
        try:
            async with running_stack(settings, start=start) as stack:
                _introduce(stack)
                expectations = check(seen := await _perform(stack))
                tell(seen)
                judge(expectations)
                if lost := [one.shopper.name for one in seen if one.is_lost]:
                    console.print(
                        f"It went wrong for {', '.join(lost)}, and ended there: other stories are unfinished."
                    )
                if late := too_late(seen):
                    slower = f"{max(pace / 3, 1):g}"
                    console.print(
                        f"Too late to make sense: {', '.join(late)}. Perhaps --pace {slower} suits this machine."
                    )
                if keep:
                    await _until_told(stack)
        except StoryError as error:
            print(f"segue: the play ended early. {error}", file=sys.stderr)
            sys.exit(1)
    sys.exit(0 if all(expectation.held for expectation in expectations) else 1)


def pace_for(load: float) -> float:
    """The pace at which a machine of such a load, by core, keeps up."""
    return round(max(PACE / max(load / AT_EASE, 1.0), BUSY_PACE), -2)


async def _perform(stack: Stack) -> Sequence[Seen]:
    play = Play(stack)
    if not console.is_terminal:
        return await play.perform(lines())
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        return await play.perform(lambda seen: live.update(board(seen, stack.clock.now())))


def _introduce(stack: Stack) -> None:
    _where(stack)
    pace, old = stack.addresses.pace, sum(bool(shopper.past) for shopper in SHOPPERS)
    console.print(
        f"\nIt is {stack.clock.now():%A, %H:%M}. {len(SHOPPERS)} shoppers come in the course of the day; "
        f"{old} of them were there before, and are found\nby Temporal's Schedules. An hour passes in "
        f"{3600 / pace:.2g} s, so a second that this machine takes to think shows as "
        f"{in_words(timedelta(seconds=round(pace)))}.\n",
        highlight=False,
        soft_wrap=True,
    )


def _where(stack: Stack) -> None:
    where = stack.addresses
    parts = [("Temporal UI", where.ui), ("Inbox", where.inbox), ("Gallery", f"{where.inbox}/gallery")]
    for name, address in (*parts, ("Collector", where.collector)):
        console.print(f"  {name:<12} {address}", highlight=False, soft_wrap=True)


async def _until_told(stack: Stack) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    console.print("\nLook around, and stop it with Ctrl-C:")
    _where(stack)
    await stop.wait()
