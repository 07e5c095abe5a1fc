"""A schedule for each source, made or changed when a worker starts. Any number of workers may do so at once."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from domain.clock import REAL_TIME, PacedClock
from domain.retention import RETAIN, Retention
from domain.sources import DAILY, SOURCES, Source
from domain.sweep import SWEEP, Sweep

SHORTEST = timedelta(seconds=1)
"""Real time between two sweeps, at whatever pace. Temporal counts in whole seconds."""

SHORTEST_RETENTION = timedelta(minutes=1)
"""Real time between two runs of the retention job, at whatever pace."""

SHORTEST_CATCH_UP = timedelta(seconds=10)
"""Temporal's own minimum."""

MOST_JITTER = timedelta(minutes=10)
"""Of a thousand deployments that share a cluster, not all look at the same moment."""


def schedule_id(source: str) -> str:
    """The schedule's id. Frozen: under another id a second schedule would run beside the first."""
    return f"segue-source-{source}"


async def set_up_schedules(client: Client, clock: PacedClock, task_queue: str) -> None:
    """Make the schedules of all sources, and change those that are otherwise. One that is paused stays so.

    Idempotent, and safe from several processes at once: one makes a schedule, the others find it as it should be.

    Raises:
        RPCError: Temporal is away, or does not let us.
    """
    for source in SOURCES.values():
        await _set_up(client, schedule_id(source.name), schedule_of(source, clock, task_queue))
    await _set_up(client, RETAIN, retention_schedule(clock, task_queue))


async def _set_up(client: Client, identifier: str, wanted: Schedule) -> None:
    try:
        await client.create_schedule(identifier, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(identifier).update(lambda found: _changed(found, wanted))


def schedule_of(source: Source, clock: PacedClock, task_queue: str) -> Schedule:
    """The schedule of a source.

    A sweep that still runs lets the next one pass. One that was missed by less than an interval, because Temporal was
    away, is made up for; earlier ones are not, for one sweep finds what they would have.
    """
    every = real_interval(source, clock)
    is_real_time = clock.pace == REAL_TIME.pace
    place = list(SOURCES).index(source.name)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            SWEEP,
            Sweep(source=source.name),
            id=f"{SWEEP}/{source.name}",  # Temporal adds the time
            task_queue=task_queue,
            static_summary=f"Look for {source.about}",
        ),
        spec=ScheduleSpec(
            intervals=[ScheduleIntervalSpec(every, offset=every * place // len(SOURCES) if is_real_time else None)],
            jitter=min(every / 20, MOST_JITTER) if is_real_time else None,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=max(every, SHORTEST_CATCH_UP)),
    )


def retention_schedule(clock: PacedClock, task_queue: str) -> Schedule:
    """The schedule of the job that clears what was kept long enough: once a product day, once a minute at most."""
    every = max(timedelta(seconds=round(clock.timer(DAILY).total_seconds())), SHORTEST_RETENTION)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RETAIN,
            Retention(),
            id=RETAIN,  # Temporal adds the time
            task_queue=task_queue,
            static_summary="Clear what was kept long enough",
        ),
        spec=ScheduleSpec(
            intervals=[ScheduleIntervalSpec(every, offset=every * 3 // 4)],
            jitter=min(every / 20, MOST_JITTER) if clock.pace == REAL_TIME.pace else None,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=every),
    )


def real_interval(source: Source, clock: PacedClock) -> timedelta:
    """Real time between two sweeps."""
    return max(timedelta(seconds=round(clock.timer(source.every).total_seconds())), SHORTEST)


def _changed(found: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate | None:
    """What to change of a schedule; None where it is as wanted. Whether it is paused is the operator's to say."""
    there = found.description.schedule
    if _gist(there) == _gist(wanted):
        return None
    wanted.state = there.state
    return ScheduleUpdate(schedule=wanted)


def _gist(schedule: Schedule) -> tuple[object, ...]:
    action = schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)  # noqa: S101 there is no other kind
    intervals = [(each.every, each.offset or timedelta()) for each in schedule.spec.intervals]
    return action.workflow, action.task_queue, intervals, schedule.spec.jitter or timedelta(), schedule.policy
