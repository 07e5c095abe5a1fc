"""Who holds a link: the message it was made for, and whom that message went to.

A link has its power from the mailbox that it lies in. Anybody may say, with a page's key, that a visitor is a customer
whose id they know, and then the visitor's mails are filed under that customer; a customer's former address may be
somebody else's by now. So a link opens what is the customer's only where its mail went to the address that they have.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import Clock
from domain.customer import Customer
from domain.errors import FormerMailboxError
from domain.event import Event, EventType
from domain.preferences import Choices
from storage.customers import Customers
from storage.erasures import Erasures
from storage.identities import Identities
from storage.ledger import Ledger, LedgerRow
from storage.mailboxes import Mailboxes
from storage.preferences import PreferenceLog
from storage.salt import Salt, hash_email


class Recipient(NamedTuple):
    """A message, its reader as they are known now, and what they chose."""

    row: LedgerRow
    customer: Customer
    choices: Choices
    is_at_home: bool
    """The mailbox it went to is the customer's now: the link opens whatever is theirs."""
    is_stranger: bool
    """It went to another mailbox, and came to the customer by a join: its reader says nothing in their name."""
    is_being_erased: bool
    """The customer's erasure waits for their journeys to end: pages say that, and nothing they offer would be kept."""

    @property
    def masked_address(self) -> str:
        """Enough of the address for its owner to know it, too little for whoever was forwarded the mail."""
        name, _, domain = (self.customer.email or "").partition("@")
        return f"{name[:1]}•••@{domain[:1]}…" if domain else ""

    def age(self, clock: Clock) -> timedelta:
        """How long ago the mail was handed over, in product time: however fast that runs, never less than it is."""
        row = self.row
        return clock.now() - (row.handed_over_at or row.sent_at or row.decided_at)

    def event(self, message_id: str, name: str, clock: Clock, **properties: str) -> Event:
        """Something the reader did on our pages."""
        return event_of(self.row, message_id, name, clock.now(), **properties)


def event_of(row: LedgerRow, message_id: str, name: str, at: datetime, /, **properties: Any) -> Event:
    """Something that was done by a link of a mail. Its properties name the message."""
    return Event(
        message_id=message_id,
        type=EventType.TRACK,
        name=name,
        user_id=row.customer,
        occurred_at=at,
        received_at=at,
        properties={"message": row.id, "journey": row.journey, "step": row.step, **properties},
    )


async def find_recipient(session: AsyncSession, message: str) -> Recipient:
    """The recipient of a message, for what only the customer's own mailbox may see or do.

    Raises:
        UnknownMessageError: the message is no longer there, and so nobody knows whose it was.
        UnknownCustomerError: whoever it went to has been erased.
        FormerMailboxError: it went to a mailbox that is not the customer's now.
    """
    return _at_home(await find_reader(session, message))


async def hold_recipient(session: AsyncSession, message: str) -> Recipient:
    """The same, with the customer kept from changing until the transaction ends; to be asked first in it.

    Raises as `find_recipient` does.
    """
    return _at_home(await hold_reader(session, message))


async def find_reader(session: AsyncSession, message: str) -> Recipient:
    """Whoever a message is filed under now, wherever it went: it may have gone to a stranger, who is known now.

    Raises:
        UnknownMessageError: the message is no longer there, and so nobody knows whose it was.
        UnknownCustomerError: whoever it went to has been erased.
    """
    row, customers = await Ledger(session).require(message), Customers(session)
    return await _reader(session, row, await customers.get(await customers.current(row.customer)))


async def hold_reader(session: AsyncSession, message: str) -> Recipient:
    """The same, with the customer kept from changing until the transaction ends; to be asked first in it.

    Raises as `find_reader` does. Whoever the message is a moment before may have been joined with somebody by then,
    or be erased. Their mailbox is held, too: what is said in it holds for whoever shares it.
    """
    await Identities(session).hold_shared()
    ledger, customers = Ledger(session), Customers(session)

    async def owner() -> str:
        return await customers.current((await ledger.require(message)).customer)

    held = await customers.hold_owner(owner)
    await Mailboxes(session).hold([held.email])
    return await _reader(session, await ledger.require(message), held)


async def counts_as_theirs(session: AsyncSession, row: LedgerRow) -> bool:
    """Whether what is done by the links of a mail is done by its customer, as far as one can tell.

    Of a mail that came by a join it is, where it went to the customer's own mailbox.
    """
    owner = await Customers(session).current(row.customer)
    if not row.inherited and owner == row.customer:
        return True
    known = (await Customers(session).load([owner])).get(owner)
    return known is not None and await _went_to(session, row, known) is True


async def _reader(session: AsyncSession, row: LedgerRow, customer: Customer) -> Recipient:
    is_inherited = row.inherited or customer.id != row.customer
    went_home = await _went_to(session, row, customer)
    return Recipient(
        row,
        customer,
        await PreferenceLog(session).choices(customer.id),
        is_at_home=not is_inherited if went_home is None else went_home,
        is_stranger=is_inherited and went_home is False,
        is_being_erased=await Erasures(session).of(customer.id) is not None,
    )


async def _went_to(session: AsyncSession, row: LedgerRow, customer: Customer) -> bool | None:
    """Whether a message went to the mailbox that the customer has now; None where its own is not known."""
    if row.address_hash is None:
        return None
    salt = await Salt(session).find()
    return bool(customer.email and salt) and row.address_hash == hash_email(customer.email or "", salt or "")


def _at_home(reader: Recipient) -> Recipient:
    if not reader.is_at_home:
        raise FormerMailboxError(reader.row.id)
    return reader
