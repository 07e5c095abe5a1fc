"""A hand-over is heard of while it goes on, and is cut short by a worker that stops and by nobody else."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.testing import ActivityEnvironment

from activities.heartbeat import see_through

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
    await asyncio.sleep(3 * SOON.total_seconds())
    assert beats == 3


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
