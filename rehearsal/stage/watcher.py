"""The watcher: sees where the enrollments on stage stand, what they wait for, and when they come to rest."""

import asyncio
from datetime import datetime
from typing import NamedTuple

from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from domain.enrollment import EnrollmentRow, Progress, State
from rehearsal.stage.errors import StageError
from rehearsal.stage.playhouse import Playhouse
from rehearsal.stage.timeline import Timeline, What

PATIENCE = 30.0
"""Real seconds in which something must move. A journey that goes in circles without waiting never would."""

HEARD = " · heard: "
"""In a line of an enrollment's story: it was told something that counts."""


class Rest(NamedTuple):
    """Whether everything waits, and until when at most. No moment: nothing goes on by itself."""

    resting: bool
    due: datetime | None = None


class _Wait(NamedTuple):
    doing: str
    since: datetime
    due: datetime


class Watcher:
    """Watches one customer's enrollments."""

    def __init__(self, playhouse: Playhouse, timeline: Timeline, customer: str) -> None:
        self._house, self._timeline, self._customer = playhouse, timeline, customer
        self._waits: dict[str, _Wait] = {}
        self._told: dict[str, Progress] = {}
        self.rows: list[EnrollmentRow] = []
        """The enrollments at the last look, the oldest first."""

    @property
    def is_over(self) -> bool:
        """Whether there was an enrollment, and every one has ended."""
        return bool(self.rows) and all(row.state is State.ENDED for row in self.rows)

    def doing(self) -> str:
        """What is going on, in words."""
        told = [self._told[row.id] for row in self.rows if row.state is not State.ENDED and row.id in self._told]
        return "; ".join(f"paused while {one.doing}" if one.paused else one.doing for one in told) or "nothing"

    def heard(self) -> int:
        """How many things have counted so far: that were told, or ended an enrollment."""
        told = sum(HEARD in line for progress in self._told.values() for line in progress.history)
        return told + sum(row.state is State.ENDED for row in self.rows)

    async def look(self) -> Rest:
        """Look at every enrollment.

        Raises:
            StageError: a journey's code broke, or it goes on and on without ever waiting.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._look()
        except TimeoutError:
            raise StageError(
                f"nothing has come of it in {PATIENCE:g} s: does {self.doing_journeys()} go in circles without waiting?"
            ) from None

    def doing_journeys(self) -> str:
        """The journeys that have not ended."""
        return " or ".join(sorted({row.journey for row in self.rows if row.state is not State.ENDED})) or "a journey"

    async def _look(self) -> Rest:
        now = await self._house.now()
        self.rows = await self._house.enrollments(self._customer)
        rests = [await self._look_at(row, now) for row in self.rows]
        if any(not rest.resting for rest in rests) or await self._house.pending():
            return Rest(resting=False)
        return Rest(resting=True, due=min((rest.due for rest in rests if rest.due is not None), default=None))

    async def _look_at(self, row: EnrollmentRow, now: datetime) -> Rest:
        if row.state is State.ENDED:
            self._note_wait(row, None, now)
            return Rest(resting=True)
        await self._require_sound(row)
        self._told[row.id] = progress = await self._house.progress(row.workflow_id)
        # It begins after what the enrollment did since `now`: a mail that went before it stands above it.
        wait = _wait_of(progress, now, since=await self._house.now())
        self._note_wait(row, wait, now)
        return Rest(resting=wait is not None or progress.paused is not None, due=wait.due if wait else None)

    def _note_wait(self, row: EnrollmentRow, wait: _Wait | None, now: datetime) -> None:
        """Note a wait that is over. One for the gate is told by the mail it holds."""
        before = self._waits.pop(row.id, None)
        if wait is not None:
            same = before is not None and (before.doing, before.due) == (wait.doing, wait.due)
            self._waits[row.id] = before if before is not None and same else wait
            if same:
                return
        if before is not None and not self._timeline.has_hold(before.due):
            until = min(before.due, now) if wait is None or now >= before.due else now
            self._timeline.note(before.since, What.WAITED, before.doing, until=until, journey=row.journey)

    async def _require_sound(self, row: EnrollmentRow) -> None:
        handle = self._house.handle(row.workflow_id)
        if (await handle.describe()).status is not WorkflowExecutionStatus.FAILED:
            return
        try:
            await handle.result()
        except WorkflowFailureError as failure:
            raise _broken(row.journey, failure.cause) from failure.cause


def _wait_of(progress: Progress, now: datetime, *, since: datetime) -> _Wait | None:
    """The open wait; None while something is being done."""
    if progress.next_due is None or progress.next_due <= now:
        return None
    return _Wait(progress.doing, since, progress.next_due)


def _broken(journey: str, cause: BaseException) -> StageError:
    kind = cause.type if isinstance(cause, ApplicationError) and cause.type else type(cause).__name__
    message = cause.message if isinstance(cause, ApplicationError) else str(cause)
    return StageError(f"the code of {journey} broke: {kind}: {message}")
