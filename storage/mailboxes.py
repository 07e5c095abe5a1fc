"""Mailboxes: what comes to one is decided by one at a time, and what was said for one is of an address and a person.

What was said are consents, opt-outs and choices.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import func, select, text, union

from storage.locks import MAILBOX_LOCKS
from storage.repository import Repository
from storage.salt import SALTED, Salt, hash_email
from storage.sharers import MOST_SHARERS
from storage.tables import ConsentRecord, CustomerRecord, OptOutRecord, PreferenceRecord, table_of

OF_A_MAILBOX: Final = tuple(table_of(record) for record in (ConsentRecord, OptOutRecord, PreferenceRecord))

_CUSTOMERS = table_of(CustomerRecord)


class Mailboxes(Repository):
    """Locks them, and reads for whom something was said."""

    async def hold(self, emails: Collection[str | None]) -> None:
        """Let nobody else decide about what comes to these addresses, or may, until the transaction ends.

        Their customers are held already (`storage.locks`). Of an address, PostgreSQL is told four bytes of its hash.
        """
        known = {email for email in emails if email}
        if not known or not self.is_postgresql:
            return
        salt = await Salt(self.session).find() or await Salt(self.session).get()
        for key in sorted({_lock_key(hash_email(email, salt)) for email in known}):
            await self.execute(text(f"SELECT pg_advisory_xact_lock({MAILBOX_LOCKS}, {key})"))

    async def hold_of(self, customer: str) -> None:
        """The same, of the address that a customer has, who is held."""
        if self.is_postgresql:
            found = await self.execute(select(_CUSTOMERS.c.email).where(_CUSTOMERS.c.id == customer))
            await self.hold([found.scalar()])

    async def crowded(self, emails: Collection[str]) -> set[str]:
        """Those of several addresses that no page may give to anybody else: so many customers have them."""
        if not emails:
            return set()
        theirs = select(_CUSTOMERS.c.email).where(_CUSTOMERS.c.email.in_(sorted(emails))).group_by(_CUSTOMERS.c.email)
        return set((await self.execute(theirs.having(func.count() >= MOST_SHARERS))).scalars())

    async def bound(self, customers: Collection[str]) -> set[str]:
        """Those of the customers of whom anything was agreed to, refused or chosen, lifted or not."""
        if not customers:
            return set()
        found = union(
            *(select(table.c.customer_id).where(table.c.customer_id.in_(customers)) for table in OF_A_MAILBOX)
        )
        return set((await self.execute(found)).scalars())


def _lock_key(salted: str) -> int:
    """A salted hash as advisory locks take it: four bytes with a sign."""
    return int.from_bytes(bytes.fromhex(salted.removeprefix(SALTED)[:8]), signed=True)
