"""Clears and deletes what was kept long enough, some hundred rows at a time. Doing it again finds nothing more.

Nothing goes that an open enrollment needs: neither its events nor its mails. What is due is looked for while others
write, by indexes that hold little else (migration 0014), and looked at again by whoever clears it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, delete, exists, func, or_, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.retention import Batch, Keeping, RetentionPolicy
from storage.database import Database
from storage.departed import Departed, is_in_a_journey, is_waited_for, select_departed, select_unseen
from storage.identities import Identities
from storage.repository import Repository
from storage.tables import (
    CUSTOMERS,
    EVENTS,
    MESSAGES,
    ORDERS,
    STRANGER,
    TELLING,
    WITH_BODY,
    WITH_LINKS_ALONE,
)
from storage.transitions import ENDED

BATCH = 200
"""Rows, or visitors with all of theirs, in one transaction."""

MOST_CUSTOMERS = 25
"""Known customers with all of theirs in one transaction: nobody can sign in meanwhile."""

CLICKED_FOR = timedelta(days=400)
"""How long links in mails lead anywhere; see `mail.links.CLICK_MAX_AGE`."""


_ORDERED = exists().where(ORDERS.c.event_seq == EVENTS.c.seq)


class Part(StrEnum):
    """What goes by one statement, each with an index of its own."""

    BODIES = "bodies"
    LINKS = "links"
    """Where the links of mails lead whose bodies went earlier."""
    STRANGERS = "strangers"
    EVENTS = "events"
    CUSTOMERS = "customers"


KEEPING: Final = {Part.LINKS: Keeping.BODIES} | {Part(keeping.value): keeping for keeping in Keeping}
"""Under which name each part is kept, and counted."""


class Place(NamedTuple):
    """How far a sweep is: it goes by the moment, and by the key."""

    moment: datetime
    key: Any


class Sweep:
    """Goes once over all that is due, the oldest first, and remembers where it is. One that is lost costs little.

    Args:
        database: migrated.
        policy: how long what is kept.
    """

    def __init__(self, database: Database, policy: RetentionPolicy) -> None:
        self._database, self._policy = database, policy
        self._places: dict[Part, Place] = {}
        self._over: set[Part] = set()

    async def step(self, now: datetime) -> Batch:
        """Clear or delete the next rows of a kind, in a transaction; nothing is written where nothing is due.

        Without an answer's `keeping` the sweep is over.

        Raises:
            UnavailableError: the database is away. Nothing was changed, or all of the batch.
        """
        for part in Part:
            while part not in self._over:
                async with self._database.read() as session:
                    found = await Retaining(session, self._policy, now).find(part, self._places.get(part))
                if not found:
                    self._over.add(part)
                    break
                async with self._database.transaction() as session:
                    rows = await Retaining(session, self._policy, now).clear(part, [place.key for place in found])
                self._places[part] = found[-1]
                if rows:
                    return Batch(keeping=KEEPING[part].value, rows=rows)
        return Batch()


class Retaining(Repository):
    """Finds what is due, and clears it.

    Args:
        session: a writing one for `clear`.
        policy: how long what is kept.
        now: product time.
    """

    def __init__(self, session: AsyncSession, policy: RetentionPolicy, now: datetime) -> None:
        super().__init__(session)
        self._policy, self._now = policy, now

    async def due(self) -> dict[Keeping, int]:
        """How many rows have been kept long enough; writes nothing."""
        counted: dict[Keeping, int] = {}
        for part, keeping in KEEPING.items():
            if (due := self.select(part)) is not None:
                rows = (await self.execute(select(func.count()).select_from(due.subquery()))).scalar_one()
                counted[keeping] = counted.get(keeping, 0) + int(rows)
        return counted

    async def find(self, part: Part, after: Place | None = None) -> list[Place]:
        """The next rows that are due, a batch of them. Empty: no more."""
        due = self.select(part, after)
        if due is None:
            return []
        if part is Part.CUSTOMERS:
            return await self._find_departed(due, after)
        return [Place(row.moment, row.key) for row in await self.execute(due.limit(BATCH))]

    async def clear(self, part: Part, keys: Sequence[Any]) -> int:
        """Clear or delete those of some rows that are due; how many that were."""
        due = self.select(part)
        if due is None or not keys:
            return 0
        due = due.where(_ORDER[part][1].in_(keys))
        match part:
            case Part.BODIES:
                return await self._clear_bodies(due)
            case Part.LINKS:
                return await self._clear(due, links=[])
            case Part.STRANGERS:
                return await self._forget_strangers(due)
            case Part.EVENTS:
                return await self._delete_events(due)
            case Part.CUSTOMERS:
                return await self._forget_departed(due)

    def select(self, part: Part, after: Place | None = None) -> Select[Any] | None:
        """Moments and keys of all rows that were kept long enough, in order; None: they are kept for ever."""
        kept: timedelta | None = getattr(self._policy, KEEPING[part].value)
        if kept is None:
            return None
        if part is Part.CUSTOMERS:
            return select_departed(self._now - kept)
        moment, key = _ORDER[part]
        until = self._now - (max(kept, CLICKED_FOR) if part is Part.LINKS else kept)
        due = select(moment.label("moment"), key.label("key")).where(
            moment < until, text(f"({_INDEXED[part]})"), *_CONDITIONS[part]
        )
        if after is not None:
            due = due.where(moment >= after.moment, or_(moment > after.moment, key > after.key))
        return due.order_by(moment, key)

    async def _clear_bodies(self, due: Select[Any]) -> int:
        # Where links lead stays for as long as they may be clicked (`mail.links`).
        links: dict[str, Any] = {"links": []} if self._policy.bodies and self._policy.bodies >= CLICKED_FOR else {}
        return await self._clear(due, subject=None, html=None, text=None, **links)

    async def _clear(self, due: Select[Any], **values: Any) -> int:
        ids = await self._keys(due)
        return (await self.execute(update(MESSAGES).where(MESSAGES.c.id.in_(ids)).values(**values))).rowcount

    async def _forget_strangers(self, due: Select[Any]) -> int:
        if self.is_postgresql:
            await Identities(self.session).hold_alone()
            due = due.with_for_update(skip_locked=True)
        ids = await self._keys(due)
        if ids:
            await Departed(self.session).delete(ids)
        return len(ids)

    async def _find_departed(self, due: Select[Any], after: Place | None) -> list[Place]:
        """Look at so many customers at once that no plan goes over all events."""
        unseen = select_unseen(self._now - (self._policy.customers or timedelta()))
        key = "" if after is None else str(after.key)
        while looked_at := await self._keys(unseen.where(CUSTOMERS.c.id > key).limit(BATCH)):
            rows = await self.execute(due.where(CUSTOMERS.c.id.in_(looked_at)).limit(MOST_CUSTOMERS))
            if found := [Place(row.moment, row.key) for row in rows]:
                return found
            key = looked_at[-1]
        return []

    async def _forget_departed(self, due: Select[Any]) -> int:
        await Identities(self.session).hold_alone()
        ids = await self._keys(due.with_for_update(skip_locked=True) if self.is_postgresql else due)
        if ids:
            await Departed(self.session).forget(ids)
        return len(ids)

    async def _delete_events(self, due: Select[Any]) -> int:
        these = EVENTS.c.seq.in_(await self._keys(due))
        # An order points to its event: that one stays, without what it said.
        emptied = await self.execute(update(EVENTS).where(these, _ORDERED).values(properties={}, context={}))
        deleted = await self.execute(delete(EVENTS).where(these, ~_ORDERED))
        return emptied.rowcount + deleted.rowcount

    async def _keys(self, due: Select[Any]) -> Sequence[Any]:
        return [row.key for row in await self.execute(due)]


_ORDER: Final[dict[Part, tuple[Column[Any], Column[Any]]]] = {
    Part.BODIES: (MESSAGES.c.rendered_at, MESSAGES.c.id),
    Part.LINKS: (MESSAGES.c.rendered_at, MESSAGES.c.id),
    Part.STRANGERS: (CUSTOMERS.c.last_seen_at, CUSTOMERS.c.id),
    Part.EVENTS: (EVENTS.c.occurred_at, EVENTS.c.seq),
    Part.CUSTOMERS: (CUSTOMERS.c.last_seen_at, CUSTOMERS.c.id),
}
"""Since when each row has been kept, and its key; in the order of the index."""

_INDEXED: Final = {
    Part.BODIES: WITH_BODY,
    Part.LINKS: WITH_LINKS_ALONE,
    Part.STRANGERS: STRANGER,
    Part.EVENTS: TELLING,
}

_CONDITIONS: Final[dict[Part, tuple[ColumnElement[bool], ...]]] = {
    Part.BODIES: (MESSAGES.c.status.in_(ENDED),),
    Part.LINKS: (MESSAGES.c.status.in_(ENDED),),
    Part.STRANGERS: (~is_in_a_journey(CUSTOMERS.c.id), ~is_waited_for(CUSTOMERS.c.id)),
    # Events that reached whoever wanted them.
    Part.EVENTS: (
        or_(EVENTS.c.dispatched_at.is_not(None), EVENTS.c.parked_error.is_not(None)),
        ~is_in_a_journey(EVENTS.c.customer_id),
    ),
}
"""What else is true of rows that may go."""
