"""Sees a hand-over through: Temporal hears that it goes on, and nobody cuts it short.

Without heartbeats a mail that a killed worker had begun would wait for the whole time a hand-over may take. But they
also bring word of a cancellation, and a conversation that is cut short leaves a mail of which nobody knows whether it
went. So only a worker that stops ends one.

An attempt that was slow before it began, for want of the database say, may be given up by Temporal while it still
lives. It must not begin then: the next attempt does. `require_turn` asks that at the last moment.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio import activity

from domain.errors import SupersededError

T = TypeVar("T")

BEAT: Final = timedelta(seconds=4)
"""Real time. A fifth of what Temporal is told to wait for one (`workflows.vocabulary.stubs`), for busy machines."""


class _Pulse:
    """The signs of life of one attempt, by the event loop's clock."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop()
        self._began = self._last = self._clock.time()
        self._longest_silence = 0.0

    def beat(self) -> None:
        now = self._clock.time()
        self._longest_silence = max(self._longest_silence, now - self._last)
        self._last = now

    def lasts(self) -> timedelta:
        """How long the attempt has been going on."""
        return timedelta(seconds=self._clock.time() - self._began)

    def silence(self) -> timedelta:
        """The longest time without a sign of life: a process that was starved for a while has given none."""
        return timedelta(seconds=max(self._longest_silence, self._clock.time() - self._last))


_PULSE: ContextVar[_Pulse | None] = ContextVar("pulse", default=None)


def require_turn() -> None:
    """Make sure that Temporal still counts on this attempt, before it does what cannot be undone.

    Raises:
        SupersededError: its time is over, it was silent for too long, or Temporal says so; another has its turn.
    """
    pulse = _PULSE.get()
    if pulse is None or not activity.in_activity():
        return
    info, details = activity.info(), activity.cancellation_details()
    if details is not None and (details.not_found or details.timed_out):
        raise SupersededError("Temporal has given this attempt up")
    if info.start_to_close_timeout is not None and pulse.lasts() >= info.start_to_close_timeout:
        raise SupersededError(f"this attempt began {pulse.lasts().total_seconds():.0f} s ago: its time is over")
    if info.heartbeat_timeout is not None and pulse.silence() >= info.heartbeat_timeout:
        raise SupersededError(f"this attempt was silent for {pulse.silence().total_seconds():.0f} s")


async def see_through(work: Coroutine[Any, Any, T], every: timedelta = BEAT) -> T:
    """Run work to its end, with heartbeats, whatever Temporal asks meanwhile.

    An activity that is cancelled, or given to another worker because its heartbeats got lost, ends by itself and its
    result is recorded. A worker that stops cancels the work, as a caller outside an activity can.
    """
    pulse = _Pulse()
    _PULSE.set(pulse)
    task = asyncio.ensure_future(work)
    beats = asyncio.ensure_future(_beat(every, pulse)) if activity.in_activity() else None
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


async def _beat(every: timedelta, pulse: _Pulse) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())  # most hand-overs end before the first one
        pulse.beat()
        activity.heartbeat()


def _must_stop() -> bool:
    details = activity.cancellation_details() if activity.in_activity() else None
    return details is None or details.worker_shutdown
