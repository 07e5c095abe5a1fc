"""Sweeps under time skipping, and their schedules on the real server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import pytest
from temporalio import activity
from temporalio.client import Client, ScheduleDescription, ScheduleOverlapPolicy, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.clock import REAL_TIME, PacedClock
from domain.errors import UnavailableError, UnknownSourceError
from domain.sources import SOURCES
from domain.sweep import SWEEP, SWEEP_PAGE, Page, PageRequest, Sweep
from starter.sources import Sources
from temporal import TASK_QUEUE, workflow_runner
from tests.house import real_server, time_skipping
from workflows.sources.schedules import real_interval, schedule_id, schedule_of, set_up_schedules
from workflows.sources.sweep import PAGES_PER_RUN, SourceSweep

MINUTE = timedelta(minutes=1)

TIMER_STARTED: Final = "timer_started_event_attributes"


class Pages:
    """Customers in so many pages, on each of which one is due; every so often a page is followed by a pause."""

    def __init__(self, many: int, pause_every: int = 100) -> None:
        self.many, self.pause_every = many, pause_every
        self.asked: list[str] = []
        self.troubles: list[Exception] = []

    @activity.defn(name=SWEEP_PAGE)
    async def sweep_page(self, request: PageRequest) -> Page:
        if self.troubles:
            raise self.troubles.pop()
        self.asked.append(request.after)
        number = int(request.after or 0) + 1
        pause = MINUTE if number % self.pause_every == 0 else timedelta()
        return Page(after=f"{number}" if number < self.many else None, looked_at=500, found=1, pause=pause)


@asynccontextmanager
async def sweeping(env: WorkflowEnvironment, activities: Sequence[Callable[..., Any]]) -> AsyncIterator[Worker]:
    async with Worker(
        env.client,
        task_queue=TASK_QUEUE,
        workflows=[SourceSweep],
        activities=activities,
        workflow_runner=workflow_runner(),
        max_cached_workflows=0,  # each task replays the history: what is not deterministic shows
    ) as worker:
        yield worker


async def test_a_sweep_continues_as_new_and_asks_for_each_page_once() -> None:
    pages = Pages(2 * PAGES_PER_RUN + 50)
    async with time_skipping() as env, sweeping(env, [pages.sweep_page]):
        handle = await env.client.start_workflow(
            SourceSweep.run, Sweep(source="lapsed"), id="sweep", task_queue=TASK_QUEUE
        )
        result: Sweep = await handle.result()
        first = env.client.get_workflow_handle("sweep", run_id=handle.first_execution_run_id)
        events = [event async for event in first.fetch_history_events()]
    assert pages.asked == ["", *(str(number) for number in range(1, pages.many))]
    assert (result.pages, result.looked_at, result.found) == (pages.many, 500 * pages.many, pages.many)
    # Not by the clock: the test server's jumps by years while a run continues as new.
    timers = [event.timer_started_event_attributes for event in events if event.HasField(TIMER_STARTED)]
    assert [timer.start_to_fire_timeout.ToTimedelta() for timer in timers] == [MINUTE] * (PAGES_PER_RUN // 100)
    assert len(events) < 2_000


async def test_a_sweep_outlives_a_database_that_is_away() -> None:
    pages = Pages(3)
    pages.troubles = [UnavailableError("away")] * 3
    async with time_skipping() as env, sweeping(env, [pages.sweep_page]):
        await env.client.execute_workflow(SWEEP, Sweep(source="lapsed"), id="sweep", task_queue=TASK_QUEUE)
    assert pages.asked == ["", "1", "2"]


async def test_a_sweep_of_a_source_that_is_gone_fails_and_keeps_nobody_waiting() -> None:
    pages = Pages(3)
    pages.troubles = [UnknownSourceError("no source is named 'nope'")]
    async with time_skipping() as env, sweeping(env, [pages.sweep_page]):
        with pytest.raises(WorkflowFailureError) as failed:
            await env.client.execute_workflow(SWEEP, Sweep(source="nope"), id="sweep", task_queue=TASK_QUEUE)
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "UnknownSourceError"
    assert pages.asked == [], "and is not tried again"


@pytest.mark.parametrize(
    ("pace", "lapsed", "birthday"),
    [(1.0, 86_400, 21_600), (3600.0, 24, 6), (86_400.0, 1, 1), (1_000_000.0, 1, 1)],
)
def test_intervals_are_product_time_and_a_second_at_least(pace: float, lapsed: int, birthday: int) -> None:
    clock = PacedClock(pace=pace)
    seconds = [real_interval(SOURCES[name], clock).total_seconds() for name in ("lapsed", "birthday")]
    assert seconds == [lapsed, birthday]


def test_in_production_sources_start_apart_and_at_random() -> None:
    schedules = [schedule_of(source, REAL_TIME, TASK_QUEUE) for source in SOURCES.values()]
    assert len({each.spec.intervals[0].offset for each in schedules}) == len(schedules)
    assert all(each.spec.jitter == timedelta(minutes=10) for each in schedules)
    assert {each.policy.overlap for each in schedules} == {ScheduleOverlapPolicy.SKIP}
    paced = schedule_of(SOURCES["lapsed"], PacedClock(pace=3600), TASK_QUEUE)
    assert (paced.spec.jitter, paced.policy.catchup_window) == (None, timedelta(seconds=24))


async def described(client: Client, source: str) -> ScheduleDescription:
    return await client.get_schedule_handle(schedule_id(source)).describe()


async def test_processes_that_start_at_once_make_each_schedule_once_and_leave_a_paused_one_so() -> None:
    async with real_server() as env:
        client, sources = env.client, Sources(env.client, REAL_TIME)
        assert {status.state for status in await sources.all()} == {"not set up"}
        with pytest.raises(UnavailableError, match="a worker does so when it starts"):
            await sources.run("lapsed")

        await asyncio.gather(*(set_up_schedules(client, REAL_TIME, TASK_QUEUE) for _ in range(3)))
        found = {name: await described(client, name) for name in SOURCES}
        assert {name: each.schedule.spec.intervals[0].every for name, each in found.items()} == {
            name: source.every for name, source in SOURCES.items()
        }
        assert {each.info.last_updated_at for each in found.values()} == {None}, "found as they should be, and left so"

        await sources.pause("lapsed", "not now")
        slower = PacedClock(pace=0.5)
        await asyncio.gather(*(set_up_schedules(client, slower, TASK_QUEUE) for _ in range(2)))
        changed = await described(client, "lapsed")
        assert changed.schedule.spec.intervals[0].every == timedelta(days=2)
        assert (changed.schedule.state.paused, changed.schedule.state.note) == (True, "not now")
        status = {each.name: each for each in await sources.all()}
        assert (status["lapsed"].state, status["lapsed"].note, status["lapsed"].next_run) == ("paused", "not now", None)
        assert status["birthday"].state == "waits"
        assert status["birthday"].next_run is not None
