"""Two customers that turn out to be one: which of their enrollments go on. Pure; `storage.joining` carries it out.

Everything that is the former id's becomes the known customer's. Where both are in the same journey, about the same
thing, one enrollment goes on: the one whose sequence is further, since no mail must come twice. It is the one that has
handed over more mails; of two alike the one whose last mail is newer, because it is that mail which the customer may
answer; of two that have said nothing yet the one that began earlier.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from pydantic import Field

from domain.enrollment import EnrollmentRow, Outcome, OutcomeKind
from domain.model import CustomerId, Instant, Value

_NEVER = datetime.min.replace(tzinfo=UTC)


class Said(Value):
    """What an enrollment has said to the customer so far."""

    mails: int = 0
    """How many were handed over."""
    last_at: Instant | None = None
    """When the latest was."""


class Superseded(Value):
    """An enrollment that ended because another of the same person goes on in its place."""

    enrollment: str
    workflow_id: str
    by: str
    """Workflow id of the one that goes on."""


class NewJoin(Value):
    """A join, as it is to be written down for whoever asks later. It carries ids and numbers only."""

    customer: CustomerId
    """Whose history it is now; another than `joined_to` where that customer was joined to a third."""
    former: str
    """The customer id that turned out to be somebody's."""
    joined_to: str
    """Whose it turned out to be."""
    event_id: str
    """Message id of the event that said so."""
    at: Instant
    """When that event was received."""
    moved: dict[str, int] = Field(default_factory=dict)
    """How many rows were moved, by table. What was said for another mailbox stays with `former`: it is not counted."""
    dropped: dict[str, int] = Field(default_factory=dict)
    """How many of the former id's rows gave way to the known customer's, by table; e.g. a second variant."""
    carried: tuple[str, ...] = ()
    """Enrollments that were open under the former id, and go on for the known customer."""
    superseded: tuple[Superseded, ...] = ()
    told_at: Instant | None = None
    """When all workflows had been told."""


class CustomerJoin(NewJoin):
    """One that was written down."""

    id: int


def settle(running: Iterable[EnrollmentRow], said: Mapping[str, Said]) -> tuple[Superseded, ...]:
    """Find which open enrollments of what is one person now end, so that one remains for each journey and key.

    Args:
        running: open enrollments of both.
        said: by enrollment, what it has said; one that is missing has said nothing.
    """
    ended: list[Superseded] = []
    goes_on: dict[tuple[str, str | None], EnrollmentRow] = {}
    for row in sorted(running, key=lambda row: (_progress(said.get(row.id, Said())), row.started_at, row.id)):
        first = goes_on.setdefault((row.journey, row.key), row)
        if first is not row:
            ended.append(Superseded(enrollment=row.id, workflow_id=row.workflow_id, by=first.workflow_id))
    return tuple(ended)


def superseded_outcome(by: str, mails: int = 0) -> Outcome:
    """How an enrollment ends that another goes on for."""
    return Outcome(
        kind=OutcomeKind.SUPERSEDED, why=f"two customers turned out to be one: {by} goes on for both", mails=mails
    )


def _progress(said: Said) -> tuple[int, float]:
    """Sorts the furthest first."""
    return -said.mails, -(said.last_at or _NEVER).timestamp()
