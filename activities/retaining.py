"""Clears a batch of what was kept long enough."""

from temporalio import activity

from domain.clock import Clock
from domain.retention import RETAIN_BATCH, Batch, RetentionPolicy
from metrics.upkeep import count_cleared
from storage.database import Database
from storage.retention import Sweep


class RetainingActivities:
    """The batches of the retention job."""

    def __init__(self, database: Database, clock: Clock, policy: RetentionPolicy) -> None:
        self._database, self._clock, self._policy = database, clock, policy
        self._run, self._sweep = "", Sweep(database, policy)

    @activity.defn(name=RETAIN_BATCH)
    async def retain_batch(self) -> Batch:
        """Clear the next rows of whatever is due, in a transaction. Takes some ten milliseconds, most often none.

        Idempotent: what is gone is not found again. Without an answer's `keeping`, nothing was due. A run of the job
        goes on where it is; on another worker it begins anew, and finds what is left.

        Raises:
            UnavailableError: the database is away. Nothing was changed, or all of the batch.
        """
        if not self._policy.run:
            return Batch()
        run = activity.info().workflow_run_id or ""
        if run != self._run:
            self._run, self._sweep = run, Sweep(self._database, self._policy)
        batch = await self._sweep.step(self._clock.now())
        count_cleared(batch.keeping, batch.rows)
        return batch
