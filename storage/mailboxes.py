"""Rows that were said for a mailbox: consents, opt-outs, choices. They belong to an address as much as to a person."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import select, union

from storage.repository import Repository
from storage.tables import ConsentRecord, OptOutRecord, PreferenceRecord, table_of

OF_A_MAILBOX: Final = tuple(table_of(record) for record in (ConsentRecord, OptOutRecord, PreferenceRecord))


class Mailboxes(Repository):
    """Reads for whom something was said."""

    async def bound(self, customers: Collection[str]) -> set[str]:
        """Those of the customers of whom anything was agreed to, refused or chosen, lifted or not."""
        if not customers:
            return set()
        found = union(
            *(select(table.c.customer_id).where(table.c.customer_id.in_(customers)) for table in OF_A_MAILBOX)
        )
        return set((await self.execute(found)).scalars())
