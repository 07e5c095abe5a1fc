"""Clears a batch of what was kept long enough."""

from temporalio import activity

from domain.clock import Clock
from domain.retention import RETAIN_BATCH, Batch, Keeping, RetentionPolicy
from storage.database import Database
from storage.retention import Retaining


class RetainingActivities:
    """The batches of the retention job."""

    def __init__(self, database: Database, clock: Clock, policy: RetentionPolicy) -> None:
        self._database, self._clock, self._policy = database, clock, policy

    @activity.defn(name=RETAIN_BATCH)
    async def retain_batch(self) -> Batch:
        """Clear the next rows of whatever is due, in a transaction. Takes some ten milliseconds.

        Idempotent: what is gone is not found again. Without an answer's `keeping`, nothing was due.

        Raises:
            UnavailableError: the database is away. Nothing was changed, or all of the batch.
        """
        if not self._policy.run:
            return Batch()
        for keeping in Keeping:
            async with self._database.transaction() as session:
                rows = await Retaining(session, self._policy, self._clock.now()).step(keeping)
            if rows:
                return Batch(keeping=keeping.value, rows=rows)
        return Batch()
