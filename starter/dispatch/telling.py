"""Tells enrollments what an event means for them, also those that have not begun or no longer run."""

import structlog

from domain.clock import Clock
from domain.enrollment import State
from starter.dispatch.enrolling import Enroller, Presence
from starter.dispatch.gone import end_gone
from storage.database import Database
from storage.enrollments import Enrollments
from workflows.vocabulary.routing import Routes, Tell

_log = structlog.get_logger("segue.dispatcher")


class Teller:
    """Delivers signals."""

    def __init__(self, database: Database, clock: Clock, routes: Routes, enroller: Enroller) -> None:
        self._database, self._clock, self._routes, self._enroller = database, clock, routes, enroller

    async def tell(self, tell: Tell) -> bool:
        """Signal an enrollment. Returns False when there is none any more; that is then noted.

        Raises:
            UnavailableError: something is away.
            RejectedByTemporalError: the signal can never be delivered.
        """
        if await self._enroller.tell(tell.workflow_id, tell.signal) or await self._start_and_tell(tell):
            return True
        await self._note_gone(tell)
        return False

    async def _start_and_tell(self, tell: Tell) -> bool:
        """Start an enrollment that was recorded and not started yet, e.g. by `segue enroll`, and tell it."""
        async with self._database.read() as session:
            row = await Enrollments(session).get(tell.enrollment)
        if row is None or row.state is not State.STARTING:
            return False
        await self._enroller.begin(self._routes.begin_again(row).start, row.workflow_id)
        return await self._enroller.tell(tell.workflow_id, tell.signal)

    async def _note_gone(self, tell: Tell) -> None:
        """End an enrollment whose workflow no longer runs, e.g. because an operator terminated it.

        One that ended by itself has recorded its outcome before. One that this Temporal has never heard of is left
        alone: perhaps it is the wrong Temporal.
        """
        async with self._database.read() as session:
            row = await Enrollments(session).get(tell.enrollment)
        if row is None or row.state is not State.RUNNING:
            return
        presence = await self._enroller.look(tell.workflow_id, tell.enrollment)
        if presence is Presence.ENDED:
            async with self._database.transaction() as session:
                await end_gone(session, row, self._clock.now())
        elif presence is Presence.UNKNOWN:
            names = {"enrollment": row.id, "workflow_id": row.workflow_id, "customer": row.customer}
            _log.error("enrollment unknown to Temporal", **names, remedy="segue cancel")
