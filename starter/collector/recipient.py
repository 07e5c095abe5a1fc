"""Who holds a link: the message it was made for, and whom that message went to."""

from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import Clock
from domain.customer import Customer
from domain.event import Event, EventType
from domain.preferences import Choices
from storage.customers import Customers
from storage.ledger import Ledger, LedgerRow
from storage.preferences import PreferenceLog


class Recipient(NamedTuple):
    """A message, its reader as they are known now, and what they chose."""

    row: LedgerRow
    customer: Customer
    choices: Choices

    @property
    def masked_address(self) -> str:
        """Enough of the address for its owner to know it, too little for whoever was forwarded the mail."""
        name, _, domain = (self.customer.email or "").partition("@")
        return f"{name[:1]}•••@{domain[:1]}…" if domain else ""

    def event(self, message_id: str, name: str, clock: Clock, **properties: str) -> Event:
        """Something the reader did on our pages. Its properties name the message."""
        now = clock.now()
        return Event(
            message_id=message_id,
            type=EventType.TRACK,
            name=name,
            user_id=self.row.customer,
            occurred_at=now,
            received_at=now,
            properties={"message": self.row.id, "journey": self.row.journey, "step": self.row.step, **properties},
        )


async def find_recipient(session: AsyncSession, message: str) -> Recipient:
    """The recipient of a message. It may have gone to somebody who was a stranger then, and is known now.

    Raises:
        UnknownMessageError: the message is no longer there, and so nobody knows whose it was.
        UnknownCustomerError: whoever it went to has been erased.
    """
    row = await Ledger(session).require(message)
    customers = Customers(session)
    known = await customers.get(await customers.resolve(user_id=row.customer) or row.customer)
    return Recipient(row, known, await PreferenceLog(session).choices(known.id))
