"""The record: what the database and the mailbox say has come of it, told to the timeline as it happens."""

from collections.abc import Sequence

from domain.enrollment import EnrollmentRow, Outcome
from domain.message import MessageStatus
from mail.recording import RecordingTransport
from rehearsal.stage.letters import Letter, NotSent, read_letters
from rehearsal.stage.playhouse import Playhouse
from rehearsal.stage.timeline import Timeline, What
from storage.ledger import LedgerRow
from storage.transitions import ENDED

_ACCEPTED = ": accepted by the mail server"
"""What the ledger adds to the reason of a mail that went."""


class Record:
    """Of one customer."""

    def __init__(self, house: Playhouse, transport: RecordingTransport, timeline: Timeline, customer: str) -> None:
        self._house, self._transport = house, transport
        self._timeline, self._customer = timeline, customer
        self._told: set[str] = set()
        self.messages: Sequence[LedgerRow] = ()
        """The ledger, as of the last `update`."""

    async def update(self, rows: Sequence[EnrollmentRow]) -> None:
        """Read the ledger again, and tell the timeline what is new of it and of the enrollments."""
        self.messages = await self._house.ledger(self._customer)
        for row in rows:
            self._tell_beginning(row)
        for message in self.messages:
            if message.status in ENDED and self._is_news(message.id):
                self._tell(message)
        for row in rows:
            self._tell_end(row)

    @property
    def sent(self) -> list[LedgerRow]:
        """The mails that were sent, in that order."""
        rows = [row for row in self.messages if row.status is MessageStatus.SENT]
        return sorted(rows, key=lambda row: row.sent_at or row.decided_at)

    @property
    def not_sent(self) -> list[NotSent]:
        """The mails that were not, or not yet."""
        rows = [row for row in self.messages if row.status is not MessageStatus.SENT]
        return [NotSent(template=row.template, status=row.status, reason=row.reason) for row in rows]

    @property
    def letters(self) -> list[Letter]:
        """What arrived."""
        templates = {row.message_id: row.template for row in self.messages if row.message_id is not None}
        return read_letters(self._transport.mails, templates)

    def _tell_beginning(self, row: EnrollmentRow) -> None:
        if self._is_news(f"{row.id} began"):
            self._timeline.note(row.started_at, What.BEGAN, row.occasion.name, journey=row.journey)

    def _tell(self, row: LedgerRow) -> None:
        is_sent = row.status is MessageStatus.SENT
        self._timeline.note(
            row.sent_at or row.decided_at,
            What.SENT if is_sent else What.DROPPED,
            row.reason.removesuffix(_ACCEPTED),
            template=row.template,
            subject=next((each.subject for each in self.letters if each.message_id == row.message_id), None),
            journey=row.journey,
        )

    def _tell_end(self, row: EnrollmentRow) -> None:
        if row.outcome is not None and row.ended_at is not None and self._is_news(f"{row.id} ended"):
            self._timeline.note(row.ended_at, What.ENDED, in_words(row.outcome), journey=row.journey)

    def _is_news(self, what: str) -> bool:
        news = what not in self._told
        self._told.add(what)
        return news


def in_words(outcome: Outcome) -> str:
    """An outcome in a line."""
    revenue = f", revenue {outcome.revenue:.2f}" if outcome.revenue else ""
    return f"{outcome.kind.value}: {outcome.why}{revenue}"
