"""What may be sent to a customer: consents, opt-outs, suppressions, sunsets.

Four things that differ in who says them. A *consent* is what a backend reports, granted or refused. An *opt-out* is
the recipient's own word, by a link of ours or as a backend reports it: no later consent lifts it, only the recipient.
Said of one customer, it holds for the mailbox: for whoever has the same address (`storage.mailboxes`). So whoever takes
leave away holds the mailbox: no mail is decided about meanwhile by what was known before.
A *suppression* is for all mail: to an address, whoever has it, and, unless that mailbox is merely gone, to whoever had
it as well. A *sunset* is the word of a journey that nobody answered: no more marketing until the customer returns.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.consent import standing
from domain.model import Instant, Value
from domain.profile import ALL_MARKETING
from domain.withdrawal import COMPLAINT, HARD_BOUNCE
from storage.mailboxes import Mailboxes, shared_with
from storage.refusals import OPT_OUT, REFUSED, Refusal, Refusals, last_said
from storage.repository import Repository
from storage.salt import Salt, hash_email, hashes_of, stored_salt
from storage.tables import ConsentRecord, CustomerRecord, OptOutRecord, SuppressionRecord, table_of

ERASURE = "erasure"
"""Reason of the suppression of somebody who asked to be forgotten."""

_CONSENTS = table_of(ConsentRecord)
_CUSTOMERS = table_of(CustomerRecord)
_OPT_OUTS = table_of(OptOutRecord)
_SUPPRESSIONS = table_of(SuppressionRecord)

WHATEVER_THE_ADDRESS = _SUPPRESSIONS.c.email_hash.is_(None) | (_SUPPRESSIONS.c.reason != HARD_BOUNCE)
"""A suppression bars its customer at every address. A mailbox that is gone says nothing about another one: that bars
whoever has the address, and them alone. A complaint is the word of whoever had the mail, wherever they read the next.
"""


class Consent(Value):
    """A customer agreed to a topic, or refused it. Topic `*` is all marketing; `source` tells where that was said."""

    customer: str
    topic: str
    granted: bool
    source: str
    at: Instant
    wording: str | None = None


class Permissions(Repository):
    """Records and reads what may be sent. One for each transaction: what was refused long ago is read once."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._refusals: dict[str, list[Refusal]] = {}

    async def record(self, consents: Sequence[Consent]) -> None:
        """Append to the log of consents. One that is older than the newest, or says nothing more, adds nothing."""
        newest = await self.newest({consent.customer for consent in consents})
        rows = []
        for consent in consents:
            key = (consent.customer, consent.topic)
            known = newest.get(key)
            if known is None or (consent.at >= known.at and _says_more(consent, known)):
                newest[key] = consent
                rows.append(_to_row(consent))
        if rows:
            await self.execute(self.insert(_CONSENTS), rows)

    async def record_past(self, consents: Sequence[Consent]) -> list[bool]:
        """Add to the log what was said at any time, each statement once; of each, whether it was not there yet.

        What counts is what was said last, whenever it is recorded.
        """
        there = {_statement(each) for each in await self._log({consent.customer for consent in consents})}
        are_new = []
        for consent in consents:
            are_new.append(_statement(consent) not in there)
            there.add(_statement(consent))
        rows = [_to_row(consent) for consent, is_new in zip(consents, are_new, strict=True) if is_new]
        if rows:
            await self.execute(self.insert(_CONSENTS), rows)
        return are_new

    async def consent(self, customer: str, topic: str) -> bool | None:
        """What was said last of the topic, else of all marketing; see `domain.consent.standing`."""
        newest = await self.newest({customer})
        kept = [each for each in await self._kept(customer) if each.reason == REFUSED]
        topical, general = (last_said(newest.get((customer, each)), kept, each) for each in (topic, ALL_MARKETING))
        return standing(topical, general)

    async def consents(self, customer: str) -> tuple[Consent, ...]:
        """Everything the customer ever agreed to or refused, oldest first."""
        return tuple(await self._log({customer}))

    async def opt_out(self, customer: str, topic: str, at: datetime, source: str) -> None:
        """Record that the customer wants no more of a topic. Each source says it for itself, and but once."""
        same = (_OPT_OUTS.c.customer_id == customer) & (_OPT_OUTS.c.topic == topic) & (_OPT_OUTS.c.source == source)
        if (await self.execute(select(_OPT_OUTS.c.id).where(same, _OPT_OUTS.c.lifted_at.is_(None)).limit(1))).first():
            return
        await Mailboxes(self.session).hold_of(customer)
        row = {"customer_id": customer, "topic": topic, "at": at, "source": source}
        await self.execute(self.insert(_OPT_OUTS), [row])

    async def lift_opt_out(
        self, customer: str, topic: str, at: datetime, by: str | None = None, said_by: str | None = None
    ) -> bool:
        """The recipient wants the topic again, in their mailbox. Old refusals stay on record. Whether there was one.

        Args:
            customer: whose.
            topic: `*` is all marketing.
            at: when they said so.
            by: the mail whose link was used, or the place.
            said_by: only a refusal of this source is taken back.
        """
        theirs = shared_with(_OPT_OUTS.c.customer_id, customer)
        mine = theirs & (_OPT_OUTS.c.topic == topic) & _OPT_OUTS.c.lifted_at.is_(None)
        if said_by is not None:
            mine &= _OPT_OUTS.c.source == said_by
        lifted = await self.execute(update(_OPT_OUTS).where(mine).values(lifted_at=at, lifted_by=by))
        self._refusals.pop(customer, None)
        kept = said_by is None and await Refusals(self.session).lift(customer, topic, at)
        return lifted.rowcount > 0 or kept

    async def count_lifted(self, customer: str, topic: str, source: str) -> int:
        """How often a topic was refused in one place, and then wanted again."""
        mine = (_OPT_OUTS.c.customer_id == customer) & (_OPT_OUTS.c.topic == topic) & (_OPT_OUTS.c.source == source)
        mine &= _OPT_OUTS.c.lifted_at.is_not(None)
        return int((await self.execute(select(func.count()).select_from(_OPT_OUTS).where(mine))).scalar_one())

    async def opt_outs(self, customer: str) -> frozenset[str]:
        """The topics the customer's mailbox is opted out of now; `*` is all marketing."""
        mine = shared_with(_OPT_OUTS.c.customer_id, customer) & _OPT_OUTS.c.lifted_at.is_(None)
        said = (await self.execute(select(_OPT_OUTS.c.topic).where(mine))).scalars()
        return frozenset(said) | {each.topic for each in await self._kept(customer) if each.reason == OPT_OUT}

    async def opted_out(self, customer: str, topic: str) -> bool:
        """Whether the customer is opted out of the topic or of all marketing."""
        return not {topic, ALL_MARKETING}.isdisjoint(await self.opt_outs(customer))

    async def suppress(self, customer: str, reason: str, at: datetime, source: str) -> None:
        """Send nothing more to the address that the customer has now, nor to the customer at any other.

        A hard bounce is of the address alone: at another one the customer gets mail. Reasons stand side by side, since
        one may be lifted; the first is told. Said again, a reason covers the address that they have got meanwhile.
        """
        mine = (_SUPPRESSIONS.c.customer_id == customer) & (_SUPPRESSIONS.c.reason == reason)
        in_force = ~_SUPPRESSIONS.c.sunset & _SUPPRESSIONS.c.lifted_at.is_(None)
        known = (await self.execute(select(_SUPPRESSIONS.c.email_hash).where(mine, in_force))).scalars().all()
        if await self._hash_of(customer) not in known:
            await self._suppress(customer, reason, at, source)

    async def leave_behind(self, visitor: str, email: str | None) -> None:
        """Leave complaints of another address out of what a known customer takes over of a visitor.

        Visitors mistype addresses, and then strangers complain. Such an address stays shut, for whoever has it.

        Args:
            visitor: the id that was a visitor's.
            email: the address that the customer has, in its normal form.
        """
        strange = (_SUPPRESSIONS.c.customer_id == visitor) & (_SUPPRESSIONS.c.reason == COMPLAINT)
        strange &= _SUPPRESSIONS.c.email_hash.is_not(None)
        if email:
            strange &= _SUPPRESSIONS.c.email_hash.not_in(hashes_of(email, await Salt(self.session).find()))
        await self.execute(update(_SUPPRESSIONS).where(strange).values(customer_id=None))

    async def suppress_for_erasure(self, customer: str, at: datetime, source: str) -> None:
        """Send nothing more to the customer, whatever else forbids it: this reason alone can be lifted later."""
        await self.suppress(customer, ERASURE, at, source)

    async def readmit(self, email: str, at: datetime) -> int:
        """Let mail go again to an address whose owner was erased, since they asked for it; how many were lifted.

        Other suppressions of the address, a bounce say, stay.
        """
        hashes = hashes_of(email, await Salt(self.session).find())
        theirs = _SUPPRESSIONS.c.email_hash.in_(hashes) & (_SUPPRESSIONS.c.reason == ERASURE)
        done = _SUPPRESSIONS.c.customer_id.is_(None) & _SUPPRESSIONS.c.lifted_at.is_(None)
        lifting = update(_SUPPRESSIONS).where(theirs, done)
        return (await self.execute(lifting.values(lifted_at=at))).rowcount

    async def suppression(self, customer: str) -> str | None:
        """Why nothing may go to the customer, or to the address they have now; None when it may. The first reason."""
        found = select(_CUSTOMERS.c.email, stored_salt().label("salt")).where(_CUSTOMERS.c.id == customer)
        row = (await self.execute(found)).one_or_none()
        theirs: ColumnElement[bool] = (_SUPPRESSIONS.c.customer_id == customer) & WHATEVER_THE_ADDRESS
        if row is not None and row.email:
            theirs = or_(theirs, _SUPPRESSIONS.c.email_hash.in_(hashes_of(row.email, row.salt)))
        return await self._first_reason(theirs)

    async def begin_sunset(self, customer: str, reason: str, at: datetime, source: str) -> None:
        """Send the customer no more marketing until they return. The first reason stays."""
        if await self.sunset(customer) is None:
            row = {"customer_id": customer, "reason": reason, "at": at, "source": source, "sunset": True}
            await self.execute(self.insert(_SUPPRESSIONS), [row])

    async def sunset(self, customer: str) -> str | None:
        """Why a journey gave the customer up; None when none did, or they have returned since."""
        return (await self.execute(select(_SUPPRESSIONS.c.reason).where(*_given_up(customer)))).scalar()

    async def end_sunset(self, customer: str, at: datetime) -> None:
        """The customer has returned: marketing may go again. That they were given up stays on record.

        A return that is reported late, from before they were given up, changes nothing.
        """
        before = _SUPPRESSIONS.c.at <= at
        await self.execute(update(_SUPPRESSIONS).where(*_given_up(customer), before).values(lifted_at=at))

    async def _first_reason(self, theirs: ColumnElement[bool]) -> str | None:
        in_force = ~_SUPPRESSIONS.c.sunset & _SUPPRESSIONS.c.lifted_at.is_(None)
        first = select(_SUPPRESSIONS.c.reason).where(theirs, in_force).order_by(_SUPPRESSIONS.c.id)
        return (await self.execute(first)).scalar()

    async def _suppress(self, customer: str, reason: str, at: datetime, source: str) -> None:
        await Mailboxes(self.session).hold_of(customer)
        row = {
            "customer_id": customer,
            "email_hash": await self._hash_of(customer),
            "reason": reason,
            "at": at,
            "source": source,
        }
        await self.execute(self.insert(_SUPPRESSIONS), [row])

    async def _hash_of(self, customer: str) -> str | None:
        """What is kept of the address that the customer has now."""
        email = (await self.execute(select(_CUSTOMERS.c.email).where(_CUSTOMERS.c.id == customer))).scalar()
        return hash_email(email, await Salt(self.session).get()) if email else None

    async def _kept(self, customer: str) -> list[Refusal]:
        """What somebody refused who was at the customer's address before, and is forgotten."""
        if customer not in self._refusals:
            self._refusals[customer] = await Refusals(self.session).at_mailbox_of(customer)
        return self._refusals[customer]

    async def newest(self, customers: Collection[str]) -> dict[tuple[str, str], Consent]:
        """What each customer said last of each topic."""
        return {(consent.customer, consent.topic): consent for consent in await self._log(customers)}

    async def _log(self, customers: Collection[str]) -> list[Consent]:
        statement = select(_CONSENTS).where(_CONSENTS.c.customer_id.in_(sorted(customers)))
        rows = await self.execute(statement.order_by(_CONSENTS.c.at, _CONSENTS.c.id))
        return [
            Consent(
                customer=row.customer_id,
                topic=row.topic,
                granted=row.granted,
                source=row.source,
                at=row.at,
                wording=row.wording,
            )
            for row in rows
        ]


def _given_up(customer: str) -> tuple[ColumnElement[bool], ...]:
    mine = _SUPPRESSIONS.c.customer_id == customer
    return mine, _SUPPRESSIONS.c.sunset.is_(True), _SUPPRESSIONS.c.lifted_at.is_(None)


def _says_more(consent: Consent, known: Consent) -> bool:
    """Whether it says otherwise, or proves the same by a wording that is not on record."""
    return consent.granted != known.granted or consent.wording not in (None, known.wording)


def _statement(consent: Consent) -> tuple[object, ...]:
    """What makes it another statement than any other."""
    return consent.customer, consent.topic, consent.granted, consent.at, consent.source


def _to_row(consent: Consent) -> dict[str, object]:
    row = consent.model_dump(exclude={"customer"})
    return row | {"customer_id": consent.customer}
