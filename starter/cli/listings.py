"""`segue messages` and `segue journeys`."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from domain.message import MessageStatus
from starter.cli.naming import refuse_unknown
from starter.cli.reach import AsJson, Data, operating
from starter.cli.tables import console, show
from starter.operations import JourneyStatus
from storage.ledger import LedgerRow

WIDE: Final = 160
"""Columns of a terminal from which on a journey is a line."""

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
    "id",
)
"""What others rely on in `segue messages --json`, in this order; times are ISO 8601 product time. `id` is the ledger's,
by which events of mail name it as `message`; `message_id` is the mail's header."""


async def messages(
    customer: Annotated[str | None, Parameter(help="Only this customer's.")] = None,
    /,
    *,
    journey: Annotated[str | None, Parameter(help="Only this journey's.")] = None,
    limit: Annotated[int | None, Parameter(help="Only the latest so many.", validator=Number(gte=1))] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List the ledger: every mail that was or was not sent, and why. The latest decision comes last."""
    async with operating(data) as operations:
        found = await operations.messages(customer=customer, journey=journey, limit=limit)
    refuse_unknown([journey], found)
    rows = [_whole(row) if json else _line(row) for row in found]
    show(rows, as_json=json, empty="No message was decided about yet.")


def _whole(row: LedgerRow) -> dict[str, Any]:
    dumped = row.model_dump(mode="json")
    return {name: dumped[name] for name in FIELDS}


def _line(row: LedgerRow) -> dict[str, Any]:
    """What fits into a line. The moment is when it went, or is to be tried again, or was given up."""
    waits = row.due_at if row.status is MessageStatus.DEFERRED else None
    return {
        "when": row.sent_at or waits or row.decided_at,
        "customer": row.customer,
        "mail": row.template,
        "status": row.status.value,
        "why": row.reason.split(": ")[0] if row.sent_at else row.reason,
    }


async def journeys(*, data: Data = None, json: AsJson = False) -> None:
    """List the deployed journeys: what starts each, what it is for, how many went through it."""
    columns: Sequence[str] | None = ("name", "starts_with", "goal", "counts", "held_back", "summary")
    async with operating(data) as operations:
        found = await operations.journeys()
    rows = [journey.model_dump(mode="json") for journey in found]
    if not json and console.width < WIDE:
        rows, columns = [briefly(journey) for journey in found], None
    show(rows, as_json=json, empty="No journey is deployed.", columns=columns)


def briefly(journey: JourneyStatus) -> dict[str, Any]:
    """What is known of a journey, for a narrow terminal: several lines, and three columns instead of six."""
    goal = f" → {journey.goal}" if journey.goal else ""
    held_back = f"held back: {journey.held_back}" if journey.held_back else ""
    about = (journey.summary.split(". ")[0].rstrip("."), f"{journey.starts_with}{goal}", held_back)
    return {
        "name": journey.name,
        "what it is for, and begins with": "\n".join(line for line in about if line),
        "so far": "\n".join(f"{count} {outcome}" for outcome, count in journey.counts.items()),
    }
