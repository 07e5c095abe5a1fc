"""`segue demo`: shoppers play against the real stack, and what they get is checked."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated

import structlog
from cyclopts import Parameter
from rich.live import Live

from logs import configure_logs
from settings import Settings, load_settings
from starter.cli.demo_report import board, introduce, judge, lines, tell
from starter.cli.tables import console
from starter.demo.expectations import Seen, check, too_late
from starter.demo.play import Play, StoryError
from starter.place import Place
from starter.stack import Stack, running_stack

_log = structlog.get_logger("segue.demo")

OPENING = time(6)
"""The play begins in the morning whenever it is played: what it shows must not depend on quiet hours tonight. It is
some hours later when the stack has started."""

PACE, BUSY_PACE = 3600.0, 1200.0
"""An hour a second; less where the machine is busy: mails would become stale before they go."""

LOG = "demo.log"
"""In the data folder. The terminal tells the story, and no more."""

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
    folder = Path(tempfile.mkdtemp(prefix="segue-demo-")) if data is None else data
    keeps = data is not None
    try:
        pace = pace or pace_for(os.getloadavg()[0] / (os.cpu_count() or 1))
        settings = load_settings(data=folder, port=0, ui_port=0, inbox_port=0, pace=pace)
        log = Place(folder).folder / LOG
        configure_logs(file=log)
        held = await _played(settings, log, keep=keep)
        if not held and not keeps:
            keeps = True
            console.print(f"Log and data of this play stay in {folder}, to look into.", highlight=False, soft_wrap=True)
    finally:
        if not keeps:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if held else 1)


async def _played(settings: Settings, log: Path, *, keep: bool) -> bool:
    """Play, and tell of it. Returns whether every expectation held."""
    start = datetime.combine(datetime.now(UTC).date(), OPENING, tzinfo=UTC)
    console.print("Starting Temporal, worker, collector, inbox and database …")
    try:
        async with running_stack(settings, start=start) as stack:
            _log.info("the play begins", pace=settings.pace)
            _where(stack, log)
            introduce(stack.clock.now(), settings.pace, keep=keep)
            expectations = check(seen := await _perform(stack))
            tell(seen, settings.shop.currency)
            if lost := [one.shopper.name for one in seen if one.is_lost]:
                console.print(f"It went wrong for {', '.join(lost)}, and ended there: other stories are unfinished.")
            if late := too_late(seen):
                slower = f"{max(settings.pace / 3, 1):g}"
                console.print(f"Too late to make sense: {', '.join(late)}. Perhaps --pace {slower} suits this machine.")
            held = judge(expectations)
            if keep:
                await _until_told(stack, log)
    except StoryError as error:
        print(f"segue: the play ended early. {error}", file=sys.stderr)
        return False
    return held


def pace_for(load: float) -> float:
    """The pace at which a machine of such a load, by core, keeps up."""
    return round(max(PACE / max(load / AT_EASE, 1.0), BUSY_PACE), -2)


async def _perform(stack: Stack) -> Sequence[Seen]:
    play = Play(stack)
    if not console.is_terminal:
        return await play.perform(lines())
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        return await play.perform(lambda seen: live.update(board(seen, stack.clock.now())))


def _where(stack: Stack, log: Path) -> None:
    where = stack.addresses
    parts = [("Temporal UI", where.ui), ("Inbox", where.inbox), ("Gallery", f"{where.inbox}/gallery")]
    for name, address in (*parts, ("Collector", where.collector), ("Log", str(log))):
        console.print(f"  {name:<12} {address}", highlight=False, soft_wrap=True)


async def _until_told(stack: Stack, log: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    console.print("\nLook around, and stop it with Ctrl-C:")
    _where(stack, log)
    await stop.wait()
