"""`segue sources`: what the shop finds out by itself, and when it looks again."""

from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from starter.cli.reach import AsJson, Data, reaching_sources
from starter.cli.tables import console, show
from starter.sources import SourceStatus

app = cyclopts.App(name="sources", help="List the scheduled sources: when each looks for customers, what it found.")

Name = Annotated[str, Parameter(help="Name of the source, e.g. lapsed.")]


@app.default
async def sources(*, data: Data = None, json: AsJson = False) -> None:
    """List the scheduled sources: when each last looked at all customers, what it found, when it looks again."""
    async with reaching_sources(data) as found:
        rows = [_whole(status) if json else _line(status) for status in await found.all()]
    show(rows, as_json=json, empty="There is no source.")


@app.command
async def run(name: Name, /, *, data: Data = None) -> None:
    """Let a source look now. What was found before is not found again."""
    async with reaching_sources(data) as found:
        await found.run(name)
    console.print(f"{name} looks now; `segue sources` tells what it finds.", highlight=False)


@app.command
async def pause(
    name: Name, /, *, reason: Annotated[str, Parameter(help="Why, for whoever looks.")] = "", data: Data = None
) -> None:
    """Let a source rest until it is resumed."""
    async with reaching_sources(data) as found:
        await found.pause(name, reason)
    console.print(f"{name} is paused; a look under way goes on to its end.", highlight=False)


@app.command
async def resume(name: Name, /, *, data: Data = None) -> None:
    """Let a paused source look again, at its next time."""
    async with reaching_sources(data) as found:
        await found.resume(name)
    console.print(f"{name} looks again at its next time.", highlight=False)


def _whole(status: SourceStatus) -> dict[str, Any]:
    return status.model_dump(mode="json")


def _line(status: SourceStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "finds": status.about,
        "state": f"{status.state}: {status.note}" if status.note else status.state,
        "last run": status.last_run,
        "looked at": status.looked_at,
        "found": status.found,
        "next run": status.next_run,
    }
