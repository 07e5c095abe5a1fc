"""Begins enrollments and tells them things, on Temporal. The only place that starts or signals journeys."""

import inspect
from enum import StrEnum

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.enrollment import Start, workflow_id
from domain.errors import PermanentError, UnavailableError
from domain.signals import JOIN, SIGNAL_NAMES, Join, Signal
from temporal import TASK_QUEUE, in_plain_words
from workflows.catalogue import journey_named
from workflows.vocabulary import search

ENROLLMENT_MEMO = "enrollment"
"""Memo key with the enrollment's id: tells two runs of one workflow id apart."""

_PERMANENT = (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)


class RejectedByTemporalError(PermanentError):
    """Temporal will never take this start or signal, e.g. because its payload is too large."""


class HeldError(UnavailableError):
    """One customer has to wait, and the others need not."""


class StillEndingError(HeldError):
    """The customer's earlier enrollment under the same workflow id is about to end."""


class StillFullError(HeldError):
    """The enrollment's run has been told all that it may be, 10,000 signals; it is about to hand over to the next."""


class Presence(StrEnum):
    """What Temporal knows of an enrollment's workflow."""

    RUNS = "runs"
    ENDED = "ended"
    """It was there and runs no longer, whatever ended it."""
    UNKNOWN = "unknown"
    """Never there, or forgotten after the namespace's retention, or this is another Temporal than the one it is in."""


class Enroller:
    """Starts and signals enrollments."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def begin(self, start: Start, identifier: str | None = None) -> None:
        """Start the workflow of an enrollment. Idempotent per enrollment.

        Args:
            start: its input.
            identifier: its workflow id, where that is not the customer's own: an enrollment whose customer turned out
                to be another keeps the one it was recorded with.

        Raises:
            UnavailableError: Temporal is away.
            StillEndingError: an earlier enrollment under the same workflow id is just ending; try again.
            RejectedByTemporalError: it can never be started.
        """
        identifier = identifier or workflow_id(start.journey, start.customer, start.key)
        try:
            await self._start(identifier, start)
        except WorkflowAlreadyStartedError:
            if await self._running_enrollment(identifier) != start.enrollment:
                raise StillEndingError(f"{identifier} is still ending its earlier enrollment") from None
        except (RPCError, RuntimeError) as error:
            raise _translated(error) from error

    async def tell(self, identifier: str, signal: Signal) -> bool:
        """Signal an enrollment. Returns False when it no longer runs, which is no error.

        Raises:
            UnavailableError: Temporal is away.
            StillFullError: the enrollment can take no more until it has handed over; try again.
            RejectedByTemporalError: the signal can never be delivered.
        """
        return await self._signal(identifier, SIGNAL_NAMES[type(signal)], signal)

    async def join(self, identifier: str, told: Join) -> bool:
        """Tell an enrollment whose it is now. Returns False when it no longer runs.

        Raises:
            UnavailableError: Temporal is away.
            StillFullError: the enrollment can take no more until it has handed over; try again.
            RejectedByTemporalError: it can never be told.
        """
        return await self._signal(identifier, JOIN, told)

    async def cancel(self, identifier: str) -> None:
        """Ask an enrollment to stop.

        Raises:
            UnavailableError: Temporal is away.
        """
        try:
            await self._client.get_workflow_handle(identifier).cancel()
        except (RPCError, RuntimeError) as error:
            if not _is_gone(error):
                raise _translated(error) from error

    async def look(self, identifier: str, enrollment: str) -> Presence:
        """Whether the workflow of an enrollment is running.

        Raises:
            UnavailableError: Temporal is away.
        """
        try:
            description = await self._client.get_workflow_handle(identifier).describe()
            memo = await description.memo()
        except (RPCError, RuntimeError) as error:
            if _is_gone(error):
                return Presence.UNKNOWN
            raise _translated(error) from error
        if memo.get(ENROLLMENT_MEMO) != enrollment:
            return Presence.UNKNOWN
        return Presence.RUNS if description.status is WorkflowExecutionStatus.RUNNING else Presence.ENDED

    async def _signal(self, identifier: str, name: str, payload: Signal | Join) -> bool:
        try:
            await self._client.get_workflow_handle(identifier).signal(name, payload)
        except (RPCError, RuntimeError) as error:
            if _is_gone(error):
                return False
            raise _translated(error) from error
        return True

    async def _start(self, identifier: str, start: Start) -> None:
        journey = journey_named(start.journey)
        await self._client.start_workflow(
            journey.plan.name,
            start,
            id=identifier,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            memo={ENROLLMENT_MEMO: start.enrollment},
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(search.JOURNEY, start.journey),
                    SearchAttributePair(search.CUSTOMER, start.customer),
                    SearchAttributePair(search.STEP, search.QUIETLY_STARTING),
                ]
            ),
            static_summary=start.title,
            static_details=f"{inspect.getdoc(journey) or ''}\n\nBegan with: {start.occasion.name}",
        )

    async def _running_enrollment(self, identifier: str) -> str | None:
        try:
            description = await self._client.get_workflow_handle(identifier).describe()
            memo = await description.memo()
        except (RPCError, RuntimeError) as error:
            raise _translated(error) from error
        found = memo.get(ENROLLMENT_MEMO)
        return None if found is None else str(found)


def _is_gone(error: RPCError | RuntimeError) -> bool:
    # A namespace that is not there (yet) also says NOT_FOUND; that is an outage and not an ended enrollment.
    if not isinstance(error, RPCError):
        return False
    return error.status is RPCStatusCode.NOT_FOUND and "namespace" not in error.message.lower()


_FULL = "exceeded workflow execution limit for signal events"
"""The server's words where a run has had `history.maximumSignalsPerExecution`; the status is that of a bad request."""


def _translated(error: RPCError | RuntimeError) -> UnavailableError | RejectedByTemporalError:
    if isinstance(error, RPCError) and _FULL in error.message:
        return StillFullError(f"an enrollment is full for now: {error.message}")
    # A client that connects at its first call fails with a RuntimeError there.
    if isinstance(error, RPCError) and error.status in _PERMANENT:
        return RejectedByTemporalError(f"Temporal refused: {error.message}")
    return UnavailableError(f"Temporal is away: {in_plain_words(error)}")
