"""Sees a hand-over through: Temporal hears that it goes on, and nobody cuts it short.

Without heartbeats a mail that a killed worker had begun would wait for the whole time a hand-over may take. But they
also bring word of a cancellation, and a conversation that is cut short leaves a mail of which nobody knows whether it
went. So only a worker that stops ends one.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio import activity

T = TypeVar("T")

BEAT: Final = timedelta(seconds=4)
"""Real time. A fifth of what Temporal is told to wait for one (`workflows.vocabulary.stubs`), for busy machines."""


async def see_through(work: Coroutine[Any, Any, T], every: timedelta = BEAT) -> T:
    """Run work to its end, with heartbeats, whatever Temporal asks meanwhile.

    An activity that is cancelled, or given to another worker because its heartbeats got lost, ends by itself and its
    result is recorded. A worker that stops cancels the work, as a caller outside an activity can.
    """
    task = asyncio.ensure_future(work)
    beats = asyncio.ensure_future(_beat(every)) if activity.in_activity() else None
    try:
        while True:
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                if task.cancelled() or _must_stop():
                    task.cancel()
                    return await task
    finally:
        if beats:
            beats.cancel()


async def _beat(every: timedelta) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())  # most hand-overs end before the first one
        activity.heartbeat()


def _must_stop() -> bool:
    details = activity.cancellation_details() if activity.in_activity() else None
    return details is None or details.worker_shutdown
