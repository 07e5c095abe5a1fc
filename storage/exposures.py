"""Exposures: which variant of an experiment each customer was given. Logged when it is chosen, and kept for good."""

from datetime import datetime

from sqlalchemy import select

from storage.repository import Repository
from storage.tables import EXPOSURES


class Exposures(Repository):
    """Assigns variants."""

    async def assign(self, customer: str, experiment: str, variant: str, enrollment: str, at: datetime) -> str:
        """Give the customer a variant. Sticky: the variant they were given first, whatever is proposed now."""
        row = {
            "customer_id": customer,
            "experiment": experiment,
            "variant": variant,
            "enrollment_id": enrollment,
            "at": at,
        }
        statement = self.insert(EXPOSURES).on_conflict_do_nothing(index_elements=["customer_id", "experiment"])
        await self.execute(statement, [row])
        mine = (EXPOSURES.c.customer_id == customer) & (EXPOSURES.c.experiment == experiment)
        return str((await self.execute(select(EXPOSURES.c.variant).where(mine))).scalar_one())
