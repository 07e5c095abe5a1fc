"""Enrollments whose workflow is gone: terminated by an operator, failed, or lost. Nothing else would ever end them."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.enrollment import EnrollmentRow, Outcome, OutcomeKind, State
from metrics.enrollments import count_ended
from metrics.mails import count_ends
from storage.enrollments import Enrollments
from storage.ledger import Ledger

WHY = "its workflow no longer runs"


async def end_gone(session: AsyncSession, row: EnrollmentRow, at: datetime) -> None:
    """End an enrollment in its workflow's place: what was still to go is dropped, what went out counts.

    One that has recorded its outcome keeps it.
    """
    held = await Enrollments(session).hold(row.id)
    if held is None or held.state is State.ENDED:
        return
    count_ends(row.journey, await Ledger(session).end_open(row.id, WHY, at))
    mails = await Ledger(session).count_sent(row.id)
    await Enrollments(session).close(row.id, Outcome(kind=OutcomeKind.CANCELLED, why=WHY, mails=mails), at)
    count_ended(row.journey, OutcomeKind.CANCELLED)
