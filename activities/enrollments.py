"""Begins and ends enrollments in the database."""

from temporalio import activity

from domain import calls
from domain.clock import Clock
from domain.enrollment import State
from metrics import enrollments as metrics
from metrics.mails import count_ends
from storage.database import Database
from storage.enrollments import Enrollments
from storage.ledger import Ledger


class EnrollmentActivities:
    """Admission and closing."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    @activity.defn(name=calls.ADMIT)
    async def admit(self, request: calls.AdmitRequest) -> calls.Admission:
        """Let one run of an enrollment begin.

        Idempotent per run. A second run of the same enrollment, started by an event that was delivered again, is not
        admitted: nobody is enrolled twice by one event.
        """
        async with self._database.transaction() as session:
            enrollments = Enrollments(session)
            row = await enrollments.get(request.enrollment)
            admission = await enrollments.admit(
                request.enrollment, request.workflow_id, request.run_id, self._clock.now()
            )
        if admission.admitted and row is not None and row.state is State.STARTING:  # and not asked again
            metrics.count_begun(row.journey)
        return admission

    @activity.defn(name=calls.CLOSE)
    async def close(self, request: calls.CloseRequest) -> bool:
        """Record the outcome, and drop what was still to go. Idempotent: the first outcome stays.

        A message that was handed over without an answer becomes *unknown*.
        """
        async with self._database.transaction() as session:
            row = await Enrollments(session).hold(request.enrollment)
            why = f"the journey ended: {request.outcome.why}"
            mails = await Ledger(session).end_open(request.enrollment, why, request.at)
            is_first = await Enrollments(session).close(request.enrollment, request.outcome, request.at)
        if row is not None and is_first:
            metrics.count_ended(row.journey, request.outcome.kind)
            count_ends(row.journey, mails)
        return is_first
