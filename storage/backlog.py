"""Backlog: what waits to be done, in a few small looks that any moment may ask for. Read by metrics."""

from sqlalchemy import func, select

from domain.model import Instant, Value
from storage.repository import Repository
from storage.tables import ERASURES, EVENTS, JOINS

MOST_COUNTED = 10_000
"""Beyond it a backlog is that long at least: counting on would make a scrape slow when it is needed most."""


class Backlog(Value):
    """What waits. Moments are product time; None: nothing waits."""

    events: int
    """Not dispatched yet; `MOST_COUNTED` at most, as the joins."""
    first_event_at: Instant | None
    """When the first of them arrived."""
    joins: int
    """Of which no journey was told yet."""
    erasures_asked: int
    """Ever; they are few, and their rows stay."""
    erasures_done: int
    first_erasure_at: Instant | None
    """When the first of those that stand was asked for."""


class Backlogs(Repository):
    """Reads it."""

    async def read(self) -> Backlog:
        """What waits now. Partial indexes hold what is pending, so nothing here reads through a large table."""
        is_open = EVENTS.c.dispatched_at.is_(None) & EVENTS.c.parked_error.is_(None)
        pending = select(EVENTS.c.seq).where(is_open).limit(MOST_COUNTED).subquery()
        untold = select(JOINS.c.id).where(JOINS.c.told_at.is_(None)).limit(MOST_COUNTED).subquery()
        first = select(EVENTS.c.received_at).where(is_open).order_by(EVENTS.c.seq).limit(1)
        standing = ERASURES.c.done_at.is_(None)
        erasures = select(
            func.count(ERASURES.c.id).label("asked"),
            func.count(ERASURES.c.done_at).label("done"),
            func.min(ERASURES.c.asked_at).filter(standing).label("first_at"),
        )
        events = (await self.execute(select(func.count()).select_from(pending))).scalar_one()
        joins = (await self.execute(select(func.count()).select_from(untold))).scalar_one()
        forgetting = (await self.execute(erasures)).one()
        return Backlog(
            events=events,
            first_event_at=(await self.execute(first)).scalar(),
            joins=joins,
            erasures_asked=forgetting.asked,
            erasures_done=forgetting.done,
            first_erasure_at=forgetting.first_at,
        )
