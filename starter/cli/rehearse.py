"""`segue rehearse`: one customer plays through a journey with time skipped, and what would be sent is shown."""

import asyncio
import json as encoding
from datetime import datetime, timedelta
from logging import CRITICAL
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from domain.civil import find_zone
from domain.errors import ConfigurationError
from logs import configure_logs
from rehearsal.stage.facts import parse_fact
from rehearsal.stage.opening import ZONE, open_stage
from rehearsal.stage.performance import Performance, perform
from rehearsal.stage.script import Deed, parse_script
from rehearsal.stage.spans import parse_span, write_span
from rehearsal.stage.timeline import Entry, What
from settings import load_settings
from starter.cli.reach import AsJson
from starter.cli.tables import console
from workflows.catalogue import journey_named
from workflows.vocabulary import Journey

_SCRIPT = (
    'What happens, such as "click after 2h, purchase of 120 after 30h"; times count from the beginning. Possible are '
    f"{', '.join(deed.value for deed in Deed if deed is not Deed.EVENT)}, the events that end the journey by their "
    'names ("cart emptied"), and any other event by its name in quotes.'
)
_STYLES = {
    What.SENT: "bold green",
    What.HELD: "yellow",
    What.DROPPED: "red",
    What.HEARD: "cyan",
    What.IGNORED: "dim",
    What.WAITED: "dim",
    What.ENDED: "bold",
}


async def rehearse(
    journey: str,
    script: Annotated[str, Parameter(help=_SCRIPT, show_default=False)] = "",
    /,
    *,
    fact: Annotated[
        tuple[str, ...],
        Parameter(help='What a fact is to be, such as "first order=false".', negative="", show_default=False),
    ] = (),
    at: Annotated[str | None, Parameter(help='When it begins where the customer lives: "2026-03-02 20:30".')] = None,
    zone: Annotated[str, Parameter(help="Where the customer lives.")] = ZONE,
    lasting: Annotated[str, Parameter(name="--for", help='How long it may last: "40 days".')] = "400 days",
    json: AsJson = False,
) -> None:
    """Play one customer through a journey, and show what would be sent, when and why.

    The real workflow runs, with the real gate, templates and settings, on Temporal's test server, which skips time. No
    other journey takes part, and no mail leaves.
    """
    configure_logs(level=CRITICAL)  # what goes wrong with a mail stands in the timeline
    chosen = journey_named(journey)
    cues = parse_script(script, chosen.plan)
    facts = dict(map(parse_fact, fact))
    span = parse_span(lasting)
    start = _moment(at)
    if find_zone(zone) is None:
        raise ConfigurationError(f"--zone {zone}: give an IANA time zone, such as Europe/Berlin")
    try:
        async with open_stage(settings=load_settings(), start=start, zone=zone) as stage:
            stage.facts.update(facts)
            performance = await perform(stage, chosen, cues, at_most=span)
    except asyncio.CancelledError:
        # Ctrl-C. It ends the test server as well, whose end cancels us once more, and asyncio takes that for no Ctrl-C.
        raise KeyboardInterrupt from None
    if json:
        print(encoding.dumps(performance.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        show_performance(performance, chosen, lasting=span)


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"--at {text}: write it as 2026-03-02 20:30") from None


def show_performance(performance: Performance, journey: type[Journey], *, lasting: timedelta) -> None:
    """Print a timeline for people."""
    summary = (journey.__doc__ or "").strip().split("\n")[0]
    console.print(Text.assemble((performance.journey, "bold"), f" · {summary}"))
    console.print()
    console.print(_table(performance))
    console.print(_verdict(performance, lasting))


def _table(performance: Performance) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    narrow = ("after", performance.zone, "")
    for name in (*narrow, "mail", "why"):
        table.add_column(name, overflow="fold", no_wrap=name in narrow)
    before: Entry | None = None
    for entry in performance.timeline:
        same = before is not None and before.at == entry.at
        table.add_row(
            "" if same else write_span(entry.at),
            "" if same else f"{entry.local:%a %d %b, %H:%M}",
            Text(entry.what.value, style=_STYLES.get(entry.what, "")),
            entry.template or "",
            Text(_why(entry), style="dim" if entry.what in (What.WAITED, What.IGNORED) else ""),
        )
        before = entry
    return table


def _why(entry: Entry) -> str:
    """The reason, and for what takes time, until when."""
    why = f"with “{entry.why}”" if entry.what is What.BEGAN else entry.why.removeprefix("waiting ")
    if entry.what is What.WAITED and entry.until is not None:
        return f"{why}, until {entry.until:%a %H:%M}"
    return why


def _verdict(performance: Performance, lasting: timedelta) -> Text:
    count = len(performance.sent)
    mails = "1 mail" if count == 1 else f"{count or 'no'} mails"
    if performance.outcome is None:
        return Text(f"\nNot over after {write_span(lasting)}: {performance.doing}. {mails.capitalize()} so far.")
    after = write_span(next(entry.at for entry in performance.timeline if entry.what is What.ENDED))
    return Text(f"\n{performance.outcome.kind.value.capitalize()} after {after} with {mails}.", style="bold")
