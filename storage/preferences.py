"""What recipients chose themselves: how often mail comes, a pause, the language. Topics are `storage.permissions`.

A log of the latest: who, what, when, and by which mail's link. Nothing a backend reports touches it; see
`domain.preferences`. What was chosen counts for the mailbox: for whoever has the same address (`storage.mailboxes`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select

from domain.preferences import Choices
from storage.mailboxes import shared_with
from storage.repository import Repository
from storage.tables import CHOICES

MOST: Final = 100
"""Choices about one thing that are kept of a customer."""


class PreferenceLog(Repository):
    """Records and reads choices. Whoever records holds the customer's lock (`Customers.hold_one`)."""

    async def choices(self, customer: str) -> Choices:
        """What stands now in the customer's mailbox: the newest word of whoever has the same address."""
        newest_first = (CHOICES.c.at.desc(), CHOICES.c.id.desc())
        place = func.row_number().over(partition_by=CHOICES.c.about, order_by=newest_first)
        said = select(CHOICES.c.about, CHOICES.c.value, place.label("place"))
        placed = said.where(shared_with(CHOICES.c.customer_id, customer)).subquery()
        rows = await self.execute(select(placed).where(placed.c.place == 1))
        return Choices.model_validate({row.about: row.value for row in rows if row.about in Choices.model_fields})

    async def of(self, customers: Collection[str]) -> Mapping[str, Choices]:
        """What each of several chose themselves; who chose nothing is left out."""
        newest_first = (CHOICES.c.at.desc(), CHOICES.c.id.desc())
        place = func.row_number().over(partition_by=(CHOICES.c.customer_id, CHOICES.c.about), order_by=newest_first)
        theirs = select(CHOICES.c.customer_id, CHOICES.c.about, CHOICES.c.value, place.label("place"))
        placed = theirs.where(CHOICES.c.customer_id.in_(sorted(customers))).subquery()
        said: dict[str, dict[str, str | None]] = defaultdict(dict)
        for row in await self.execute(select(placed).where(placed.c.place == 1)):
            if row.about in Choices.model_fields:  # a newer version of this code may know more
                said[row.customer_id][row.about] = row.value
        return {customer: Choices.model_validate(values) for customer, values in said.items()}

    async def choose(self, customer: str, choices: Choices, at: datetime, source: str) -> None:
        """Record what differs from what stands. Choosing the same again adds nothing; None takes a choice back.

        Of more than `MOST` about one thing the oldest go: whoever has a link may choose as often as they like.
        """
        before, after = (each.model_dump(mode="json") for each in (await self.choices(customer), choices))
        rows = [
            {"customer_id": customer, "about": about, "value": value, "source": source, "at": at}
            for about, value in after.items()
            if value != before[about]
        ]
        if not rows:
            return
        await self.execute(self.insert(CHOICES), rows)
        for row in rows:
            alike = (CHOICES.c.customer_id == customer) & (CHOICES.c.about == row["about"])
            kept = select(CHOICES.c.id).where(alike).order_by(CHOICES.c.at.desc(), CHOICES.c.id.desc()).limit(MOST)
            await self.execute(delete(CHOICES).where(alike, CHOICES.c.id.not_in(kept)))
