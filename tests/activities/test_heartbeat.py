"""A hand-over is heard of while it goes on, and is cut short by a worker that stops and by nobody else."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.testing import ActivityEnvironment

from activities.heartbeat import require_turn, see_through
from domain.errors import SupersededError

SOON = timedelta(milliseconds=10)


class Conversation:
    """One that lasts until it is told to end."""

    def __init__(self) -> None:
        self.begun, self.end = asyncio.Event(), asyncio.Event()
        self.cut_short = False

    async def run(self) -> str:
        self.begun.set()
        try:
            await self.end.wait()
        except asyncio.CancelledError:
            self.cut_short = True
            raise
        return "accepted"


async def activity_of(conversation: Conversation) -> str:
    return await see_through(conversation.run(), every=SOON)


async def test_heartbeats_go_on_as_long_as_the_work_does() -> None:
    environment, conversation = ActivityEnvironment(), Conversation()
    beats = 0

    def beat(*_details: object) -> None:
        nonlocal beats
        beats += 1
        if beats == 3:
            conversation.end.set()

    environment.on_heartbeat = beat
    assert await environment.run(activity_of, conversation) == "accepted"
    by_then = beats
    await asyncio.sleep(3 * SOON.total_seconds())
    assert beats == by_then >= 3


@pytest.mark.parametrize(
    "why",
    [
        ActivityCancellationDetails(cancel_requested=True),
        ActivityCancellationDetails(not_found=True),
        ActivityCancellationDetails(timed_out=True),
        ActivityCancellationDetails(paused=True),
    ],
    ids=str,
)
async def test_whatever_temporal_asks_the_work_ends_by_itself(why: ActivityCancellationDetails) -> None:
    environment, conversation = ActivityEnvironment(), Conversation()
    running = asyncio.ensure_future(environment.run(activity_of, conversation))
    await conversation.begun.wait()
    environment.cancel(why)
    await asyncio.sleep(0)
    conversation.end.set()
    assert await running == "accepted"
    assert not conversation.cut_short


async def test_a_worker_that_stops_cuts_it_short() -> None:
    environment, conversation = ActivityEnvironment(), Conversation()
    running = asyncio.ensure_future(environment.run(activity_of, conversation))
    await conversation.begun.wait()
    environment.cancel(ActivityCancellationDetails(worker_shutdown=True))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert conversation.cut_short


async def test_an_error_of_the_work_is_the_activitys() -> None:
    async def fail() -> str:
        raise RuntimeError("the mail server is away")

    async def run() -> str:
        return await see_through(fail())

    with pytest.raises(RuntimeError, match="is away"):
        await ActivityEnvironment().run(run)


async def late(before: float) -> str:
    """An attempt that waits for something else before it begins."""

    async def work() -> str:
        await asyncio.sleep(before)
        require_turn()
        return "begun"

    return await see_through(work(), every=SOON)


async def starved(before: float) -> str:
    """An attempt whose whole process stands still for a while, and that then gives signs of life again: too late."""

    async def work() -> str:
        await asyncio.sleep(0)
        time.sleep(before)  # noqa: ASYNC251 -- what is tested
        await asyncio.sleep(5 * SOON.total_seconds())
        require_turn()
        return "begun"

    return await see_through(work(), every=SOON)


def allowing(*, in_all: timedelta | None = None, silence: timedelta | None = None) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, start_to_close_timeout=in_all, heartbeat_timeout=silence)
    return environment


async def test_an_attempt_whose_time_is_over_does_not_begin() -> None:
    with pytest.raises(SupersededError, match="its time is over"):
        await allowing(in_all=3 * SOON).run(late, 0.2)
    assert await allowing(in_all=timedelta(minutes=1)).run(late, 0.05) == "begun"


async def test_an_attempt_that_was_silent_too_long_does_not_begin_though_it_beats_again() -> None:
    with pytest.raises(SupersededError, match="silent"):
        await allowing(silence=timedelta(milliseconds=200)).run(starved, 0.4)
    assert await allowing(silence=timedelta(minutes=1)).run(starved, 0.4) == "begun"


@pytest.mark.parametrize(
    "why", [ActivityCancellationDetails(not_found=True), ActivityCancellationDetails(timed_out=True)]
)
async def test_an_attempt_that_temporal_has_given_up_does_not_begin(why: ActivityCancellationDetails) -> None:
    environment = allowing(in_all=timedelta(minutes=1))
    running = asyncio.ensure_future(environment.run(late, 0.1))
    await asyncio.sleep(0.02)
    environment.cancel(why)
    with pytest.raises(SupersededError, match="given this attempt up"):
        await running


async def test_an_attempt_whose_journey_has_ended_asks_the_gate_and_not_the_clock() -> None:
    environment = allowing(in_all=timedelta(minutes=1))
    running = asyncio.ensure_future(environment.run(late, 0.1))
    await asyncio.sleep(0.02)
    environment.cancel(ActivityCancellationDetails(cancel_requested=True))
    assert await running == "begun"
