"""Carries erasures out: journeys end on Temporal, their histories go, then every row.

Each step can be repeated. A process that dies between them leaves a request that stands, and whoever dispatches next
goes on. While Temporal is away nothing is lost, and no mail goes: the suppression came with the request.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.clock import Clock
from domain.enrollment import EnrollmentRow, State
from domain.errors import TransientError, UnavailableError
from starter.dispatch.enrolling import Enroller, Presence
from starter.dispatch.gone import end_gone
from storage.database import Database
from storage.erasures import Erasure, Erasures, StillEnrolledError
from storage.salt import Salt
from temporal import in_plain_words
from workflows.vocabulary import search

LOOK_EVERY = timedelta(seconds=1)
"""How often it is asked for requests: one small query."""

AGAIN_AFTER = timedelta(milliseconds=200)
"""Until an enrollment that is just ending is looked at again."""

FAILED_FOR = timedelta(minutes=1)
"""Until one is tried again that failed for a reason nobody foresaw."""

TERMINATE_AFTER = timedelta(hours=1)
"""What an enrollment has to end by itself, a mail under way first. No worker may be there, or its code may not fit."""

SCRUB_AGAIN_AFTER, SCRUB_AGAIN_AT_MOST = timedelta(seconds=1), timedelta(minutes=5)
"""Until SQLite's log is emptied again where somebody read it: twice as long after each try, and at most so long."""

UNKNOWN_FOR = timedelta(hours=1)
"""Until an enrollment that Temporal does not know of is taken for ended. Its start may be under way, and would leave a
history behind; or this is the wrong Temporal, and somebody sees to it."""

SALT_AFTER = timedelta(hours=1)
"""When what was hashed without salt is salted: no process of a version before the salt is left by then."""

_REFUSALS = (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.INVALID_ARGUMENT)
"""The last of them where visibility knows no search attributes."""

_AWAY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.RESOURCE_EXHAUSTED)

Run = tuple[str, str]
"""Workflow id and run id."""

_log = structlog.get_logger("segue.erasing")


