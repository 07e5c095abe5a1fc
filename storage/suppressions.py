"""Suppressions: what bars all mail to an address, or to a customer; and sunsets, which bar marketing.

A *suppression* is for all mail: to an address, whoever has it, and, unless that mailbox is merely gone, to whoever had
it as well. A *sunset* is the word of a journey that nobody answered: no more marketing until the customer returns.
What a mailbox keeps of refusals stands in the same table; see `storage.refusals`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, select, update

from domain.feedback import Happening
from domain.withdrawal import COMPLAINT, HARD_BOUNCE
from storage.mailboxes import Mailboxes
from storage.repository import Repository
from storage.salt import Salt, hashes_of, stored_salt
from storage.tables import CUSTOMERS, SUPPRESSIONS

ERASURE = "erasure"
"""Reason of the suppression of somebody who asked to be forgotten."""


_REASONS: Final = {Happening.BOUNCED_HARD: HARD_BOUNCE, Happening.COMPLAINED: COMPLAINT}

IN_FORCE = ~SUPPRESSIONS.c.sunset & SUPPRESSIONS.c.lifted_at.is_(None)
"""Rows that bar all mail now; sunsets, and what a mailbox keeps of refusals, bar marketing."""

WHATEVER_THE_ADDRESS = SUPPRESSIONS.c.email_hash.is_(None) | (SUPPRESSIONS.c.reason != HARD_BOUNCE)
"""A suppression bars its customer at every address. A mailbox that is gone says nothing about another one: that bars
whoever has the address, and them alone. A complaint is the word of whoever had the mail, wherever they read the next.
"""


class Suppressions(Repository):
    """Records and reads what bars mail."""

    async def suppress(self, customer: str, reason: str, at: datetime, source: str) -> None:
        """Send nothing more to the address that the customer has now, nor to the customer at any other.

        A hard bounce is of the address alone: at another one the customer gets mail. Reasons stand side by side, since
        one may be lifted; the first is told. Said again, a reason covers the address that they have got meanwhile.
        """
        mailboxes = Mailboxes(self.session)
        email = await mailboxes.of(customer)
        hashes = hashes_of(email, await Salt(self.session).get()) if email else ()
        if not await self._is_said(reason, hashes, customer):
            await mailboxes.hold([email])
            await self._say(reason, hashes, at, source, customer)

    async def suppress_address(self, address: str, happening: Happening, at: datetime, source: str) -> None:
        """Write no more to an address, whoever has it or will. Saying it again changes nothing; each reason stands."""
        await self._shut(hashes_of(address, await Salt(self.session).get()), happening, at, source)

    async def suppress_mailbox(self, email_hash: str, happening: Happening, at: datetime, source: str) -> None:
        """The same for an address of which the hash is known alone, as the ledger keeps it."""
        await self._shut([email_hash], happening, at, source)

    async def leave_behind(self, visitor: str, email: str | None) -> None:
        """Leave complaints of another address out of what a known customer takes over of a visitor.

        Visitors mistype addresses, and then strangers complain. Such an address stays shut, for whoever has it.

        Args:
            visitor: the id that was a visitor's.
            email: the address that the customer has, in its normal form.
        """
        strange = (SUPPRESSIONS.c.customer_id == visitor) & (SUPPRESSIONS.c.reason == COMPLAINT)
        strange &= SUPPRESSIONS.c.email_hash.is_not(None)
        if email:
            strange &= SUPPRESSIONS.c.email_hash.not_in(hashes_of(email, await Salt(self.session).find()))
        await self.execute(update(SUPPRESSIONS).where(strange).values(customer_id=None))

    async def suppress_for_erasure(self, customer: str, at: datetime, source: str) -> None:
        """Send nothing more to the customer, whatever else forbids it: this reason alone can be lifted later."""
        await self.suppress(customer, ERASURE, at, source)

    async def readmit(self, email: str, at: datetime) -> int:
        """Let mail go again to an address whose owner was erased, since they asked for it; how many were lifted.

        Other suppressions of the address, a bounce say, stay.
        """
        hashes = hashes_of(email, await Salt(self.session).find())
        theirs = SUPPRESSIONS.c.email_hash.in_(hashes) & (SUPPRESSIONS.c.reason == ERASURE)
        done = SUPPRESSIONS.c.customer_id.is_(None) & SUPPRESSIONS.c.lifted_at.is_(None)
        lifting = update(SUPPRESSIONS).where(theirs, done)
        return (await self.execute(lifting.values(lifted_at=at))).rowcount

    async def reason(self, customer: str) -> str | None:
        """Why nothing may go to the customer, or to the address they have now; None when it may. The first reason."""
        found = select(CUSTOMERS.c.email, stored_salt().label("salt")).where(CUSTOMERS.c.id == customer)
        row = (await self.execute(found)).one_or_none()
        theirs: ColumnElement[bool] = (SUPPRESSIONS.c.customer_id == customer) & WHATEVER_THE_ADDRESS
        if row is not None and row.email:
            theirs = or_(theirs, SUPPRESSIONS.c.email_hash.in_(hashes_of(row.email, row.salt)))
        return await self._first_reason(theirs)

    async def begin_sunset(self, customer: str, reason: str, at: datetime, source: str) -> None:
        """Send the customer no more marketing until they return. The first reason stays."""
        if await self.sunset(customer) is None:
            row = {"customer_id": customer, "reason": reason, "at": at, "source": source, "sunset": True}
            await self.execute(self.insert(SUPPRESSIONS), [row])

    async def sunset(self, customer: str) -> str | None:
        """Why a journey gave the customer up; None when none did, or they have returned since."""
        return (await self.execute(select(SUPPRESSIONS.c.reason).where(*_given_up(customer)))).scalar()

    async def end_sunset(self, customer: str, at: datetime) -> None:
        """The customer has returned: marketing may go again. That they were given up stays on record.

        A return that is reported late, from before they were given up, changes nothing.
        """
        before = SUPPRESSIONS.c.at <= at
        await self.execute(update(SUPPRESSIONS).where(*_given_up(customer), before).values(lifted_at=at))

    async def _first_reason(self, theirs: ColumnElement[bool]) -> str | None:
        first = select(SUPPRESSIONS.c.reason).where(theirs, IN_FORCE).order_by(SUPPRESSIONS.c.id)
        return (await self.execute(first)).scalar()

    async def _shut(self, hashes: Sequence[str], happening: Happening, at: datetime, source: str) -> None:
        reason = _REASONS[happening]
        if not await self._is_said(reason, hashes):
            await self._say(reason, hashes, at, source)

    async def _is_said(self, reason: str, hashes: Sequence[str], customer: str | None = None) -> bool:
        """Whether it is said already: of an address, by all that may stand for it; of one customer, or of anybody."""
        said = IN_FORCE & (SUPPRESSIONS.c.reason == reason)
        said &= SUPPRESSIONS.c.email_hash.in_(hashes) if hashes else SUPPRESSIONS.c.email_hash.is_(None)
        if customer is not None:
            said &= SUPPRESSIONS.c.customer_id == customer
        return (await self.execute(select(SUPPRESSIONS.c.id).where(said).limit(1))).first() is not None

    async def _say(
        self, reason: str, hashes: Sequence[str], at: datetime, source: str, customer: str | None = None
    ) -> None:
        """Record it, with the first of the hashes."""
        row = {"customer_id": customer, "email_hash": next(iter(hashes), None), "reason": reason}
        await self.execute(self.insert(SUPPRESSIONS), [row | {"at": at, "source": source}])


def _given_up(customer: str) -> tuple[ColumnElement[bool], ...]:
    mine = SUPPRESSIONS.c.customer_id == customer
    return mine, SUPPRESSIONS.c.sunset.is_(True), SUPPRESSIONS.c.lifted_at.is_(None)
