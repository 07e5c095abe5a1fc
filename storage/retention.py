"""Clears and deletes what was kept long enough, some hundred rows at a time. Doing it again finds nothing more.

Nothing goes that an open enrollment needs: neither its events nor its mails.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, delete, exists, func, not_, or_, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.enrollment import State
from domain.identity import ANONYMOUS_PREFIX
from domain.retention import Keeping, RetentionPolicy
from storage.identities import IDENTITY_LOCK
from storage.personal import erased_columns
from storage.repository import Repository
from storage.tables import (
    CustomerRecord,
    EnrollmentRecord,
    EventRecord,
    MessageRecord,
    OrderRecord,
    SuppressionRecord,
    table_of,
)
from storage.transitions import ENDED

BATCH = 200
"""Rows, or visitors with all of theirs, in one transaction."""

CLICKED_FOR = timedelta(days=400)
"""How long links in mails lead anywhere; see `mail.links.CLICK_MAX_AGE`."""

_CUSTOMERS = table_of(CustomerRecord)
_ENROLLMENTS = table_of(EnrollmentRecord)
_EVENTS = table_of(EventRecord)
_MESSAGES = table_of(MessageRecord)
_ORDERS = table_of(OrderRecord)
_SUPPRESSIONS = table_of(SuppressionRecord)

_ORDERED = exists().where(_ORDERS.c.event_seq == _EVENTS.c.seq)


class Retaining(Repository):
    """Does it.

    Args:
        session: a writing one, but for `due`.
        policy: how long what is kept.
        now: product time.
    """

    def __init__(self, session: AsyncSession, policy: RetentionPolicy, now: datetime) -> None:
        super().__init__(session)
        self._policy, self._now = policy, now

    async def due(self) -> dict[Keeping, int]:
        """How many rows have been kept long enough; writes nothing."""
        return {
            keeping: int((await self.execute(select(func.count()).select_from(due.subquery()))).scalar_one())
            for keeping in Keeping
            if (due := self._due(keeping)) is not None
        }

    async def step(self, keeping: Keeping) -> int:
        """Clear or delete one batch; how many rows that were. 0: nothing is left of the kind."""
        due = self._due(keeping)
        if due is None:
            return 0
        match keeping:
            case Keeping.BODIES:
                return await self._clear_bodies(due)
            case Keeping.STRANGERS:
                return await self._forget_strangers(due)
            case Keeping.EVENTS:
                return await self._delete_events(due)

    def _due(self, keeping: Keeping) -> Select[Any] | None:
        """Keys of all rows that were kept long enough."""
        kept: timedelta | None = getattr(self._policy, keeping.value)
        if kept is None:
            return None
        until = self._now - kept
        match keeping:
            case Keeping.BODIES:
                return select(_MESSAGES.c.id).where(
                    _MESSAGES.c.rendered_at < until, _MESSAGES.c.html.is_not(None), _MESSAGES.c.status.in_(ENDED)
                )
            case Keeping.STRANGERS:
                return select(_CUSTOMERS.c.id).where(*_is_stranger(until))
            case Keeping.EVENTS:
                return select(_EVENTS.c.seq).where(*_is_told(until))

    async def _clear_bodies(self, due: Select[Any]) -> int:
        ids = (await self.execute(due.limit(BATCH))).scalars().all()
        # Where links lead stays for as long as they may be clicked (`mail.links`).
        links: dict[str, Any] = {"links": []} if self._policy.bodies and self._policy.bodies >= CLICKED_FOR else {}
        cleared = update(_MESSAGES).where(_MESSAGES.c.id.in_(ids)).values(subject=None, html=None, text=None, **links)
        return (await self.execute(cleared)).rowcount if ids else 0

    async def _forget_strangers(self, due: Select[Any]) -> int:
        if self.is_postgresql:
            # As for an erasure: an event under way would find its customer gone.
            await self.execute(text(f"SELECT pg_advisory_xact_lock({IDENTITY_LOCK})"))
            due = due.with_for_update(skip_locked=True)
        ids: Sequence[str] = (await self.execute(due.limit(BATCH))).scalars().all()
        if not ids:
            return 0
        for column in (_SUPPRESSIONS.c.customer_id, *erased_columns()):
            await self.execute(delete(column.table).where(column.in_(ids)))
        return len(ids)

    async def _delete_events(self, due: Select[Any]) -> int:
        seqs = (await self.execute(due.limit(BATCH))).scalars().all()
        if not seqs:
            return 0
        these = _EVENTS.c.seq.in_(seqs)
        # An order points to its event: that one stays, without what it said.
        emptied = await self.execute(update(_EVENTS).where(these, _ORDERED).values(properties={}, context={}))
        deleted = await self.execute(delete(_EVENTS).where(these, ~_ORDERED))
        return emptied.rowcount + deleted.rowcount


def _is_stranger(until: datetime) -> tuple[ColumnElement[bool], ...]:
    in_a_journey = exists().where(_ENROLLMENTS.c.customer_id == _CUSTOMERS.c.id, _ENROLLMENTS.c.state != State.ENDED)
    waits = exists().where(
        _EVENTS.c.customer_id == _CUSTOMERS.c.id, _EVENTS.c.dispatched_at.is_(None), _EVENTS.c.parked_error.is_(None)
    )
    return (
        _CUSTOMERS.c.id.startswith(ANONYMOUS_PREFIX, autoescape=True),
        _CUSTOMERS.c.last_seen_at < until,
        _CUSTOMERS.c.email.is_(None),
        _CUSTOMERS.c.orders == 0,
        ~in_a_journey,
        ~waits,
    )


def _is_told(until: datetime) -> tuple[ColumnElement[bool], ...]:
    """Events that reached whoever wanted them. Of an order the one that is empty already is left alone."""
    in_a_journey = exists().where(
        _ENROLLMENTS.c.customer_id == _EVENTS.c.customer_id, _ENROLLMENTS.c.state != State.ENDED
    )
    is_empty_order = _ORDERED & (cast(_EVENTS.c.properties, Text) == "{}")
    return (
        _EVENTS.c.occurred_at < until,
        or_(_EVENTS.c.dispatched_at.is_not(None), _EVENTS.c.parked_error.is_not(None)),
        ~in_a_journey,
        not_(is_empty_order),
    )