class Eraser:
    """One per deployment at a time: it works beside the dispatcher, under the same lease. All its times are real."""

    def __init__(self, database: Database, clock: Clock, client: Client) -> None:
        self._database, self._clock, self._client = database, clock, client
        self._enroller = Enroller(client)
        self._asked_to_end: dict[str, float] = {}
        self._unknown: dict[str, float] = {}
        self._failed: dict[str, float] = {}
        self._scrub_at: float | None = None
        self._scrub_pause = SCRUB_AGAIN_AFTER

    async def run(self) -> None:
        """Carry out for ever. Cancel to stop."""
        loop = asyncio.get_running_loop()
        salt_at: float | None = loop.time() + SALT_AFTER.total_seconds()
        while True:
            pause = LOOK_EVERY
            try:
                if await self.carry_out():
                    pause = AGAIN_AFTER
                if salt_at is not None and loop.time() > salt_at:
                    await self._salt()
                    salt_at = None
            except TransientError as error:
                _log.warning("erasing waits", problem=str(error))
                pause = LOOK_EVERY * 5
            except Exception as error:
                # Never with a traceback: its values may be a customer's.
                _log.error("erasing failed, trying again", problem=type(error).__name__)
                pause = LOOK_EVERY * 5
            await asyncio.sleep(pause.total_seconds())

    async def carry_out(self) -> int:
        """Bring every request one step further; how many still stand.

        Raises:
            UnavailableError: the database or Temporal is away.
        """
        async with self._database.read() as session:
            standing = await Erasures(session).open()
        waiting, now = 0, asyncio.get_running_loop().time()
        for erasure in standing:
            if self._failed.get(erasure.id, now) > now:
                continue
            try:
                await self._forget(erasure)
            except StillEnrolledError:
                waiting += 1
            except TransientError as error:
                if _is_away(error):
                    raise
                _log.warning("an erasure waits, the others go on", erasure=erasure.id, problem=str(error))
                self._failed[erasure.id] = now + FAILED_FOR.total_seconds()
            except Exception as error:
                # One that cannot be carried out holds up no other. Without a traceback: an error may quote anything.
                _log.error("an erasure failed, trying again", erasure=erasure.id, problem=type(error).__name__)
                self._failed[erasure.id] = now + FAILED_FOR.total_seconds()
        await self._scrub()
        return waiting

    async def _forget(self, erasure: Erasure) -> None:
        async with self._database.read() as session:
            rows = await Erasures(session).enrollments(erasure)
            ids = await Erasures(session).ids(erasure)
        is_over = [await self._end(row) for row in rows if row.state is not State.ENDED]
        if not all(is_over):
            raise StillEnrolledError(f"erasure {erasure.id} waits for an enrollment to end")
        histories = await self._delete_histories(ids, rows)
        async with self._database.transaction() as session:
            forgotten = await Erasures(session).forget(erasure, self._clock.now())
        self._scrub_at, self._scrub_pause = asyncio.get_running_loop().time(), SCRUB_AGAIN_AFTER
        _log.info("somebody was erased", erasure=erasure.id, histories=histories, rows=sum(forgotten.rows.values()))

    async def _scrub(self) -> None:
        """Empty the log of what was deleted, once it is time to."""
        now = asyncio.get_running_loop().time()
        if self._scrub_at is None or now < self._scrub_at:
            return
        self._scrub_at = now + self._scrub_pause.total_seconds()
        self._scrub_pause = min(self._scrub_pause * 2, SCRUB_AGAIN_AT_MOST)
        if await self._database.scrub():
            self._scrub_at = None

    async def _end(self, row: EnrollmentRow) -> bool:
        """Let an enrollment end; whether it has."""
        presence = await self._enroller.look(row.workflow_id, row.id)
        if presence is Presence.UNKNOWN and not self._has_been_waited_for(row):
            return False
        if presence is not Presence.RUNS:
            async with self._database.transaction() as session:
                await end_gone(session, row, self._clock.now())
            self._asked_to_end.pop(row.id, None)
            self._unknown.pop(row.id, None)
            return True
        now = asyncio.get_running_loop().time()
        since = self._asked_to_end.get(row.id)
        if since is None:
            await self._enroller.cancel(row.workflow_id)
            self._asked_to_end[row.id] = now
        elif now - since > TERMINATE_AFTER.total_seconds():
            _log.warning("enrollment does not end, terminating it", enrollment=row.id)
            await self._terminate(row.workflow_id)
        return False

    def _has_been_waited_for(self, row: EnrollmentRow) -> bool:
        """Whether an enrollment that Temporal does not know of has had its time to turn up."""
        now = asyncio.get_running_loop().time()
        if row.id not in self._unknown:
            self._unknown[row.id] = now
            _log.warning("enrollment unknown to Temporal, waiting for it", enrollment=row.id, remedy="segue cancel")
        return now - self._unknown[row.id] > UNKNOWN_FOR.total_seconds()

    async def _terminate(self, workflow_id: str) -> None:
        try:
            await self._client.get_workflow_handle(workflow_id).terminate(reason="its customer was erased")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise UnavailableError(f"Temporal is away: {in_plain_words(error)}") from error

    async def _delete_histories(self, customers: Iterable[str], rows: Iterable[EnrollmentRow]) -> int:
        """Delete the workflows of ended enrollments from Temporal, as far as it lets us; how many that were.

        The server deletes what has just ended within a minute or so. They hold ids and no person; where it may not be
        done, they end with the namespace's retention.

        Raises:
            StillEnrolledError: one has recorded its end, and is about to say its last words.
        """
        known: set[Run] = set()
        with _as_far_as_we_may("Temporal describes no workflows for us"):
            known = {run for row in rows for run in await self._runs_of(row)}
        listed: set[Run] = set()
        with _as_far_as_we_may("Temporal lists no histories for us"):
            listed = {run for each in customers for run in await self._listed(each)}
        deleted = 0
        with _as_far_as_we_may("Temporal deletes no histories for us"):
            for workflow_id, run_id in sorted(known | listed):
                await self._delete(workflow_id, run_id)
                deleted += 1
        return deleted

    async def _runs_of(self, row: EnrollmentRow) -> set[Run]:
        """The latest run under an enrollment's workflow id, and the one that was admitted."""
        try:
            latest = await self._client.get_workflow_handle(row.workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return set()
            raise
        if latest.status is WorkflowExecutionStatus.RUNNING:
            now = asyncio.get_running_loop().time()
            if now - self._asked_to_end.setdefault(row.id, now) > TERMINATE_AFTER.total_seconds():
                await self._terminate(row.workflow_id)
            raise StillEnrolledError(f"{row.id} is just ending")
        return {(row.workflow_id, run_id) for run_id in (latest.run_id, row.run_id) if run_id}

    async def _listed(self, customer: str) -> set[Run]:
        """Ended runs that bear a customer's id: of a long life all of them, where the database knows one."""
        if "'" in customer or "\\" in customer:
            return set()  # no way to write it in a query was to be found that every server reads
        query = f"{search.CUSTOMER.name} = '{customer}' AND ExecutionStatus != 'Running'"
        return {(found.id, found.run_id) async for found in self._client.list_workflows(query)}

    async def _delete(self, workflow_id: str, run_id: str) -> None:
        execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        request = DeleteWorkflowExecutionRequest(namespace=self._client.namespace, workflow_execution=execution)
        try:
            await self._client.workflow_service.delete_workflow_execution(request)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _salt(self) -> None:
        async with self._database.transaction() as session:
            salted = await Salt(session).salt_bare_hashes()
        if salted:
            _log.info("addresses that were hashed without salt are salted", hashes=salted)


def _is_away(error: TransientError) -> bool:
    """Whether what is said holds for every request: the database or Temporal is away, or too busy."""
    cause = error.__cause__
    return not isinstance(cause, RPCError) or cause.status in _AWAY


@contextmanager
def _as_far_as_we_may(refused: str) -> Iterator[None]:
    """What Temporal does not do for us, it does not: histories end with its retention. What is away is waited for."""
    try:
        yield
    except RPCError as error:
        if error.status not in _REFUSALS:
            raise UnavailableError(f"Temporal is away: {in_plain_words(error)}") from error
        _log.warning(refused, problem=error.message)
    except RuntimeError as error:  # a client that connects at its first call
        raise UnavailableError(f"Temporal is away: {in_plain_words(error)}") from error
