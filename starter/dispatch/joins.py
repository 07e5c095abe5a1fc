"""Tells workflows of customers that turned out to be one, and of what each did while nobody knew it was the other.

The store has decided already, in the transaction that joined them: what the gate says and whose mail it is follow from
there. Here the workflows catch up. A join is marked after everything was told, so a crash anywhere tells it again;
enrollments ignore what they know.
"""

from typing import Final

import structlog

from domain.clock import Clock
from domain.enrollment import EnrollmentRow, State, parse_workflow_id
from domain.errors import PermanentError
from domain.event import StoredEvent
from domain.joining import CustomerJoin
from domain.signals import Join
from metrics import enrollments as metrics
from starter.dispatch.enrolling import Enroller, HeldError
from starter.dispatch.telling import Teller
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.join_log import JoinLog
from workflows.vocabulary.routing import Routes

AT_ONCE: Final = 100
"""Joins read at once; most of those that are told of at all have one enrollment."""

MOST_TOLD: Final = 200
"""Events of before the join that one enrollment is told of, the oldest first. One that ends it is enough."""

_log = structlog.get_logger("segue.dispatcher")


class JoinTeller:
    """Delivers joins, in their order."""

    def __init__(self, database: Database, clock: Clock, routes: Routes, enroller: Enroller, teller: Teller) -> None:
        self._database, self._clock, self._routes = database, clock, routes
        self._enroller, self._teller = enroller, teller

    async def deliver(self) -> None:
        """Tell everybody of the joins that nobody was told of yet.

        Raises:
            TransientError: something is away. What was told is marked, the rest comes again.
        """
        last = 0
        while True:
            async with self._database.read() as session:
                joins = await JoinLog(session).untold(AT_ONCE, after=last)
            for join in joins:
                last = join.id
                try:
                    await self._deliver_one(join)
                except HeldError as error:
                    # One enrollment is full, or its forerunner still ends: the next round tries again.
                    _log.info("join waits", customer=join.customer, problem=str(error))
                    continue
                async with self._database.transaction() as session:
                    await JoinLog(session).mark_told(join.id, self._clock.now())
                metrics.count_join(parse_workflow_id(ended.workflow_id)[0] for ended in join.superseded)
            if len(joins) < AT_ONCE:
                return

    async def _deliver_one(self, join: CustomerJoin) -> None:
        for ended in join.superseded:
            told = Join(enrollment=ended.enrollment, customer=join.customer, superseded_by=ended.by)
            await self._tell(ended.workflow_id, told)
        async with self._database.read() as session:
            running = await Enrollments(session).running([join.customer])
        for row in running:
            if not self._routes.knows(row.journey):
                continue
            if row.id in join.carried:
                await self._carry(row)
            await self._catch_up(row)

    async def _carry(self, row: EnrollmentRow) -> None:
        """Tell an enrollment whose it is now; start it first, where it was only decided so far."""
        told = Join(enrollment=row.id, customer=row.customer)
        if await self._tell(row.workflow_id, told) or row.state is not State.STARTING:
            return
        try:
            await self._enroller.begin(self._routes.begin_again(row).start, row.workflow_id)
        except PermanentError as error:
            # It stays *starting*; the next dispatcher gives it up where it is still refused.
            names = {"enrollment": row.id, "workflow_id": row.workflow_id, "customer": row.customer}
            _log.error("enrollment not started", **names, problem=str(error))

    async def _catch_up(self, row: EnrollmentRow) -> None:
        """Tell an enrollment what ends it and was done, since it began, under the other id: it was not told then.

        What it was told is told again, which changes nothing. Events that are still pending are left to their turn.
        """
        async with self._database.read() as session:
            events = await EventStore(session).told_since(
                row.customer, self._routes.ends_on(row.journey), row.occasion, MOST_TOLD
            )
        for stored in events:
            await self._tell_event(stored, row)

    async def _tell_event(self, stored: StoredEvent, row: EnrollmentRow) -> None:
        for tell in self._routes.tell(stored, [row]):
            try:
                await self._teller.tell(tell)
            except PermanentError as error:
                names = {"event_id": self._routes.stand_ins.event_id(stored), "workflow_id": row.workflow_id}
                _log.error("event not told", **names, customer=row.customer, problem=str(error))

    async def _tell(self, workflow_id: str, told: Join) -> bool:
        try:
            return await self._enroller.join(workflow_id, told)
        except PermanentError as error:
            names = {"enrollment": told.enrollment, "workflow_id": workflow_id, "customer": told.customer}
            _log.error("join not told", **names, problem=str(error))
            return True
