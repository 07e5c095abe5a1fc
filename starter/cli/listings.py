"""`segue messages` and `segue journeys`."""

from typing import Annotated

from cyclopts import Parameter

from starter.cli.reach import AsJson, Data, operating
from starter.cli.tables import show

FIELDS = (
    "customer",
    "journey",
    "step",
    "template",
    "status",
    "reason",
    "decided_at",
    "due_at",
    "sent_at",
    "message_id",
)
"""What others rely on in `segue messages --json`, in this order; times are ISO 8601 product time."""

_COLUMNS = ("customer", "journey", "step", "status", "reason", "due_at", "sent_at")


async def messages(
    customer: Annotated[str | None, Parameter(help="Only this customer's.")] = None,
    /,
    *,
    journey: Annotated[str | None, Parameter(help="Only this journey's.")] = None,
    limit: Annotated[int | None, Parameter(help="Only the latest so many.")] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List the ledger: every mail that was or was not sent, and why. The latest decision comes last."""
    async with operating(data) as operations:
        found = await operations.messages(customer=customer, journey=journey, limit=limit)
    rows = [row.model_dump(mode="json") for row in found]
    shown = [{name: row[name] for name in FIELDS} for row in rows]
    show(shown, as_json=json, empty="No message was decided about yet.", columns=_COLUMNS)


async def journeys(*, data: Data = None, json: AsJson = False) -> None:
    """List the deployed journeys: what starts each, what it is for, how many went through it."""
    async with operating(data) as operations:
        found = await operations.journeys()
    rows = [journey.model_dump(mode="json") for journey in found]
    show(
        rows,
        as_json=json,
        empty="No journey is deployed.",
        columns=("name", "starts_with", "goal", "counts", "summary"),
    )
