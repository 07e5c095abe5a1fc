"""`segue explain`: why a customer did, or did not, get each mail."""

from typing import Any

from domain.message import MessageStatus
from starter.cli.enrollments import Customer, InJourney
from starter.cli.reach import AsJson, Data, operating
from starter.cli.tables import show
from storage.ledger import LedgerRow
from workflows.catalogue import journey_named

FIELDS = (
    "when",
    "journey",
    "step",
    "status",
    "rule",
    "why",
    "template",
    "enrollment",
    "decided_at",
    "due_at",
    "sent_at",
    "id",
)
"""What others rely on in `segue explain --json`, in this order; times are ISO 8601 product time."""

_VERDICTS = {
    MessageStatus.SENT: "sent",
    MessageStatus.UNKNOWN: "perhaps sent",
    MessageStatus.DEFERRED: "waits",
    MessageStatus.DROPPED: "not sent",
    MessageStatus.REFUSED: "not sent",
}
"""In words; whatever is claimed, and not at an end yet, is about to go."""


async def explain(
    customer: Customer,
    /,
    *,
    journey: InJourney = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Tell of every mail to a customer whether it was sent, and why or why not; the latest decision comes last."""
    async with operating(data) as operations:
        found = await operations.messages(customer=customer, journey=journey)
    if journey is not None and not found:
        journey_named(journey)  # a typing mistake is told; a journey that is no longer deployed may have messages
    rows = [_whole(row) if json else _line(row) for row in found]
    show(rows, as_json=json, empty=f"No mail to {customer} was decided about yet: see `segue status {customer}`.")


def _whole(row: LedgerRow) -> dict[str, Any]:
    known = row.model_dump(mode="json") | {"why": row.reason}
    known["when"] = known["sent_at"] or known["decided_at"]
    return {name: known[name] for name in FIELDS}


def _line(row: LedgerRow) -> dict[str, Any]:
    """One mail in a line. The moment is when it went, or when it was last decided about."""
    return {
        "when": row.sent_at or row.decided_at,
        "mail": f"{row.journey}: {row.step}",
        "status": _VERDICTS.get(row.status, "about to go"),
        "rule": row.rule,
        "why": row.reason,
    }
