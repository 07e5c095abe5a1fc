"""A dispatcher between a real database and a fake Temporal, for the tests of what it delivers."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from domain import event as names
from domain.clock import PacedClock
from domain.enrollment import EnrollmentRow, Start, workflow_id
from domain.errors import UnavailableError
from domain.event import Event, EventType
from domain.signals import Join, Signal
from starter.dispatch.dispatcher import Dispatcher
from starter.dispatch.enrolling import Enroller, Presence, RejectedByTemporalError, StillEndingError
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.routing import Routes

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class FixedClock:
    """Product time as the test sets it."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment


class FakeTemporal(Enroller):
    """Takes starts and signals as Temporal would, and can be away, refuse, or not be done with somebody yet."""

    def __init__(self) -> None:
        self.went: list[str] = []
        """Everything that got through, in order: `start <workflow id>` and `<signal> <workflow id>`."""
        self.starts: list[Start] = []
        self.signals: list[Signal] = []
        self.joins: list[Join] = []
        self.asked = 0
        self.away = False
        self.refuses: set[str] = set()
        self.still_ending: set[str] = set()
        self.ended: set[str] = set()
        self.missing: set[str] = set()
        """Not there until started."""
        self.unknown: set[str] = set()
        self.broken: set[str] = set()
        """Fails as nobody foresaw."""

    async def begin(self, start: Start, identifier: str | None = None) -> None:
        identifier = identifier or workflow_id(start.journey, start.customer, start.key)
        self._ask(identifier)
        self.missing.discard(identifier)
        self.starts.append(start)
        self.went.append(f"start {identifier}")

    async def tell(self, identifier: str, signal: Signal) -> bool:
        self._ask(identifier)
        if identifier in self.ended | self.unknown | self.missing:
            return False
        self.signals.append(signal)
        self.went.append(f"{type(signal).__name__.lower()} {identifier}")
        return True

    async def join(self, identifier: str, told: Join) -> bool:
        self._ask(identifier)
        if identifier in self.ended | self.unknown | self.missing:
            return False
        self.joins.append(told)
        self.went.append(f"{'end' if told.superseded_by else 'join'} {identifier}")
        return True

    async def look(self, identifier: str, enrollment: str) -> Presence:
        if identifier in self.unknown:
            return Presence.UNKNOWN
        return Presence.ENDED if identifier in self.ended else Presence.RUNS

    def _ask(self, identifier: str) -> None:
        self.asked += 1
        if self.away:
            raise UnavailableError("Temporal is away")
        if identifier in self.refuses:
            raise RejectedByTemporalError("Temporal refused: too large")
        if identifier in self.broken:
            raise KeyError(identifier)
        if identifier in self.still_ending:
            raise StillEndingError(f"{identifier} is still ending")


class Post:
    """A database, a dispatcher and a fake Temporal."""

    def __init__(self, database: Database, routes: Routes | None = None) -> None:
        self.database, self.clock, self.temporal = database, FixedClock(), FakeTemporal()
        self.routes = routes or Routes(JOURNEYS, PacedClock(), {})
        self.dispatcher = Dispatcher(database, self.clock, self.routes, self.temporal)
        self._numbers = iter(range(1, 1_000_000))

    def event(
        self,
        name: str,
        customer: str = "anna",
        *,
        at: datetime = NOON,
        received_at: datetime | None = None,
        **properties: Any,
    ) -> Event:
        return Event(
            message_id=f"e-{next(self._numbers)}",
            type=EventType.TRACK,
            name=name,
            user_id=customer,
            occurred_at=at,
            received_at=received_at or at,
            properties=properties,
        )

    def added(self, customer: str = "anna", *, at: datetime = NOON) -> Event:
        return self.event(names.PRODUCT_ADDED, customer, at=at, product_id="lamp", price=49)

    async def commit(self, *events: Event) -> None:
        async with self.database.transaction() as session:
            await EventStore(session).commit(events)

    async def deliver(self, dispatcher: Dispatcher | None = None) -> None:
        while await (dispatcher or self.dispatcher).deliver_pending():
            pass

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let a running dispatcher work until something holds."""
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 -- what is waited for is in many places
                await asyncio.sleep(0.01)

    async def pending(self) -> int:
        async with self.database.read() as session:
            return await EventStore(session).count_pending()

    async def parked(self) -> int:
        async with self.database.read() as session:
            return await EventStore(session).count_parked()

    async def rows(self, customer: str = "anna") -> list[EnrollmentRow]:
        async with self.database.read() as session:
            return await Enrollments(session).of_customer(customer)

    async def admit(self, customer: str = "anna") -> None:
        """As the workflows of the customer's enrollments do when they begin."""
        async with self.database.transaction() as session:
            for row in await Enrollments(session).of_customer(customer):
                await Enrollments(session).admit(row.id, row.workflow_id, "run-1", NOON)
