"""What may be sent to a customer: consents and opt-outs; for suppressions see `storage.suppressions`.

They differ in who says them. A *consent* is what a backend reports, granted or refused. An *opt-out* is
the recipient's own word, by a link of ours or as a backend reports it: no later consent lifts it, only the recipient.
Said of one customer, it holds for the mailbox: for whoever has the same address (`storage.mailboxes`). So whoever takes
permission away holds the mailbox: no mail is decided about meanwhile by what was known before.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.consent import standing
from domain.model import Instant, Value
from domain.profile import ALL_MARKETING
from storage.mailboxes import Mailboxes, shared_with
from storage.refusals import OPT_OUT, REFUSED, Refusal, Refusals, last_said
from storage.repository import Repository
from storage.tables import CONSENTS, OPT_OUTS


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
            await self.execute(self.insert(CONSENTS), rows)

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
            await self.execute(self.insert(CONSENTS), rows)
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
        same = (OPT_OUTS.c.customer_id == customer) & (OPT_OUTS.c.topic == topic) & (OPT_OUTS.c.source == source)
        if (await self.execute(select(OPT_OUTS.c.id).where(same, OPT_OUTS.c.lifted_at.is_(None)).limit(1))).first():
            return
        await Mailboxes(self.session).hold_of(customer)
        row = {"customer_id": customer, "topic": topic, "at": at, "source": source}
        await self.execute(self.insert(OPT_OUTS), [row])

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
        theirs = shared_with(OPT_OUTS.c.customer_id, customer)
        mine = theirs & (OPT_OUTS.c.topic == topic) & OPT_OUTS.c.lifted_at.is_(None)
        if said_by is not None:
            mine &= OPT_OUTS.c.source == said_by
        lifted = await self.execute(update(OPT_OUTS).where(mine).values(lifted_at=at, lifted_by=by))
        self._refusals.pop(customer, None)
        kept = said_by is None and await Refusals(self.session).lift(customer, topic, at)
        return lifted.rowcount > 0 or kept

    async def count_lifted(self, customer: str, topic: str, source: str) -> int:
        """How often a topic was refused in one place, and then wanted again."""
        mine = (OPT_OUTS.c.customer_id == customer) & (OPT_OUTS.c.topic == topic) & (OPT_OUTS.c.source == source)
        mine &= OPT_OUTS.c.lifted_at.is_not(None)
        return int((await self.execute(select(func.count()).select_from(OPT_OUTS).where(mine))).scalar_one())

    async def opt_outs(self, customer: str) -> frozenset[str]:
        """The topics the customer's mailbox is opted out of now; `*` is all marketing."""
        mine = shared_with(OPT_OUTS.c.customer_id, customer) & OPT_OUTS.c.lifted_at.is_(None)
        said = (await self.execute(select(OPT_OUTS.c.topic).where(mine))).scalars()
        return frozenset(said) | {each.topic for each in await self._kept(customer) if each.reason == OPT_OUT}

    async def opted_out(self, customer: str, topic: str) -> bool:
        """Whether the customer is opted out of the topic or of all marketing."""
        return not {topic, ALL_MARKETING}.isdisjoint(await self.opt_outs(customer))

    async def _kept(self, customer: str) -> list[Refusal]:
        """What somebody refused who was at the customer's address before, and is forgotten."""
        if customer not in self._refusals:
            self._refusals[customer] = await Refusals(self.session).at_mailbox_of(customer)
        return self._refusals[customer]

    async def newest(self, customers: Collection[str]) -> dict[tuple[str, str], Consent]:
        """What each customer said last of each topic."""
        return {(consent.customer, consent.topic): consent for consent in await self._log(customers)}

    async def _log(self, customers: Collection[str]) -> list[Consent]:
        statement = select(CONSENTS).where(CONSENTS.c.customer_id.in_(sorted(customers)))
        rows = await self.execute(statement.order_by(CONSENTS.c.at, CONSENTS.c.id))
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


def _says_more(consent: Consent, known: Consent) -> bool:
    """Whether it says otherwise, or proves the same by a wording that is not on record."""
    return consent.granted != known.granted or consent.wording not in (None, known.wording)


def _statement(consent: Consent) -> tuple[object, ...]:
    """What makes it another statement than any other."""
    return consent.customer, consent.topic, consent.granted, consent.at, consent.source


def _to_row(consent: Consent) -> dict[str, object]:
    row = consent.model_dump(exclude={"customer"})
    return row | {"customer_id": consent.customer}
