"""Scheduled sources as an operator sees them: when each ran, what it found, whether it is paused. Over Temporal."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleDescription,
    ScheduleHandle,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from domain.clock import PacedClock
from domain.errors import NotNowError, UnavailableError
from domain.model import Duration, Instant, Value
from domain.sources import SOURCES, Source, source_named
from domain.sweep import Sweep
from temporal import in_plain_words
from workflows.sources.schedules import schedule_id

ANSWER_WITHIN = timedelta(seconds=3)
"""What a sweep under way may take to tell how far it is; without a worker it never would."""


class SourceStatus(Value):
    """One source. Moments are product time."""

    name: str
    about: str
    event: str
    every: Duration
    state: str
    """`waits`, `looks now`, `paused`, `failed` (its last sweep did), or `not set up` (no worker has done so yet)."""
    note: str | None = None
    """Why it is paused."""
    last_run: Instant | None = None
    looked_at: int | None = None
    """Customers, in the last run so far; None when nobody can tell."""
    found: int | None = None
    next_run: Instant | None = None


class Sources:
    """The sources of one deployment.

    Raises (all methods):
        UnavailableError: Temporal is away, or no worker has set the schedule up yet.
        UnknownSourceError: no source of that name.
    """

    def __init__(self, client: Client, clock: PacedClock) -> None:
        self._client, self._clock = client, clock

    async def all(self) -> list[SourceStatus]:
        """Every source."""
        with _in_our_words():
            return list(await asyncio.gather(*(self._status(source) for source in SOURCES.values())))

    async def run(self, name: str) -> None:
        """Let a source look now, paused or not.

        Raises:
            NotNowError: it is looking.
        """
        with _in_our_words():
            handle = self._handle(source_named(name))
            if (await handle.describe()).info.running_actions:
                raise NotNowError(f"{name} is looking now: `segue sources` tells how far it is")
            await handle.trigger()

    async def pause(self, name: str, note: str = "") -> None:
        """Let a source rest until it is resumed. A sweep under way goes on to its end."""
        with _in_our_words():
            await self._handle(source_named(name)).pause(note=note or "by an operator")

    async def resume(self, name: str) -> None:
        """Let a paused source look again, at its next time."""
        with _in_our_words():
            await self._handle(source_named(name)).unpause(note="")

    async def _status(self, source: Source) -> SourceStatus:
        said = {"name": source.name, "about": source.about, "event": source.event, "every": source.every}
        try:
            found = await self._handle(source).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return SourceStatus(**said, state="not set up")
            raise
        recent, upcoming, state = found.info.recent_actions, found.info.next_action_times, found.schedule.state
        status, sweep = await self._last_sweep(found)
        return SourceStatus(
            **said,
            state=_state(found, status),
            note=state.note if state.paused else None,
            last_run=self._clock.product(recent[-1].started_at) if recent else None,
            looked_at=sweep.looked_at if sweep else None,
            found=sweep.found if sweep else None,
            next_run=self._clock.product(upcoming[0]) if upcoming and not state.paused else None,
        )

    async def _last_sweep(self, found: ScheduleDescription) -> tuple[WorkflowExecutionStatus | None, Sweep | None]:
        """How the last sweep stands, and what it came to."""
        if not found.info.recent_actions:
            return None, None
        action = found.info.recent_actions[-1].action
        assert isinstance(action, ScheduleActionExecutionStartWorkflow)  # noqa: S101 there is no other kind
        handle = self._client.get_workflow_handle(action.workflow_id, result_type=Sweep)
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                status = (await handle.describe()).status
                if status is WorkflowExecutionStatus.RUNNING:
                    return status, await handle.query("progress", result_type=Sweep)
                return status, await handle.result()
        except (WorkflowFailureError, WorkflowQueryFailedError):
            return status, None
        except (TimeoutError, RPCError):  # no worker answers, or Temporal has forgotten the sweep
            return None, None

    def _handle(self, source: Source) -> ScheduleHandle:
        return self._client.get_schedule_handle(schedule_id(source.name))


def _state(found: ScheduleDescription, last: WorkflowExecutionStatus | None) -> str:
    if found.info.running_actions and last is not WorkflowExecutionStatus.COMPLETED:
        return "looks now"
    if found.schedule.state.paused:
        return "paused"
    return "waits" if last in (None, WorkflowExecutionStatus.COMPLETED) else "failed"


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise UnavailableError("the schedule is not set up: a worker does so when it starts") from error
        raise UnavailableError(f"Temporal is away: {in_plain_words(error)}") from error
    except RuntimeError as error:
        raise UnavailableError(f"Temporal is away: {in_plain_words(error)}") from error
