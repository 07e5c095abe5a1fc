"""`segue import`: reads customers, consents and past events in from files. Killed, it goes on when called again."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from starter.cli.reach import AsJson, Connected, Data, connected
from starter.cli.tables import show
from starter.imports.consents import ConsentImport
from starter.imports.customers import CustomerImport
from starter.imports.events import EventImport
from starter.imports.importing import Importer
from starter.imports.kind import Kind
from starter.imports.mistakes import MistakesFile, path_beside
from starter.lines import Lines
from starter.recipients.centre import topics_of
from storage.imports import ImportProgress, Imports
from workflows.catalogue import JOURNEYS

LISTED = 20
"""Imports that `segue import list` shows."""

app = cyclopts.App(name="import", help="Import customers, consents and past events from files; list what was imported.")

File = Annotated[str, Parameter(help="CSV or NDJSON, plain or gzip; - for standard input.", allow_leading_hyphen=True)]
Calls = Annotated[
    str, Parameter(help="NDJSON of Segment calls, plain or gzip; - for standard input.", allow_leading_hyphen=True)
]


@Parameter(name="*")
@dataclass(frozen=True)
class Options:
    """What all imports may be told."""

    strict: Annotated[bool, Parameter(negative="", help="Import nothing where any row is wrong.")] = False
    errors: Annotated[Path | None, Parameter(help="Where refused rows are told; default FILE.KIND.errors.csv.")] = None
    again: Annotated[bool, Parameter(negative="", help="From its first line, although it was imported before.")] = False
    data: Data = None


_AS_USUAL = Options()


@app.command
async def customers(file: File, /, *, options: Options = _AS_USUAL) -> None:
    """Import customers: id, email, first_name, timezone, locale, at, traits.…. What is known and newer stays."""
    await _import(lambda _: CustomerImport(), file, options)


@app.command
async def consent(file: File, /, *, options: Options = _AS_USUAL) -> None:
    """Import consents: id or email, topic, granted, source, at, wording. Without source and time it is none."""
    await _import(lambda _: ConsentImport(topics_of(JOURNEYS)), file, options)


@app.command
async def events(file: Calls, /, *, options: Options = _AS_USUAL) -> None:
    """Import past events: they count for facts, orders and intent, and begin or end no journey."""
    await _import(lambda found: EventImport(found.clock.paced), file, options)


@app.command(name="list")
async def list_(*, data: Data = None, json: AsJson = False) -> None:
    """List the latest imports, and how far each came."""
    async with connected(data) as found, found.database.read() as session:
        latest = await Imports(session).latest(LISTED)
    rows = [
        {
            "kind": each.kind,
            "begun": each.begun_at.isoformat(),
            "line": f"{each.line} of {each.lines}",
            "stored": each.stored,
            "unchanged": each.unchanged,
            "refused": each.refused,
            "finished": each.finished_at.isoformat() if each.finished_at else None,
        }
        for each in latest
    ]
    show(rows, as_json=json, empty="Nothing was imported yet.")


async def _import(kind_for: Callable[[Connected], Kind[Any]], file: str, options: Options) -> None:
    async with connected(options.data) as found:
        done = await _import_into(found, kind_for(found), file, options)
    print(f"{done.stored} stored, {done.unchanged} as they were, {done.refused} refused")
    if done.refused:
        sys.exit(1)


async def _import_into(found: Connected, kind: Kind[Any], file: str, options: Options) -> ImportProgress:
    source = None if file == "-" else Path(file)
    path = options.errors or path_beside(source, kind.name)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Lines(source) as lines, Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Importing {kind.name}", total=None)

        def tell(progress: ImportProgress) -> None:
            bar.update(task, completed=progress.line, total=progress.lines)

        began = time.monotonic()
        importer = Importer(
            found.database,
            found.clock,
            kind,
            lines,
            open_mistakes=lambda line: MistakesFile(path, keep_up_to=line),
            tell=tell,
        )
        done = await importer.run(strict=options.strict, again=options.again)
    if importer.was_done:
        print("This file was imported before, and nothing was done now: --again reads it in once more", file=sys.stderr)
        return done
    seconds = time.monotonic() - began
    if done.refused and path.exists():
        print(f"What was refused, and why: {path}", file=sys.stderr)
    print(f"{done.lines} lines in {seconds:.1f} s", file=sys.stderr)
    return done
