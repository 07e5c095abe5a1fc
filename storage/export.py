"""Everything the database knows about a customer, as it stands there."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from domain.errors import UnknownCustomerError
from storage.customers import Customers
from storage.erasures import Erasures
from storage.personal import personal_columns
from storage.repository import Repository
from storage.salt import Salt, hashes_of
from storage.tables import SUPPRESSIONS

Rows = list[dict[str, Any]]


class Export(Repository):
    """Reads what is known."""

    async def of(self, customer: str) -> dict[str, Rows]:
        """Rows by the name of their table, as JSON values; tables that hold nothing of the customer, too.

        Ids that the customer had before it was known who they are count as theirs, as an erasure takes them
        (`Erasures.ids_of`), and so do suppressions of their address.

        Raises:
            UnknownCustomerError: nobody of that id was ever reported.
        """
        facts = (await Customers(self.session).load([customer])).get(customer)
        if facts is None:
            raise UnknownCustomerError(f"no customer {customer!r} was ever reported")
        ids = await Erasures(self.session).ids_of(customer)
        found: dict[str, Rows] = {}
        for column in personal_columns():
            theirs: ColumnElement[bool] = column.in_(ids)
            if column.table is SUPPRESSIONS and facts.email:
                hashes = hashes_of(facts.email, await Salt(self.session).find())
                theirs = or_(theirs, SUPPRESSIONS.c.email_hash.in_(hashes))
            rows = await self.execute(select(column.table).where(theirs).order_by(*column.table.primary_key))
            found[str(column.table.name)] = [
                {name: _as_json(value) for name, value in row.items()} for row in rows.mappings()
            ]
        return found


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
