"""`segue replay`: before a deploy, which of the enrollments that run now would go on under this code."""

import sys
from collections.abc import Iterator, Sequence
from json import dumps
from logging import CRITICAL
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from domain.enrollment import State
from domain.errors import SegueError
from logs import configure_logs
from starter.cli.naming import refuse_unknown
from starter.cli.reach import AsJson, Data, connect_to, reach
from starter.cli.replay_report import counted, show_report
from starter.replay.checkup import Checkup
from starter.replay.finding import Finding, Running
from starter.replay.interview import ANSWER_WITHIN
from starter.replay.report import Report, sum_up
from storage.database import Database
from storage.enrollments import Enrollments
from workflows.catalogue import JOURNEYS

_WHY_FEWER = (
    "The others began or ended just now, or were lost (`segue status` tells), or SEGUE_TEMPORAL names another server."
)


async def replay(
    *journeys: Annotated[str, Parameter(help="Names of journeys; without any, all that run.")],
    limit: Annotated[
        int | None, Parameter(help="Look at so many enrollments only, those that began last.", validator=Number(gte=1))
    ] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Hold every running enrollment against the code of this folder, and name those it would break.

    Run it with the new code while the old still runs. Each history is replayed, and each enrollment is asked what it
    has been through; nothing is changed. Exit status 1 when one would stand still, or take an answer for another one.
    """
    configure_logs(level=CRITICAL)  # what does not replay is told below, in plainer words
    settings, reached = reach(data)
    client = await connect_to(reached, settings)
    checkup = Checkup(client, JOURNEYS)
    total = await checkup.count(journeys)
    enrollments = await checkup.running(journeys, limit=limit)
    refuse_unknown(journeys, enrollments)
    report = sum_up(await _examine(checkup, enrollments), JOURNEYS)
    notes = [*_notes(report, total, limit), *await _not_listed(reached.database, journeys, total)]
    if json:
        print(dumps(report.model_dump(mode="json") | {"notes": notes}, indent=2, ensure_ascii=False))
    else:
        show_report(report, notes)
    if report.breaks or report.misreads:
        sys.exit(1)


async def _examine(checkup: Checkup, enrollments: Sequence[Running]) -> list[Finding]:
    terminal = Console(stderr=True)
    shown = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=terminal, transient=True, disable=not terminal.is_terminal) as progress:
        task = progress.add_task("replaying", total=len(enrollments))
        return await checkup.examine(enrollments, lambda _: progress.advance(task))


def _notes(report: Report, total: int, limit: int | None) -> Iterator[str]:
    """What has to be said beside the findings."""
    seen = report.running + report.ended
    if limit is not None and seen < total:
        yield f"Looked at {seen:,} of {total:,}, those that began last."
    if report.ended:
        yield f"Ended while they were looked at: {report.ended:,}."
    if report.not_asked:
        yield (
            f"{counted(report.not_asked)} could not be asked: no worker answered within "
            f"{ANSWER_WITHIN.total_seconds():g} s, or the code that runs cannot tell. Their histories were replayed "
            "all the same, which shows what breaks, and no other difference."
        )


async def _not_listed(url: str, names: Sequence[str], total: int) -> list[str]:
    """Whether the database has more running enrollments than Temporal, in a line."""
    database = Database(url)
    try:
        await database.check()
        async with database.read() as session:
            rows = await Enrollments(session).counts()
    except SegueError as error:  # perhaps this version's migration is still to come
        return [f"The enrollments in the database were not counted: {error}."]
    finally:
        await database.aclose()
    running = sum(row.count for row in rows if row.state is State.RUNNING and (not names or row.journey in names))
    if running <= total:
        return []
    return [f"The database has {running:,} running, and Temporal lists {total:,}. {_WHY_FEWER}"]
