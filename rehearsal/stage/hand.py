"""An operator's hand: holds enrollments still, lets them go on, passes over what they wait for."""

from collections.abc import Iterable

from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.enrollment import EnrollmentRow, Progress, State
from domain.pause import PauseRequest
from rehearsal.stage.errors import StageError
from rehearsal.stage.playhouse import Playhouse


class Hand:
    """Of one operator. Each method raises `StageError` with the enrollment's own words where it refuses."""

    def __init__(self, house: Playhouse) -> None:
        self._house = house

    async def pause(self, rows: Iterable[EnrollmentRow], reason: str) -> None:
        """Hold the enrollments still."""
        await self._update(rows, "pause", PauseRequest(reason=reason))

    async def resume(self, rows: Iterable[EnrollmentRow]) -> None:
        """Let them go on."""
        await self._update(rows, "resume")

    async def skip(self, rows: Iterable[EnrollmentRow]) -> None:
        """Pass over what they wait for."""
        await self._update(rows, "skip")

    async def _update(self, rows: Iterable[EnrollmentRow], name: str, *arguments: PauseRequest) -> None:
        running = [row for row in rows if row.state is not State.ENDED]
        if not running:
            raise StageError(f"there is nothing to {name}: no enrollment is running")
        for row in running:
            handle = self._house.handle(row.workflow_id)
            try:
                await handle.execute_update(name, args=arguments, result_type=Progress)
            except WorkflowUpdateFailedError as refused:
                cause = refused.cause
                why = cause.message if isinstance(cause, ApplicationError) else str(cause)
                raise StageError(f"{row.journey} cannot {name} now: {why}") from refused
