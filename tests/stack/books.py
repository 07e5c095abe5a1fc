"""What became of everybody: the database and the inbox, read from outside of whoever writes them."""

import email
import email.policy
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from sqlmodel import func, select

from domain.enrollment import EnrollmentRow, Outcome
from domain.event import Event
from domain.message import MessageStatus
from starter.inbox.mailbox import Letter, Mailbox
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.ledger import Ledger, LedgerRow
from storage.permissions import Permissions
from storage.tables import EventRecord
from tests.stack.waiting import PATIENCE, until

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Books:
    """The books of one shop. Customers' addresses are `…@shop.example`."""

    def __init__(self, database: Database, mails: Path) -> None:
        self.database = database
        self._mails = mails

    async def enrollments(self, customer: str) -> list[EnrollmentRow]:
        """A customer's enrollments, oldest first."""
        async with self.database.read() as session:
            return await Enrollments(session).of_customer(customer)

    async def outcome(self, customer: str, journey: str, *, within: float = PATIENCE) -> Outcome:
        """How the customer's enrollment in a journey ended; waits for it."""

        async def look() -> Outcome | None:
            rows = [row for row in await self.enrollments(customer) if row.journey == journey]
            return rows[-1].outcome if rows else None

        found = await until(look, within=within)
        assert found is not None
        return found

    async def ledger(self, customer: str | None = None) -> Sequence[LedgerRow]:
        """The ledger's rows."""
        async with self.database.read() as session:
            return await Ledger(session).list(customer=customer)

    async def sent(self, customer: str) -> list[str]:
        """Templates of the mails that the ledger says were sent, in order."""
        return [row.template for row in await self.ledger(customer) if row.status is MessageStatus.SENT]

    async def opt_outs(self, customer: str) -> frozenset[str]:
        """Topics the customer is opted out of."""
        async with self.database.read() as session:
            return await Permissions(session).opt_outs(customer)

    async def events(self, customer: str) -> list[Event]:
        """Everything that is stored of a customer, oldest first."""
        async with self.database.read() as session:
            return [stored.event for stored in await EventStore(session).recent(customer, LONG_AGO)]

    async def count_events(self) -> int:
        """How many events are stored, of everybody."""
        async with self.database.read() as session:
            return (await session.exec(select(func.count()).select_from(EventRecord))).one()

    async def undelivered(self) -> tuple[int, int]:
        """How many events are pending, and how many parked."""
        async with self.database.read() as session:
            store = EventStore(session)
            return await store.count_pending(), await store.count_parked()

    async def all_delivered(self, *, within: float = PATIENCE) -> None:
        """Wait until no event is pending; none may be parked."""
        await until(self.undelivered, lambda found: found[0] == 0, within=within)
        assert await self.undelivered() == (0, 0)

    def letters(self, customer: str | None = None) -> list[Letter]:
        """Mails that have arrived, oldest first."""
        mailbox = Mailbox(self._mails)
        letters = [letter for name in mailbox.ids() if (letter := mailbox.letter(name))]
        return [letter for letter in letters if customer in (None, letter.to.split("@")[0])]

    def wire(self, letter: Letter) -> EmailMessage:
        """A mail as it came over the wire."""
        raw = Mailbox(self._mails).raw(letter.id)
        assert raw is not None
        return email.message_from_bytes(raw, policy=email.policy.default)

    async def letter(self, customer: str, number: int = 1, *, within: float = PATIENCE) -> Letter:
        """The customer's mail of that number, counted from 1; waits for it."""

        async def look() -> list[Letter]:
            return self.letters(customer)

        return (await until(look, lambda found: len(found) >= number, within=within))[number - 1]

    async def row_of(self, letter: Letter) -> LedgerRow:
        """The ledger's row of a mail; waits until the sending is recorded."""

        async def look() -> list[LedgerRow]:
            return [row for row in await self.ledger() if row.message_id == letter.message_id and row.sent_at]

        (row,) = await until(look)
        return row

    async def agree(self, *, within: float = PATIENCE) -> None:
        """The ledger and the inbox tell of the same mails, each once. Waits while one is on its way."""

        async def look() -> tuple[list[str], list[str]]:
            recorded = [row.message_id or "" for row in await self.ledger() if row.status is MessageStatus.SENT]
            return sorted(recorded), sorted(letter.message_id for letter in self.letters())

        _recorded, arrived = await until(look, lambda found: found[0] == found[1], within=within)
        assert sorted(set(arrived)) == arrived
