"""Enrollments: which customer is, or was, in which journey, and how it ended."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, func, select, update

from domain.calls import Admission
from domain.enrollment import EnrollmentRow, Outcome, OutcomeKind, State
from domain.model import Value
from storage.repository import Repository
from storage.tables import ENROLLMENTS

_FIELDS = [column for column in ENROLLMENTS.c if column.name not in ("admitted_at", "outcome_kind")]


class EnrollmentCount(Value):
    """How many enrollments of a journey are in a state; ended ones by their outcome."""

    journey: str
    state: State
    outcome: OutcomeKind | None
    count: int


class Enrollments(Repository):
    """Writes and reads enrollments."""

    async def open(self, row: EnrollmentRow) -> bool:
        """Add an enrollment. Whether it was new: the same event begins a journey once, however often it comes."""
        statement = self.insert(ENROLLMENTS).on_conflict_do_nothing(index_elements=["id"]).returning(ENROLLMENTS.c.id)
        return (await self.execute(statement, [_to_row(row)])).first() is not None

    async def get(self, enrollment: str) -> EnrollmentRow | None:
        """The enrollment; None when there is none of that id."""
        return await self._first(select(*_FIELDS).where(ENROLLMENTS.c.id == enrollment))

    async def admit(self, enrollment: str, workflow_id: str, run_id: str, at: datetime) -> Admission:
        """Let one run begin. Asked again by the same run, the answer is the same; a second run is refused.

        A workflow can be started twice for one enrollment: by a dispatcher that died before it noted the start, after
        the first workflow had already ended. The second must not send a mail.
        """
        mine = (ENROLLMENTS.c.id == enrollment) & (ENROLLMENTS.c.workflow_id == workflow_id)
        starting = mine & (ENROLLMENTS.c.state == State.STARTING)
        changes = {"state": State.RUNNING, "run_id": run_id, "admitted_at": at}
        admitted = await self.execute(update(ENROLLMENTS).where(starting).values(changes))
        if admitted.rowcount == 1:
            return Admission(admitted=True)
        return _admit_again(await self._first(select(*_FIELDS).where(mine)), run_id)

    async def close(self, enrollment: str, outcome: Outcome, at: datetime) -> bool:
        """Record how it ended. Whether this call did: the first outcome stays."""
        still_open = (ENROLLMENTS.c.id == enrollment) & (ENROLLMENTS.c.state != State.ENDED)
        changes = {
            "state": State.ENDED,
            "ended_at": at,
            "outcome": outcome.model_dump(mode="json"),
            "outcome_kind": outcome.kind,
        }
        return (await self.execute(update(ENROLLMENTS).where(still_open).values(changes))).rowcount == 1

    async def running(self, customers: Collection[str]) -> list[EnrollmentRow]:
        """Enrollments of these customers that have not ended, oldest first."""
        theirs = ENROLLMENTS.c.customer_id.in_(sorted(customers))
        return await self._all(select(*_FIELDS).where(theirs, ENROLLMENTS.c.state != State.ENDED))

    async def hold(self, enrollment: str) -> EnrollmentRow | None:
        """The enrollment, kept from changing until the transaction ends; None when there is none of that id.

        Whoever changes an enrollment and its messages takes it first, then them: else two would wait in a circle.
        """
        statement = select(*_FIELDS).where(ENROLLMENTS.c.id == enrollment)
        return await self._first(statement.with_for_update() if self.is_postgresql else statement)

    async def hold_running(self, customers: Collection[str]) -> list[EnrollmentRow]:
        """As `running`, kept from ending until the transaction does."""
        theirs = ENROLLMENTS.c.customer_id.in_(sorted(customers))
        statement = select(*_FIELDS).where(theirs, ENROLLMENTS.c.state != State.ENDED)
        return await self._all(statement.with_for_update() if self.is_postgresql else statement)

    async def starting(self) -> list[EnrollmentRow]:
        """Enrollments that were decided, and that no workflow has taken up yet, oldest first."""
        return await self._all(select(*_FIELDS).where(ENROLLMENTS.c.state == State.STARTING))

    async def earlier(self, journey: str, customer: str, *keys: str) -> list[EnrollmentRow]:
        """The customer's enrollments in a journey, with one of the keys or, without any, with no key; oldest first."""
        return await self._all(_same(journey, customer, *keys))

    async def of_customer(self, customer: str) -> list[EnrollmentRow]:
        """All of a customer's enrollments, oldest first."""
        return await self._all(select(*_FIELDS).where(ENROLLMENTS.c.customer_id == customer))

    async def counts(self) -> list[EnrollmentCount]:
        """How many there are by journey, state and outcome, in that order."""
        group = (ENROLLMENTS.c.journey, ENROLLMENTS.c.state, ENROLLMENTS.c.outcome_kind)
        rows = await self.execute(select(*group, func.count().label("total")).group_by(*group).order_by(*group))
        return [
            EnrollmentCount(journey=row.journey, state=row.state, outcome=row.outcome_kind, count=row.total)
            for row in rows
        ]

    async def _first(self, statement: Select[Any]) -> EnrollmentRow | None:
        row = (await self.execute(statement.limit(1))).mappings().first()
        return _from_row(row) if row is not None else None

    async def _all(self, statement: Select[Any]) -> list[EnrollmentRow]:
        rows = await self.execute(statement.order_by(ENROLLMENTS.c.started_at, ENROLLMENTS.c.id))
        return [_from_row(row) for row in rows.mappings()]


def _same(journey: str, customer: str, *keys: str) -> Select[Any]:
    return select(*_FIELDS).where(
        ENROLLMENTS.c.journey == journey,
        ENROLLMENTS.c.customer_id == customer,
        ENROLLMENTS.c.key.in_(keys) if keys else ENROLLMENTS.c.key.is_(None),
    )


def _admit_again(row: EnrollmentRow | None, run_id: str) -> Admission:
    if row is None:
        return Admission(admitted=False, why="there is no such enrollment")
    if row.state is State.ENDED:
        return Admission(admitted=False, why="the enrollment has ended")
    if row.run_id != run_id:
        return Admission(admitted=False, why="another run of this enrollment was admitted")
    return Admission(admitted=True)


def _to_row(row: EnrollmentRow) -> dict[str, Any]:
    fields = row.model_dump(exclude={"customer"})
    return fields | {
        "customer_id": row.customer,
        "occasion": row.occasion.model_dump(mode="json"),
        "outcome": row.outcome.model_dump(mode="json") if row.outcome else None,
        "outcome_kind": row.outcome.kind if row.outcome else None,
    }


def _from_row(row: RowMapping) -> EnrollmentRow:
    fields = dict(row)
    return EnrollmentRow(customer=fields.pop("customer_id"), **fields)
