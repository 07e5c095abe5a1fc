"""`segue backtest`: a journey over recorded events, without sending, and the difference to an earlier version."""

import json as json_format
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from domain.errors import InvalidEventError
from domain.event import Event
from rehearsal.backtest.events import read_call
from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.report import backtest as run_backtest
from rehearsal.backtest.versions import journey_at
from settings import load_settings
from starter.cli.backtest_report import show_report
from starter.cli.reach import AsJson
from starter.recording import Recording
from workflows.catalogue import journey_named

SHOWN_ERRORS = 20
"""Lines that could not be read and are printed; the rest is counted."""


async def backtest(
    journey: Annotated[str, Parameter(help="The journey's name, see `segue journeys`.")],
    /,
    *,
    events: Annotated[
        str, Parameter(help="NDJSON of Segment calls, plain or gzip; - for standard input.", allow_leading_hyphen=True)
    ],
    against: Annotated[
        str | None, Parameter(help="Compare with the journey as of this git ref, e.g. HEAD or main~3.")
    ] = None,
    strict: Annotated[
        bool, Parameter(negative="", help="Mail only whom the recording gives an address and a consent.")
    ] = False,
    examples: Annotated[int, Parameter(help="Examples of each kind.", validator=Number(gte=0))] = 5,
    json: AsJson = False,
) -> None:
    """Show who would have got what, when and why, had a journey run over recorded events. Nothing is sent.

    Needs no stack: events are folded and the journey is run in memory, by the deployment's settings (caps, quiet
    hours, offers, SEGUE_JOURNEYS). One journey at a time. Exit status 1 when a line could not be read.
    """
    deployed = journey_named(journey)
    settings = load_settings()
    rules = Rules(policy=settings.gate_policy, thresholds=settings.thresholds, offers=settings.offers, strict=strict)
    earlier = None if against is None else (against, journey_at(against, journey))
    calls, refused = await _read(events)
    changed = settings.journeys.get(journey)
    report = run_backtest(deployed, History(calls), rules, settings=changed, against=earlier)
    if json:
        print(json_format.dumps(report.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        show_report(report, examples=examples)
    _complain(refused)


async def _read(file: str) -> tuple[list[Event], list[str]]:
    """The events of a recording, and what is wrong with its other lines."""
    events: list[Event] = []
    refused: list[str] = []
    with Recording(None if file == "-" else Path(file)) as recording:
        async for line in recording.lines():
            try:
                if line.error is not None:
                    raise line.error
                events.append(read_call(line.call or {}))
            except InvalidEventError as error:
                refused.append(f"line {line.number}: {error}")
    return events, refused


def _complain(refused: list[str]) -> None:
    for line in refused[:SHOWN_ERRORS]:
        print(line, file=sys.stderr)
    if refused:
        print(f"{len(refused)} line{'s' * (len(refused) != 1)} left out", file=sys.stderr)
        sys.exit(1)
