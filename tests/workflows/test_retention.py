"""The retention job on the time-skipping server, with a real database."""

from datetime import timedelta

from temporalio.client import ScheduleActionStartWorkflow
from temporalio.worker import Worker

from activities.retaining import RetainingActivities
from domain import event as names
from domain.clock import REAL_TIME, PacedClock, SystemClock
from domain.retention import RETAIN, Retention, RetentionPolicy
from storage.database import Database
from storage.events import EventStore
from storage.retention import BATCH
from temporal import TASK_QUEUE, workflow_runner
from tests.house import time_skipping
from tests.storage.samples import commit, track
from workflows.sources.retention import RetentionJob
from workflows.sources.schedules import retention_schedule


async def test_the_job_goes_on_until_nothing_is_left(sqlite_database: Database) -> None:
    strangers = BATCH + 5
    views = [track(names.PRODUCT_VIEWED, None, anonymous_id=f"v-{number}") for number in range(strangers)]
    await commit(sqlite_database, *views)
    async with sqlite_database.transaction() as session:
        seqs = [each.seq for each in await EventStore(session).pending(1_000)]
        await EventStore(session).mark_dispatched(seqs, views[0].occurred_at)
    policy = RetentionPolicy(strangers=timedelta(days=7))
    activities = RetainingActivities(sqlite_database, SystemClock(), policy)
    idle = RetainingActivities(sqlite_database, SystemClock(), RetentionPolicy(run=False))
    assert (await idle.retain_batch()).keeping == ""

    async with (
        time_skipping() as env,
        Worker(
            env.client,
            task_queue=TASK_QUEUE,
            workflows=[RetentionJob],
            activities=[activities.retain_batch],
            workflow_runner=workflow_runner(),
        ),
    ):
        done = await env.client.execute_workflow(RetentionJob.run, Retention(), id="retain", task_queue=TASK_QUEUE)

    assert done == Retention(strangers=strangers, batches=2)


def test_its_schedule_is_a_product_day_and_a_minute_at_least() -> None:
    for pace, seconds in ((1.0, 86_400), (3600.0, 60)):
        schedule = retention_schedule(PacedClock(pace=pace), TASK_QUEUE)
        assert schedule.spec.intervals[0].every.total_seconds() == seconds
        assert isinstance(schedule.action, ScheduleActionStartWorkflow)
        assert schedule.action.id == RETAIN
    assert retention_schedule(REAL_TIME, TASK_QUEUE).spec.jitter == timedelta(minutes=10)
