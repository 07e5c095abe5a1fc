"""`segue customers`: who is in a segment, a stage or a tier now, and why. Never an address."""

from contextlib import aclosing
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.text import Text

from domain.intent import Tier
from domain.message import Stage
from domain.segments import Segment
from domain.standing import Selection, Standing
from starter.cli.reach import AsJson, Data, operating
from starter.cli.tables import cell, console, show, show_pairs

COLUMNS = ("customer", "score", "tier", "stage", "segments", "why", "last_seen_at")
"""What others rely on in `segue customers --json`, in this order; there, `parts` explain the score beside them."""


async def customers(
    *,
    segment: Annotated[Segment | None, Parameter(help="Only in this segment.")] = None,
    stage: Annotated[Stage | None, Parameter(help="Only in this stage.")] = None,
    tier: Annotated[Tier | None, Parameter(help="Only in this tier of intent.")] = None,
    limit: Annotated[int, Parameter(help="At most so many.", validator=Number(gte=1))] = 50,
    after: Annotated[str, Parameter(help="Go on after this customer id.")] = "",
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List customers by where they stand now, in the order of their ids."""
    selection = Selection(segment=segment, stage=stage, tier=tier)
    found: list[Standing] = []
    async with operating(data) as operations, aclosing(operations.customers(selection, after=after)) as standings:
        async for standing in standings:
            found.append(standing)
            if len(found) > limit:
                break
    rows = [_row(standing, whole=json) for standing in found[:limit]]
    show(rows, as_json=json, empty="No customer is there.", columns=COLUMNS)
    if len(found) > limit and not json:
        console.print(Text(f"There are more: --after {found[limit - 1].customer}"))


def describe(standing: Standing) -> None:
    """Print where one customer stands, with the score's parts."""
    console.print(Text(standing.customer, "bold"))
    facts = {
        "stage": standing.stage.value,
        "segments": _listed(standing) or "none",
        "last seen": f"{cell(standing.last_seen_at)} UTC",
        "intent": f"{standing.intent.tier.value}, {standing.intent.why}",
    }
    show_pairs([*facts.items(), *((f"· {name}", text) for name, text in standing.intent.explained())])


def _row(standing: Standing, *, whole: bool) -> dict[str, Any]:
    intent = standing.intent
    row = {
        "customer": standing.customer,
        "score": intent.score,
        "tier": intent.tier.value,
        "stage": standing.stage.value,
        "segments": [segment.value for segment in standing.segments] if whole else _listed(standing),
        "why": intent.why,
        "last_seen_at": standing.last_seen_at.isoformat(),
    }
    return row | {"parts": [part.model_dump(mode="json") for part in intent.parts]} if whole else row


def _listed(standing: Standing) -> str:
    return ", ".join(standing.segments)
