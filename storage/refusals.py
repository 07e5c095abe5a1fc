"""Refusals that a mailbox keeps: whoever said no there is forgotten for their age, or has another address by now.

Kept of them are the salted hash of the mailbox, the topic, when it was said and by whom. They stand among the
suppressions, with a topic, and bar no more than marketing about it. Whoever comes back with the address is bound by
them until they say otherwise: an opt-out is lifted by its recipient alone, a refused consent by a later one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

from domain.consent import Said
from domain.model import Instant, Value
from storage.mailboxes import Mailboxes
from storage.repository import Repository
from storage.salt import Salt, hash_email
from storage.tables import OPT_OUTS, SUPPRESSIONS

OPT_OUT: Final = "opt-out"
"""The recipient's own word."""

REFUSED: Final = "consent refused"
"""As a backend reported it."""

SOURCE: Final = "retention"

LEFT: Final = "address left"
"""Source of what somebody refused who went elsewhere."""

_IN_FORCE = SUPPRESSIONS.c.topic.is_not(None) & SUPPRESSIONS.c.lifted_at.is_(None)


class Refusal(Value):
    """Said of marketing about a topic; `*` is all of it."""

    topic: str
    at: Instant
    reason: str
    """`OPT_OUT` or `REFUSED`."""

    @property
    def granted(self) -> bool:
        """Never: as `domain.consent.Said`."""
        return False

    def says_the_same(self, other: "Refusal") -> bool:
        """Whether either is enough. When an opt-out was said matters to nothing; a consent is refused until later."""
        return self == other or (self.reason, self.topic, OPT_OUT) == (other.reason, other.topic, other.reason)


def last_said(consent: Said | None, kept: Iterable[Refusal], topic: str) -> Said | None:
    """What was said last of a topic: by a customer, or by whoever had their address before them and is forgotten."""
    said: list[Said] = [*(each for each in kept if each.topic == topic), *([consent] if consent else [])]
    return max(said, key=lambda each: each.at, default=None)


class Refusals(Repository):
    """Keeps and reads them, by addresses in their normal form."""

    async def said_by(self, mailboxes: Mapping[str, str]) -> dict[str, list[Refusal]]:
        """The opt-outs in force that customers said themselves, for the mailbox that each is taken to have."""
        said: dict[str, list[Refusal]] = defaultdict(list)
        mine = OPT_OUTS.c.customer_id.in_(sorted(mailboxes)) & OPT_OUTS.c.lifted_at.is_(None)
        for row in await self.execute(select(OPT_OUTS).where(mine).order_by(OPT_OUTS.c.at)):
            said[mailboxes[row.customer_id]].append(Refusal(topic=row.topic, at=row.at, reason=OPT_OUT))
        return said

    async def leave(self, customer: str, email: str) -> None:
        """Keep the customer's opt-outs at an address that is theirs no more. They hold for the customer as well.

        Both are held by the caller (`storage.locks`): nobody decides meanwhile by what was known before.
        """
        if said := await self.said_by({customer: email}):
            await self.keep(said, LEFT)

    async def keep(self, said: Mapping[str, Iterable[Refusal]], source: str = SOURCE) -> None:
        """Keep what was refused at each address. What is kept there already is not kept twice."""
        known = await self.of(said)
        salt = await Salt(self.session).get()
        rows = {
            (email, refusal.topic, refusal.reason): {
                "email_hash": hash_email(email, salt),
                "reason": refusal.reason,
                "source": source,
                "at": refusal.at,
                "sunset": True,  # for processes that know no topics yet: it is no suppression
                "topic": refusal.topic,
            }
            for email, refusals in said.items()
            for refusal in refusals
            if not any(map(refusal.says_the_same, known.get(email, ())))
        }
        if rows:
            await self.execute(self.insert(SUPPRESSIONS), [*rows.values()])

    async def of(self, emails: Collection[str]) -> dict[str, list[Refusal]]:
        """What is refused at each of several addresses; where nothing is, it is left out."""
        salt = await Salt(self.session).find() if emails else None
        if salt is None:
            return {}
        hashes = {hash_email(email, salt): email for email in emails}
        found: dict[str, list[Refusal]] = defaultdict(list)
        theirs = SUPPRESSIONS.c.email_hash.in_(sorted(hashes))
        for row in await self.execute(select(SUPPRESSIONS).where(theirs, _IN_FORCE)):
            refusal = Refusal(topic=row.topic, at=row.at, reason=row.reason)
            found[hashes[row.email_hash]].append(refusal)
        return dict(found)

    async def at_mailbox_of(self, customer: str) -> list[Refusal]:
        """What is refused at the address that a customer has now."""
        email = await Mailboxes(self.session).of(customer)
        return (await self.of([email])).get(email, []) if email else []

    async def lift(self, customer: str, topic: str, at: datetime) -> bool:
        """The recipient wants the topic again, at the address that they have now. Whether they had refused it."""
        email = await Mailboxes(self.session).of(customer)
        salt = await Salt(self.session).find()
        if not email or salt is None:
            return False
        theirs = (SUPPRESSIONS.c.email_hash == hash_email(email, salt)) & (SUPPRESSIONS.c.topic == topic)
        theirs &= _IN_FORCE & (SUPPRESSIONS.c.reason == OPT_OUT)
        return (await self.execute(update(SUPPRESSIONS).where(theirs).values(lifted_at=at))).rowcount > 0
