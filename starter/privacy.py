"""What a person may ask for: everything known about them, or to be forgotten."""

from typing import Any

from domain.clock import Clock
from storage.database import Database


class Privacy:
    """Requests of one deployment's customers. Customers are named by their canonical id."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def export(self, customer: str) -> dict[str, Any]:
        """Everything known about a customer, as JSON values.

        Raises:
            UnknownCustomerError: nobody of that id was ever reported.
            UnavailableError: the database is away.
        """
        raise NotImplementedError

    async def request_erasure(self, customer: str, source: str) -> None:
        """Ask for a customer to be forgotten. Stands once this returns; asking again changes nothing.

        From then on no mail goes to them. The rest is done by the process that dispatches, at once or when Temporal is
        back. A customer who is not there any more has been forgotten already.

        Args:
            customer: canonical id.
            source: where it was asked for, e.g. `preference page`. Kept for ever, so nothing personal.

        Raises:
            UnavailableError: the database is away; nothing was asked for.
        """
        raise NotImplementedError
