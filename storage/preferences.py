"""What recipients chose themselves: how often mail comes, a pause, the language. Topics are `storage.permissions`.

A log: who, what, when, and by which mail's link. Nothing a backend reports touches it; see `domain.preferences`.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select

from domain.preferences import NO_CHOICES, Choices
from storage.repository import Repository
from storage.tables import PreferenceRecord, table_of

_CHOICES = table_of(PreferenceRecord)


class PreferenceLog(Repository):
    """Records and reads choices. Whoever records holds the customer's lock (`Customers.lock`)."""

    async def choices(self, customer: str) -> Choices:
        """What stands now."""
        return (await self.of([customer])).get(customer, NO_CHOICES)

    async def of(self, customers: Collection[str]) -> Mapping[str, Choices]:
        """What stands of several; who chose nothing is left out."""
        statement = select(_CHOICES).where(_CHOICES.c.customer_id.in_(sorted(customers)))
        said: dict[str, dict[str, str | None]] = defaultdict(dict)
        for row in await self.execute(statement.order_by(_CHOICES.c.at, _CHOICES.c.id)):
            if row.about in Choices.model_fields:  # a newer version of this code may know more
                said[row.customer_id][row.about] = row.value
        return {customer: Choices.model_validate(values) for customer, values in said.items()}

    async def choose(self, customer: str, choices: Choices, at: datetime, source: str) -> None:
        """Record what differs from what stands. Choosing the same again adds nothing; None takes a choice back."""
        before, after = (each.model_dump(mode="json") for each in (await self.choices(customer), choices))
        rows = [
            {"customer_id": customer, "about": about, "value": value, "source": source, "at": at}
            for about, value in after.items()
            if value != before[about]
        ]
        if rows:
            await self.execute(self.insert(_CHOICES), rows)
