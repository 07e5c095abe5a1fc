"""What operators and backends do to enrollments: enroll, signal, look, cancel. Typed; the command line is over it."""

import asyncio
import uuid
from collections.abc import Sequence

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from domain.clock import Clock
from domain.enrollment import EnrollmentRow, Occasion, Outcome, OutcomeKind, Progress, State
from domain.errors import PermanentError, SegueError, UnknownCustomerError
from domain.intent import Intent
from domain.model import Instant, Value
from domain.signals import Signal
from starter.enrolling import GONE, Enroller
from starter.routing import Begin, Routes
from storage.customers import Customers
from storage.database import Database
from storage.enrollments import EnrollmentCount, Enrollments
from storage.events import EventStore
from storage.ledger import Ledger, LedgerRow
from workflows.catalogue import JOURNEYS, journey_named

ANSWER_WITHIN = 3.0
"""Seconds an enrollment may take to tell its status; without a worker it never would."""


class AlreadyEnrolledError(PermanentError):
    """The customer is in that journey now."""


class EnrollmentStatus(Value):
    """How one enrollment stands. `doing` says so when no worker could be asked."""

    journey: str
    workflow_id: str
    state: State
    step: str
    doing: str
    intent: Intent | None
    next_due: Instant | None
    outcome: Outcome | None
    started_at: Instant
    history: tuple[str, ...] = ()


class JourneyStatus(Value):
    """A deployed journey, and how many enrollments it has had."""

    name: str
    summary: str
    starts_with: str
    goal: str | None
    topic: str
    priority: int
    counts: dict[str, int]


def _by_outcome(journey: str, counted: Sequence[EnrollmentCount]) -> dict[str, int]:
    """Enrollments of a journey by state; ended ones by their outcome."""
    return {
        (row.outcome.value if row.outcome else row.state.value): row.count for row in counted if row.journey == journey
    }


