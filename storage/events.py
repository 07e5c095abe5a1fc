"""The event store: commits events with what they change, and hands them to the dispatcher in order."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, tuple_, update

from domain.enrollment import Occasion
from domain.event import ORDER_COMPLETED, Event, EventType, StoredEvent
from domain.model import Value
from storage.commit import Commit
from storage.database import announce
from storage.repository import Repository
from storage.storable import storable_event
from storage.tables import EVENTS

_OPEN = EVENTS.c.dispatched_at.is_(None) & EVENTS.c.parked_error.is_(None)
_PLACE = ("seq", "customer_id", "nth", "starts_visit", "repeats")
_EVENT_COLUMNS = [column for column in EVENTS.c if column.name in {*Event.model_fields, *_PLACE}]


class Committed(Value):
    """What became of a batch. Events that follow from others are in neither number."""

    new: frozenset[str]
    """Message ids of those that were not stored before."""
    duplicates: int
    """The others; events of customers who are gone among them, see `EventStore.commit`."""

    @property
    def accepted(self) -> int:
        """How many were not stored before."""
        return len(self.new)


class EventStore(Repository):
    """Writes and reads events."""

    async def commit(
        self, events: Sequence[Event], mailboxes: Collection[str] = (), of_known: Collection[str] = ()
    ) -> Committed:
        """Store events, and fold them into their customers, in their order. All or none.

        Idempotent per message id: what was stored before, or stands in the batch twice, changes nothing. Whoever waits
        for events is woken if the caller's transaction commits. Meant for batches of up to 500.

        Args:
            events: the batch.
            mailboxes: addresses, in their normal form, about which the caller will say something in the transaction.
            of_known: message ids of events that make nobody known. Of a customer who is gone they are not stored.

        Raises:
            InvalidEventError: an event names neither a user nor an anonymous visitor.
            ContendedError: another transaction was storing one of these events. Try the batch again.
        """
        fresh: dict[str, Event] = {}
        for event in map(storable_event, events):
            fresh.setdefault(event.message_id, event)
        storing = Commit(self.session, mailboxes=mailboxes, of_known=of_known)
        new = await storing.run([*fresh.values()]) if fresh else frozenset[str]()
        if new:
            await announce(self.session)
        return Committed(new=new, duplicates=len(events) - len(new))

    async def commit_past(self, events: Sequence[Event], at: datetime) -> Committed:
        """Store events of the past, as `commit` does: they count for facts, orders and intent, and nobody is told.

        They begin no journey, and signal none. `at` is when they are taken for dispatched.

        Raises: as `commit`.
        """
        fresh: dict[str, Event] = {}
        for event in map(storable_event, events):
            fresh.setdefault(event.message_id, event)
        new = await Commit(self.session, dispatched_at=at).run([*fresh.values()]) if fresh else frozenset[str]()
        return Committed(new=new, duplicates=len(events) - len(new))

    async def last_identified(self, customers: Collection[str]) -> dict[str, datetime]:
        """When something was last told of each of several customers by an identify call; others are left out."""
        theirs = EVENTS.c.customer_id.in_(sorted(customers)) & (EVENTS.c.name == EventType.IDENTIFY.value)
        latest = select(EVENTS.c.customer_id, func.max(EVENTS.c.occurred_at).label("at")).where(theirs)
        rows = await self.execute(latest.group_by(EVENTS.c.customer_id))
        return {row.customer_id: row.at for row in rows}

    async def pending(self, limit: int, excluding: Collection[str] = ()) -> list[StoredEvent]:
        """Events not dispatched yet, in order, leaving out some customers."""
        statement = select(*_EVENT_COLUMNS).where(_OPEN).order_by(EVENTS.c.seq).limit(limit)
        if excluding:
            statement = statement.where(EVENTS.c.customer_id.not_in(sorted(excluding)))
        return await self._read(statement)

    async def mark_dispatched(
        self, seqs: Collection[int], at: datetime, whose: Mapping[int, str] | None = None
    ) -> None:
        """Note that events have reached whoever wanted them. Up to some ten thousand at once.

        `whose` says as whose each was delivered: one that is another customer's by now stays pending.
        """
        if not seqs:
            return
        delivered = update(EVENTS).where(EVENTS.c.seq.in_(sorted(seqs)))
        if whose is not None:
            delivered = delivered.where(tuple_(EVENTS.c.seq, EVENTS.c.customer_id).in_(sorted(whose.items())))
        await self.execute(delivered.values(dispatched_at=at))

    async def park(self, seq: int, error: str) -> None:
        """Set an event aside that can never be dispatched, so that those behind it can."""
        await self.execute(update(EVENTS).where(EVENTS.c.seq == seq).values(parked_error=error))

    async def recent(self, customer: str, since: datetime, limit: int = 500) -> list[StoredEvent]:
        """What the customer did since then, oldest first; of more than the limit, the latest."""
        latest = select(*_EVENT_COLUMNS).where(EVENTS.c.customer_id == customer, EVENTS.c.occurred_at >= since)
        latest = latest.order_by(EVENTS.c.occurred_at.desc(), EVENTS.c.seq.desc()).limit(limit)
        return (await self._read(latest))[::-1]

    async def at(self, seq: int) -> StoredEvent | None:
        """The event at a place in the store; None when it is gone."""
        found = await self._read(select(*_EVENT_COLUMNS).where(EVENTS.c.seq == seq))
        return found[0] if found else None

    async def recent_of(
        self, customers: Collection[str], since: datetime, until: datetime, limit: int = 500
    ) -> dict[str, list[StoredEvent]]:
        """What several customers did after `since` and until `until`, in no order; of more than the limit, the latest.

        Those who did nothing are left out. Meant for a page of customers: each may have as many events as the limit.
        """
        newest_first = (EVENTS.c.occurred_at.desc(), EVENTS.c.seq.desc())
        place = func.row_number().over(partition_by=EVENTS.c.customer_id, order_by=newest_first).label("place")
        theirs = EVENTS.c.customer_id.in_(sorted(customers))
        lately = (EVENTS.c.occurred_at > since) & (EVENTS.c.occurred_at <= until)
        placed = select(*_EVENT_COLUMNS, place).where(theirs, lately).subquery()
        wanted = [column for column in placed.c if column.name != "place"]
        found: dict[str, list[StoredEvent]] = {}
        for stored in await self._read(select(*wanted).where(placed.c.place <= limit)):
            found.setdefault(stored.customer, []).append(stored)
        return found

    async def last_activity(self, customer: str, names: Collection[str]) -> datetime | None:
        """When the customer last did one of these things; None when never."""
        latest = select(func.max(EVENTS.c.occurred_at)).where(*_of(customer, names))
        moment: datetime | None = (await self.execute(latest)).scalar()
        return moment

    async def ended_by(
        self, customer: str, names: Collection[str], occasion: Occasion, *, before: int | None = None
    ) -> str | None:
        """The first of these events that was committed after the occasion, and occurred no earlier; None if none.

        An order reported a second time is no further order, and one that may have led to the occasion ends nothing.
        `before` is a place in the store: later ones do not count.
        """
        later = (EVENTS.c.seq > occasion.seq) & (EVENTS.c.occurred_at >= occasion.occurred_at)
        if occasion.earned_until is not None:
            later &= (EVENTS.c.name != ORDER_COMPLETED) | (EVENTS.c.occurred_at > occasion.earned_until)
        first = select(EVENTS.c.name).where(*_of(customer, names), later, ~EVENTS.c.repeats)
        if before is not None:
            first = first.where(EVENTS.c.seq < before)
        name: str | None = (await self.execute(first.order_by(EVENTS.c.seq).limit(1))).scalar()
        return name

    async def told_since(
        self, customer: str, names: Collection[str], occasion: Occasion, limit: int
    ) -> list[StoredEvent]:
        """The customer's events of these names from after the occasion that were dispatched, the first committed first.

        They may have been dispatched while they were somebody else's.
        """
        told = (EVENTS.c.seq > occasion.seq) & EVENTS.c.dispatched_at.is_not(None)
        theirs = select(*_EVENT_COLUMNS).where(*_of(customer, names), told)
        return await self._read(theirs.order_by(EVENTS.c.seq).limit(limit))

    async def of_names(self, customer: str, names: Collection[str]) -> list[StoredEvent]:
        """The customer's events of these names, the first committed first."""
        return await self._read(select(*_EVENT_COLUMNS).where(*_of(customer, names)).order_by(EVENTS.c.seq))

    async def of_backends(self, customer: str, name: str) -> list[StoredEvent]:
        """The customer's events of a name that were not reported with a browser's key, the first committed first."""
        theirs = select(*_EVENT_COLUMNS).where(*_of(customer, [name]), ~EVENTS.c.public)
        return await self._read(theirs.order_by(EVENTS.c.seq))

    async def latest_seq(self, customer: str) -> int:
        """The place of the customer's newest event; 0 before the first."""
        newest = select(func.max(EVENTS.c.seq)).where(EVENTS.c.customer_id == customer)
        return (await self.execute(newest)).scalar() or 0

    async def count_pending(self) -> int:
        """How many events wait to be dispatched."""
        return await self._count(_OPEN)

    async def count_parked(self) -> int:
        """How many events were set aside."""
        return await self._count(EVENTS.c.parked_error.is_not(None))

    async def _count(self, which: ColumnElement[bool]) -> int:
        return int((await self.execute(select(func.count()).select_from(EVENTS).where(which))).scalar_one())

    async def _read(self, statement: Select[Any]) -> list[StoredEvent]:
        return [_from_row(row) for row in (await self.execute(statement)).mappings()]


def _of(customer: str, names: Iterable[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return EVENTS.c.customer_id == customer, EVENTS.c.name.in_(sorted(names))


def _from_row(row: RowMapping) -> StoredEvent:
    event = Event.model_validate({name: value for name, value in row.items() if name not in _PLACE})
    return StoredEvent(
        customer=row["customer_id"], event=event, **{name: row[name] for name in _PLACE if name != "customer_id"}
    )
