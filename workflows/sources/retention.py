"""The retention job: clears what was kept long enough, batch by batch, once a day.

Each batch is a transaction that finds its work anew: after any crash it goes on, and a job that fails costs nothing,
for the next one finds what it left.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from domain.retention import RETAIN, RETAIN_BATCH, Batch, Keeping, Retention

BATCHES_PER_RUN = 400
"""A batch is three events: a run ends long before its history is full."""

BATCH_TIMEOUT = timedelta(seconds=60)
"""A batch is some ten milliseconds; a lock in the database may be waited for half a minute."""

BATCH_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=1)
)
"""0.2 s, 0.4 s … 1 min, for as long as the database is away."""

BREATH = timedelta(milliseconds=200)
"""Between two batches, so that a first run over years of data keeps nobody waiting."""


# As with a sweep: any failure ends it, and the schedule starts the next one.
@workflow.defn(name=RETAIN, failure_exception_types=[Exception])
class RetentionJob:
    """Clears what was kept long enough. Its type and its input are frozen, see `domain.retention`."""

    @workflow.run
    async def run(self, retention: Retention) -> Retention:
        """Go on until nothing is left. Returns how many rows went."""
        for _ in range(BATCHES_PER_RUN):
            batch: Batch = await workflow.execute_local_activity(
                RETAIN_BATCH, result_type=Batch, start_to_close_timeout=BATCH_TIMEOUT, retry_policy=BATCH_RETRY
            )
            if not batch.keeping:
                return retention
            retention = _further(retention, batch)
            workflow.set_current_details(_words(retention))
            await workflow.sleep(BREATH, summary="between two batches")
        return workflow.continue_as_new(retention)


def _further(retention: Retention, batch: Batch) -> Retention:
    changed = {"batches": retention.batches + 1}
    if batch.keeping in Retention.model_fields:
        changed[batch.keeping] = getattr(retention, batch.keeping) + batch.rows
    return retention.model_copy(update=changed)


def _words(retention: Retention) -> str:
    return ", ".join(f"{getattr(retention, keeping)} {keeping}" for keeping in Keeping)