class Operations:
    """Enrollments of one deployment. Customers may be named by user id, anonymous id or address."""

    def __init__(self, database: Database, client: Client, routes: Routes, clock: Clock) -> None:
        self._database, self._client, self._routes, self._clock = database, client, routes, clock
        self._enroller = Enroller(client)

    async def enroll(self, journey: str, customer: str, *, key: str | None = None) -> EnrollmentStatus:
        """Begin a journey for a customer by hand, whatever its trigger and re-entry rule say.

        Raises:
            UnknownJourneyError: no such journey.
            UnknownCustomerError: nobody of that name was reported.
            AlreadyEnrolledError: they are in it now.
            UnavailableError: Temporal is away; the enrollment is ended, as if it had never been asked for.
        """
        plan = journey_named(journey).plan
        who = await self._identify(customer)
        await self._end_gone(await self._running(who, journey))
        now = self._clock.now()
        async with self._database.transaction() as session:
            enrollments = Enrollments(session)
            for row in await enrollments.running([who]):
                if (row.journey, row.key) == (journey, key):
                    raise AlreadyEnrolledError(f"{customer} is in {journey} already: {row.workflow_id}")
            seq = await EventStore(session).latest_seq(who)
            occasion = Occasion(
                event_id=f"operator-{uuid.uuid4()}", name="enrolled by an operator", seq=seq, occurred_at=now
            )
            begin = self._routes.enroll(plan, who, occasion, now, key=key)
            await enrollments.open(begin.row)
        if begin.row.state is State.STARTING:
            await self._start(begin)
        return await self._status(begin.row)

    async def signal(self, customer: str, signal: Signal, *, journey: str | None = None) -> list[str]:
        """Tell something to the customer's running enrollments. Returns the workflow ids of those that were told."""
        rows = await self._running(customer, journey)
        return [row.workflow_id for row in rows if await self._enroller.tell(row.workflow_id, signal)]

    async def cancel(self, customer: str, *, journey: str | None = None) -> list[str]:
        """Cancel the customer's running enrollments. A mail under way is finished; nothing goes after it.

        Returns the workflow ids of those that were asked to stop.
        """
        cancelled: list[str] = []
        for row in await self._running(customer, journey):
            try:
                await self._client.get_workflow_handle(row.workflow_id).cancel()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            else:
                cancelled.append(row.workflow_id)
        return cancelled

    async def status(self, customer: str) -> list[EnrollmentStatus]:
        """Every enrollment of a customer, the oldest first; running ones are asked how they stand."""
        who = await self._identify(customer)
        await self._end_gone(await self._running(who, None))
        async with self._database.read() as session:
            rows = await Enrollments(session).of_customer(who)
        return list(await asyncio.gather(*(self._status(row) for row in rows)))

    async def messages(
        self, *, customer: str | None = None, journey: str | None = None, limit: int | None = None
    ) -> Sequence[LedgerRow]:
        """The ledger: every message that was or was not sent, and why; the latest decision last."""
        who = None if customer is None else await self._identify(customer)
        async with self._database.read() as session:
            return await Ledger(session).list(customer=who, journey=journey, limit=limit)

    async def journeys(self) -> list[JourneyStatus]:
        """The deployed journeys with their numbers."""
        async with self._database.read() as session:
            counted = await Enrollments(session).counts()
        return [
            JourneyStatus(
                name=name,
                summary=(journey.__doc__ or "").strip().split("\n")[0],
                starts_with=journey.plan.trigger.describe(),
                goal=journey.plan.goal,
                topic=journey.plan.topic,
                priority=journey.plan.priority,
                counts=_by_outcome(name, counted),
            )
            for name, journey in JOURNEYS.items()
        ]

    async def knows(self, customer: str) -> bool:
        """Whether any event has named this customer."""
        async with self._database.read() as session:
            return await Customers(session).find(customer) is not None

    async def _identify(self, customer: str) -> str:
        async with self._database.read() as session:
            found = await Customers(session).find(customer)
        if found is None:
            raise UnknownCustomerError(f"nobody is known as {customer!r}: no event has named them")
        return found

    async def _running(self, customer: str, journey: str | None) -> list[EnrollmentRow]:
        who = await self._identify(customer)
        if journey is not None:
            journey_named(journey)
        async with self._database.read() as session:
            rows = await Enrollments(session).running([who])
        return [row for row in rows if journey in (None, row.journey)]

    async def _start(self, begin: Begin) -> None:
        """Start the workflow of an enrollment, or end the enrollment, so that it is in nobody's way."""
        try:
            await self._enroller.begin(begin.start)
        except SegueError as error:
            async with self._database.transaction() as session:
                outcome = Outcome(kind=OutcomeKind.CANCELLED, why=f"not started: {error}")
                await Enrollments(session).close(begin.row.id, outcome, self._clock.now())
            raise

    async def _end_gone(self, rows: Sequence[EnrollmentRow]) -> None:
        """End enrollments whose workflow was terminated or lost: nothing else would ever tell the database."""
        for row in rows:
            if row.state is State.RUNNING and not await self._enroller.runs(row.workflow_id, row.id):
                async with self._database.transaction() as session:
                    await Enrollments(session).close(row.id, GONE, self._clock.now())

    async def _status(self, row: EnrollmentRow) -> EnrollmentStatus:
        progress = None if row.state is State.ENDED else await self._ask(row)
        outcome = row.outcome or (progress.outcome if progress else None)
        if progress is not None:
            step, doing, intent, due = progress.step, progress.doing, progress.intent, progress.next_due
        elif outcome is not None:
            step, doing, intent, due = outcome.step, "ended", outcome.intent, None
        else:
            step, doing, intent, due = "", "no worker answers", None, None
        return EnrollmentStatus(
            journey=row.journey,
            workflow_id=row.workflow_id,
            state=State.ENDED if outcome else row.state,
            step=step,
            doing=doing,
            intent=intent,
            next_due=due,
            outcome=outcome,
            started_at=row.started_at,
            history=progress.history if progress else (),
        )

    async def _ask(self, row: EnrollmentRow) -> Progress | None:
        handle = self._client.get_workflow_handle(row.workflow_id)
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                progress: Progress = await handle.query("status", result_type=Progress)
        except (TimeoutError, RPCError, WorkflowQueryFailedError):
            return None
        return progress if progress.enrollment == row.id else None
