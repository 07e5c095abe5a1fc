"""What a person may ask for: everything known about them, or to be forgotten."""

from contextlib import suppress
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import Clock
from domain.errors import UnknownCustomerError
from domain.message import WENT_OUT, MessageStatus
from storage.database import Database
from storage.erasures import Erasures
from storage.export import Export
from storage.ledger import Ledger, LedgerRow
from workflows.data_request import DataRequest

FORMAT: Final = 1
"""Of an export; counts up when what is there moves elsewhere in it."""


class Privacy:
    """Requests of one deployment's customers. Customers are named by their canonical id."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def export(self, customer: str) -> dict[str, Any]:
        """Everything known about a customer, as JSON values: `tables` has rows by the name of their table.

        Moments are product time in ISO 8601, and in UTC.

        Raises:
            UnknownCustomerError: nobody of that id was ever reported.
            UnavailableError: the database is away.
        """
        async with self._database.read() as session:
            return await self.export_in(session, customer)

    async def export_in(self, session: AsyncSession, customer: str) -> dict[str, Any]:
        """The same, as a transaction of the caller's sees it. Raises as `export` does."""
        tables = await Export(session).of(customer)
        return {
            "format": FORMAT,
            "customer": customer,
            "exported_at": self._clock.now().isoformat(),
            "tables": tables,
        }

    async def unanswered(self) -> list[LedgerRow]:
        """Mails that should have answered a request about data and never went, oldest first: answer these by hand.

        Who gets no mail at all asks in vain, by a page: the link that would do it cannot reach them. Left out are
        requests that a later mail has answered, and those of customers who are not there any more.

        Raises:
            UnavailableError: the database is away.
        """
        async with self._database.read() as session:
            rows = await Ledger(session).list(journey=DataRequest.plan.name)
        answered = {(row.customer, row.template): row.decided_at for row in rows if row.status in WENT_OUT}
        return [
            row
            for row in rows
            if row.status in (MessageStatus.DROPPED, MessageStatus.REFUSED)
            and answered.get((row.customer, row.template), row.decided_at) <= row.decided_at
        ]

    async def request_erasure(self, customer: str, source: str) -> None:
        """Ask for a customer to be forgotten. Stands once this returns; asking again changes nothing.

        From then on no mail goes to them. The rest is done by the process that dispatches, at once or when Temporal is
        back. A customer who is not there any more has been forgotten already.

        Args:
            customer: canonical id; who signed in meanwhile is whom they turned out to be.
            source: where it was asked for, e.g. `preference page`. Kept for ever, so nothing personal.

        Raises:
            UnavailableError: the database is away; nothing was asked for.
        """
        with suppress(UnknownCustomerError):
            async with self._database.transaction() as session:
                await self.request_erasure_in(session, customer, source)

    async def request_erasure_in(self, session: AsyncSession, customer: str, source: str) -> None:
        """The same, in the transaction in which the caller found out who it is: it stands once that commits.

        Raises:
            UnknownCustomerError: nobody of that id is known, or no longer.
            UnavailableError: the database is away; nothing was asked for.
        """
        await Erasures(session).request(customer, source, self._clock.now())
