"""`segue ingest`: reports a recording of Segment calls to the collector."""

import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from domain.clock import PacedClock
from domain.errors import InvalidEventError
from starter.cli.reach import Data, reach
from starter.client import SegueClient
from starter.recording import Line, Recording

AT_ONCE = 100
"""Calls in one request."""

FRESH_FOR = timedelta(hours=24)
"""Older events start no journey, unless its plan says otherwise (`Plan.fresh_for`)."""

SHOWN_ERRORS = 20
"""Errors printed; the rest is counted."""

_IN_BATCH = re.compile(r"batch\.\d+\.?")


@dataclass
class _Tally:
    accepted: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, number: int, error: InvalidEventError) -> None:
        # A line is one call, wherever in a request it went.
        field = _IN_BATCH.sub("", error.field)
        self.errors.append((number, f"line {number}: {field + ': ' if field else ''}{error.problem}"))


async def ingest(
    file: Annotated[
        str,
        Parameter(help="NDJSON of Segment calls, plain or gzip; - for standard input.", allow_leading_hyphen=True),
    ],
    /,
    *,
    shift: Annotated[
        bool, Parameter(negative="", help="Move the recording's times so that its newest call happens now.")
    ] = False,
    data: Data = None,
) -> None:
    """Report a recording of Segment calls. A line that is wrong is reported by its number and stops nothing.

    Calls keep their messageId, so a file may be ingested again: what is stored already counts once. Events that are
    older than a journey's freshness (a day) are stored and start nothing; --shift plays the recording as if it ended
    now. Exit status 1 when a line was refused.
    """
    _, reached = reach(data)
    tally = _Tally()
    began = time.monotonic()
    with Recording(None if file == "-" else Path(file)) as recording:
        async with SegueClient(reached.collector, reached.write_key) as client:
            lines = recording.lines()
            if shift:
                health = await client.health()
                lines = recording.shifted(health.now)
                lines = _in_real_time(lines, health.clock)
            await _report(client, lines, tally)
            newest = None if shift else await recording.newest()
    seconds = time.monotonic() - began
    print(f"{tally.accepted} events accepted in {seconds:.1f} s ({tally.accepted / max(seconds, 1e-9):.0f}/s)")
    if newest is not None and datetime.now(UTC) - newest > FRESH_FOR:
        print(f"Its newest event is of {newest:%Y-%m-%d}: too old to start a journey; see --shift")
    for _, line in sorted(tally.errors)[:SHOWN_ERRORS]:
        print(line, file=sys.stderr)
    if tally.errors:
        print(
            f"{len(tally.errors)} line{'s' * (len(tally.errors) != 1)} refused; nothing of it is stored",
            file=sys.stderr,
        )
        sys.exit(1)


async def _in_real_time(lines: AsyncIterator[Line], clock: PacedClock) -> AsyncIterator[Line]:
    """Say product moments as the real ones that the collector turns back into them."""
    async for line in lines:
        if line.call is not None and line.call.get("timestamp"):
            moment = clock.real(datetime.fromisoformat(line.call["timestamp"]))
            yield line._replace(call={**line.call, "timestamp": moment.isoformat()})
        else:
            yield line


async def _report(client: SegueClient, lines: AsyncIterator[Line], tally: _Tally) -> None:
    shown = (SpinnerColumn(), TextColumn("{task.completed} events"), TimeElapsedColumn())
    terminal = Console(stderr=True)
    with Progress(*shown, console=terminal, transient=True, disable=not terminal.is_terminal) as progress:
        task = progress.add_task("ingesting", total=None)
        batch: list[Line] = []
        async for line in lines:
            if line.error is not None:
                tally.refuse(line.number, line.error)
                continue
            batch.append(line)
            if len(batch) == AT_ONCE:
                await _send(client, batch, tally)
                progress.advance(task, len(batch))
                batch = []
        if batch:
            await _send(client, batch, tally)
            progress.advance(task, len(batch))


async def _send(client: SegueClient, batch: list[Line], tally: _Tally) -> None:
    """Send a batch; where a call in it is wrong, leave that one out and send the rest again."""
    while batch:
        try:
            await client.batch([line.call for line in batch if line.call is not None])
        except InvalidEventError as error:
            culprit = _culprit(error, batch)
            if culprit is None:
                raise
            tally.refuse(culprit.number, error)
            batch = [line for line in batch if line is not culprit]
        else:
            tally.accepted += len(batch)
            return


def _culprit(error: InvalidEventError, batch: list[Line]) -> Line | None:
    parts = error.field.split(".")
    if len(parts) > 1 and parts[0] == "batch" and parts[1].isdecimal() and int(parts[1]) < len(batch):
        return batch[int(parts[1])]
    return None
