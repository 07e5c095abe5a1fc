"""Mailboxes: what comes to one is decided by one at a time, and what was said for one is of an address and a person.

What was said are consents, opt-outs and choices. Customers may share a mailbox: a shop may know one reader twice, by
two ids with one address. What was refused or chosen in a mailbox holds for whatever comes to it, and its reader counts
what comes, not for whom.
"""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, func, literal, select, text, union, union_all

from storage.locks import MAILBOX_LOCKS
from storage.repository import Repository
from storage.salt import SALTED, Salt, hash_email
from storage.tables import CHOICES, CONSENTS, CUSTOMERS, OPT_OUTS

OF_A_MAILBOX: Final = (CONSENTS, OPT_OUTS, CHOICES)

MOST_SHARERS: Final = 200
"""Once so many have an address, no page gives it to another: all of them are asked about."""


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
            await self.hold([await self.of(customer)])

    async def of(self, customer: str) -> str | None:
        """The address that a customer has now."""
        email: str | None = (await self.execute(select(CUSTOMERS.c.email).where(CUSTOMERS.c.id == customer))).scalar()
        return email

    async def crowded(self, emails: Collection[str]) -> set[str]:
        """Those of several addresses that no page may give to anybody else: so many customers have them."""
        if not emails:
            return set()
        theirs = select(CUSTOMERS.c.email).where(CUSTOMERS.c.email.in_(sorted(emails))).group_by(CUSTOMERS.c.email)
        return set((await self.execute(theirs.having(func.count() >= MOST_SHARERS))).scalars())

    async def bound(self, customers: Collection[str]) -> set[str]:
        """Those of the customers of whom anything was agreed to, refused or chosen, lifted or not."""
        if not customers:
            return set()
        found = union(
            *(select(table.c.customer_id).where(table.c.customer_id.in_(customers)) for table in OF_A_MAILBOX)
        )
        return set((await self.execute(found)).scalars())


def shared_with(owner: ColumnElement[Any], customer: str) -> ColumnElement[bool]:
    """Whether a row is the customer's, or that of somebody who has the same address now.

    Args:
        owner: the column that says whose a row is.
        customer: the canonical id; of somebody without an address, only their own rows are meant.
    """
    address = select(CUSTOMERS.c.email).where(CUSTOMERS.c.id == customer).scalar_subquery()
    sharers = select(CUSTOMERS.c.id).where(CUSTOMERS.c.email == address)
    # In one list: for "or in", PostgreSQL would read the whole table.
    return owner.in_(union_all(select(literal(customer)), sharers))


def _lock_key(salted: str) -> int:
    """A salted hash as advisory locks take it: four bytes with a sign."""
    return int.from_bytes(bytes.fromhex(salted.removeprefix(SALTED)[:8]), signed=True)
