"""What became of messages after they were handed over, folded from the events that tell it.

An event tells of a message by its property `message`, the ledger's id. Providers' reports and our own links become such
events; so may a backend's. Of each kind the first moment counts, in whatever order they come.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from domain import event as names
from domain.basket import read_text
from domain.event import Event, EventType
from domain.feedback import REJECTED
from domain.message import MessageStatus
from domain.model import CustomerId, Instant, Value
from domain.withdrawal import is_soft_bounce
from storage.ledger import Ledger
from storage.repository import Repository
from storage.tables import FEEDBACK, MESSAGES

_COLUMNS: Final[Mapping[str, str]] = {
    names.EMAIL_DELIVERED: "delivered_at",
    names.EMAIL_DEFERRED: "deferred_at",
    names.EMAIL_OPENED: "opened_at",
    names.EMAIL_OPENED_BY_MACHINE: "machine_opened_at",
    names.EMAIL_LINK_CLICKED: "clicked_at",
    names.EMAIL_CLICKED_BY_MACHINE: "machine_clicked_at",
    names.EMAIL_BOUNCED: "bounced_at",
    names.EMAIL_COMPLAINED: "complained_at",
    names.UNSUBSCRIBED: "unsubscribed_at",
    names.EMAIL_REJECTED: "rejected_at",
}
_SOFT: Final = "soft_bounced_at"

_NEVER_ARRIVES: Final = frozenset({"bounced_at", "rejected_at"})

_MOMENTS: Final = (*_COLUMNS.values(), _SOFT)

_SAVE = (
    update(FEEDBACK)
    .where(FEEDBACK.c.message == bindparam("of_message"))
    .values({name: bindparam(f"new_{name}") for name in _MOMENTS})
)


class MessageFeedback(Value):
    """A message's row: when each thing first happened to it, as far as it was reported."""

    message: str
    customer_id: CustomerId
    delivered_at: Instant | None = None
    deferred_at: Instant | None = None
    opened_at: Instant | None = None
    machine_opened_at: Instant | None = None
    clicked_at: Instant | None = None
    machine_clicked_at: Instant | None = None
    soft_bounced_at: Instant | None = None
    bounced_at: Instant | None = None
    complained_at: Instant | None = None
    unsubscribed_at: Instant | None = None
    rejected_at: Instant | None = None


class Feedback(Repository):
    """Writes and reads what became of messages."""

    async def get(self, message: str) -> MessageFeedback | None:
        """What is known of a message; None when nothing was reported yet."""
        return (await self._load([message])).get(message)

    async def note(self, events: Sequence[Event]) -> None:
        """Fold new events. Those of messages that are not in the ledger tell nothing; the others are of its customer.

        Nor do those of pages: anybody may report them, and links tell ids of messages.

        A message of which it was not known whether it went out is settled by what shows that it did, or never will.
        """
        told: dict[str, dict[str, datetime]] = {}
        for event in events:
            column, message = _column(event), read_text(event.properties.get("message"))
            if column is None or not message:
                continue
            first = told.setdefault(message, {})
            first[column] = min(event.occurred_at, first.get(column, event.occurred_at))
        if not told:
            return
        columns = (MESSAGES.c.id, MESSAGES.c.customer_id)
        rows = select(*columns).where(MESSAGES.c.id.in_(sorted(told))).order_by(MESSAGES.c.id)
        found = await self.execute(rows.with_for_update() if self.is_postgresql else rows)
        # Whomever the event is told of: what became of a mail is told of whom it went to.
        known = {row.id: row.customer_id for row in found}
        if known:
            await self._save({message: told[message] for message in known}, known)
        for message in known:
            await self._settle(message, told[message])

    async def _save(self, told: Mapping[str, Mapping[str, datetime]], whose: Mapping[str, str]) -> None:
        blank = [{"message": message, "customer_id": whose[message]} for message in told]
        await self.execute(self.insert(FEEDBACK).on_conflict_do_nothing(index_elements=["message"]), blank)
        before = await self._load([*told])
        rows: list[dict[str, Any]] = []
        for message, moments in told.items():
            row: dict[str, Any] = {"of_message": message}
            for name in _MOMENTS:
                said = (getattr(before[message], name), moments.get(name))
                row[f"new_{name}"] = min((moment for moment in said if moment is not None), default=None)
            rows.append(row)
        await self.execute(_SAVE, rows)

    async def _settle(self, message: str, moments: Mapping[str, datetime]) -> None:
        failed = _NEVER_ARRIVES.intersection(moments)
        # A server that takes a mail and returns it later has had it: both may come at once, in either order.
        status = MessageStatus.REFUSED if failed and "delivered_at" not in moments else MessageStatus.SENT
        what = min(failed or moments).removesuffix("_at").replace("_", " ")
        await Ledger(self.session).settle(message, status, f"reported as {what}")

    async def _load(self, messages: Sequence[str]) -> dict[str, MessageFeedback]:
        rows = await self.execute(select(FEEDBACK).where(FEEDBACK.c.message.in_(messages)))
        return {row["message"]: MessageFeedback.model_validate(dict(row)) for row in rows.mappings()}


def _column(event: Event) -> str | None:
    if event.type is not EventType.TRACK or event.public:
        return None
    if event.name in _COLUMNS and event.properties.get(REJECTED) is True:
        return _COLUMNS[names.EMAIL_REJECTED]
    return _SOFT if is_soft_bounce(event) else _COLUMNS.get(event.name)
