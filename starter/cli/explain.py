"""`segue explain`: why a customer did, or did not, get each mail."""

from typing import Any

from domain.breaker import HELD_BACK
from domain.message import MessageStatus
from domain.warm_up import WARMING_UP
from starter.cli.enrollments import Customer, InJourney
from starter.cli.naming import refuse_unknown
from starter.cli.reach import AsJson, Data, operating
from starter.cli.tables import console, show, show_pairs
from storage.feedback import MessageFeedback
from storage.ledger import LedgerRow

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
    "reported",
)
"""What others rely on in `segue explain --json`, in this order; times are ISO 8601 product time. `reported` is when
each thing happened first to the mail after it was handed over, by its name."""

MEANINGS = {
    "closed": "somebody ended the journey for this customer: nothing of it goes any more",
    "exit event": "the customer did what ends the journey, an order say",
    "address": "there is nowhere to send it",
    "suppression": "nothing at all goes to the customer or their address, after a bounce, a complaint or an erasure",
    "backend": "only a page's public key has reported what the mail answers: it waits for a backend's word",
    "sunset": "a journey gave the customer up, and they have not come back",
    "opt-out": "the customer's own no, to this topic or to all marketing",
    "consent": "no consent is on record, none that counts, or it was refused (SEGUE_CONSENT; docs/integrate.md)",
    "lane": "a more important journey is open for the customer",
    "caps": "the customer has had as many mails as one gets in such a span (SEGUE_CAPS__…)",
    "own wish": "the customer asked for fewer mails",
    "pause": "the customer asked for a pause",
    "incentive": "an offer went out just before, and is left to work (SEGUE_COOL_DOWNS__INCENTIVE)",
    "silence": "what another journey said last was not answered (SEGUE_COOL_DOWNS__UNANSWERED, __IGNORED)",
    "in session": "the customer was in the shop just then (SEGUE_IN_SESSION)",
    "hours": "it is quiet where the customer lives, or outside the send windows (SEGUE_QUIET_FROM, SEGUE_WINDOWS)",
    "best hour": "the customer reads mail at another hour of the day",
    "staleness": "by the time it might go it would make no sense any more",
    WARMING_UP: "the sender is new, and so many mails a day are enough (SEGUE_WARM_UP)",
    HELD_BACK: "too many of the journey's mails bounced or were complained about: `segue rearm` lets it go on",
}
"""What each rule stands for, in a line."""

_VERDICTS = {
    MessageStatus.SENT: "sent",
    MessageStatus.UNKNOWN: "perhaps sent",
    MessageStatus.DEFERRED: "waits",
    MessageStatus.DROPPED: "not sent",
    MessageStatus.REFUSED: "refused",
    MessageStatus.HANDED_OVER: "being sent",
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
    """Tell of every mail to a customer whether it was sent, and why or why not; the latest decision comes last.

    Below stands what each rule means that held one back. When is when it was sent, else last decided about.
    """
    async with operating(data) as operations:
        found = await operations.messages(customer=customer, journey=journey)
        reported = await operations.reported(found)
    refuse_unknown([journey], found)
    told = [(row, _moments(reported.get(row.id))) for row in found]
    rows = [_whole(row, moments) if json else _line(row, moments) for row, moments in told]
    show(rows, as_json=json, empty=f"No mail to {customer} was decided about yet: see `segue status {customer}`.")
    rules = {row.rule for row in found if row.rule in MEANINGS}
    if rules and not json:
        console.print("\nWhat the rules mean (docs/gate.md, docs/operate.md):", highlight=False)
        show_pairs([(rule, meaning) for rule, meaning in MEANINGS.items() if rule in rules])


def _moments(reported: MessageFeedback | None) -> dict[str, str]:
    """When what was first reported of a mail, in the order in which it happened."""
    known = {} if reported is None else reported.model_dump(mode="json", exclude={"message", "customer_id"})
    moments = {name.removesuffix("_at").replace("_", " "): at for name, at in known.items() if at is not None}
    return dict(sorted(moments.items(), key=lambda moment: moment[1]))


def _whole(row: LedgerRow, moments: dict[str, str]) -> dict[str, Any]:
    known = row.model_dump(mode="json") | {"why": row.reason, "reported": moments}
    known["when"] = known["sent_at"] or known["decided_at"]
    return {name: known[name] for name in FIELDS}


def _line(row: LedgerRow, moments: dict[str, str]) -> dict[str, Any]:
    """One mail in a line. The moment is when it went, or when it was last decided about."""
    return {
        "when": row.sent_at or row.decided_at,
        "mail": f"{row.journey}: {row.step}",
        "status": _VERDICTS.get(row.status, "about to go"),
        "rule": row.rule,
        "why": f"{row.reason}; then {', '.join(moments)}" if moments else row.reason,
    }
