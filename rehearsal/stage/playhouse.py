"""A shop whose time can be skipped: real database, activities, templates, dispatcher, workflows; a recording mailbox.

Product time begins at a moment of one's choosing, whatever the machine's clock says. `Stage` plays one customer in it;
Segue's own tests of whole journeys build on it, too.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio.client import Client, Interceptor, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.clock import PacedClock
from domain.customer import Customer
from domain.enrollment import EnrollmentRow, Outcome, Progress
from domain.event import Event, EventType, StoredEvent
from domain.portrait import LOOK_BACK, MOST_EVENTS
from mail.context import TEMPLATES
from mail.recording import RecordingTransport
from rehearsal.stage.clock import SkippingClock
from settings import Settings
from starter.dispatch.dispatcher import Dispatcher
from starter.dispatch.enrolling import Enroller
from starter.operations import Operations
from storage.customers import Customers
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.ledger import Ledger, LedgerRow
from temporal import register_search_attributes
from worker import activities_for, build_worker
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import Journey
from workflows.vocabulary.routing import Routes

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning; no zone changes its clocks that week in Europe."""

ANNA = "customer-42"
"""The user id of whoever a test or a rehearsal is about."""

PUBLIC_URL = "https://mail.lumen.example"

ActivityMethods = Sequence[Callable[..., Any]]
WorkerFactory = Callable[[Client, ActivityMethods], Worker]


async def time_from(env: WorkflowEnvironment, start: datetime, *, pace: float = 1.0) -> PacedClock:
    """Product time that begins at `start` with the environment's present."""
    return PacedClock(anchor_real=await env.get_current_time(), anchor_product=start, pace=pace)


class Playhouse:
    """One shop.

    Args:
        env: a running test server; or any other, on which time passes by itself.
        database: with Segue's tables.
        paced: product time, see `time_from`.
        settings: the shop's. They must have a secret.
        transport: keeps the mails.
        interceptors: of the worker, which see every activity.
        build: makes the worker.
        templates: the folder of the mails.
    """

    def __init__(
        self,
        env: WorkflowEnvironment,
        database: Database,
        paced: PacedClock,
        settings: Settings,
        *,
        transport: RecordingTransport,
        interceptors: Sequence[Interceptor] = (),
        build: WorkerFactory = build_worker,
        templates: Path = TEMPLATES,
    ) -> None:
        self.env, self.database, self.settings = env, database, settings
        self.client = env.client
        self.clock = SkippingClock(paced, skips=env.supports_time_skipping)
        self._interceptors, self._build, self._worker = interceptors, build, AsyncExitStack()
        self._activities = activities_for(
            settings,
            database=database,
            clock=self.clock,
            transport=transport,
            public_url=PUBLIC_URL,
            templates=templates,
        )
        self.enroller = Enroller(env.client)
        self.cast(JOURNEYS)

    def cast(self, journeys: Mapping[str, type[Journey]]) -> None:
        """Let these journeys take part. A worker that runs already goes on with those it was started with."""
        changed = {name: values for name, values in self.settings.journeys.items() if name in journeys}
        self.routes = Routes(journeys, self.clock.paced, changed, self.settings.thresholds)
        self.dispatcher = Dispatcher(self.database, self.clock, self.routes, self.enroller)
        self.operations = Operations(self.database, self.client, self.routes, self.clock)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run a worker until the block ends."""
        await register_search_attributes(self.client)
        await self.start_worker()
        try:
            yield
        finally:
            await self.stop_worker()

    async def start_worker(self) -> None:
        """Let a new worker, which remembers nothing, take over the work."""
        config = self.client.config(active_config=True)
        config["interceptors"] = list(self._interceptors)
        await self._worker.enter_async_context(self._build(Client(**config), self._activities))

    async def stop_worker(self) -> None:
        """Stop the worker; Temporal keeps what is due."""
        await self._worker.aclose()

    # -- time ----------------------------------------------------------------------------------------------------

    async def now(self) -> datetime:
        """Product time now."""
        self.clock.moment = self.clock.paced.product(await self.env.get_current_time())
        return self.clock.moment

    async def advance(self, duration: timedelta) -> None:
        """Let product time pass."""
        await self.env.sleep(self.clock.paced.timer(duration))
        await self.now()

    # -- events --------------------------------------------------------------------------------------------------

    async def report(self, event: str, customer: str = ANNA, /, **properties: Any) -> Event:
        """Commit a track event that happens now, and dispatch it."""
        return await self.commit(self.track(event, customer, at=await self.now(), properties=properties))

    async def identify(self, customer: str = ANNA, **traits: Any) -> None:
        """Make a customer known, with an address and consent unless told otherwise."""
        await self.tell(customer, {"email": f"{customer}@shop.example", "firstName": "Anna", "consent": True} | traits)

    async def tell(self, customer: str, traits: dict[str, Any]) -> None:
        """Report traits of a customer."""
        now = await self.now()
        await self.commit(
            Event(
                message_id=str(uuid4()),
                type=EventType.IDENTIFY,
                name="identify",
                user_id=customer,
                occurred_at=now,
                received_at=now,
                properties=traits,
            )
        )

    async def known(self, customer: str = ANNA) -> Customer:
        """The facts about a customer."""
        async with self.database.read() as session:
            return await Customers(session).get(customer)

    async def events(self, customer: str = ANNA) -> list[StoredEvent]:
        """What the customer did in the last ninety days, oldest first."""
        async with self.database.read() as session:
            return await EventStore(session).recent(customer, await self.now() - LOOK_BACK, MOST_EVENTS)

    def track(
        self,
        name: str,
        customer: str = ANNA,
        *,
        at: datetime,
        message_id: str | None = None,
        properties: dict[str, Any] | None = None,
    ) -> Event:
        """A track event."""
        return Event(
            message_id=message_id or str(uuid4()),
            type=EventType.TRACK,
            name=name,
            user_id=customer,
            occurred_at=at,
            received_at=at,
            properties=properties or {},
        )

    async def commit(self, event: Event) -> Event:
        """Commit an event and dispatch what is pending."""
        await self.store(event)
        await self.dispatch()
        return event

    async def store(self, *events: Event) -> None:
        """Commit events in one batch, reported now whenever they happened, and leave them to a later dispatch."""
        now = await self.now()
        events = tuple(each.model_copy(update={"received_at": max(each.received_at, now)}) for each in events)
        async with self.database.transaction() as session:
            await EventStore(session).commit(events)

    async def dispatch(self) -> None:
        """Deliver everything that is pending."""
        while await self.dispatcher.deliver_pending():
            pass

    async def pending(self) -> int:
        """How many events wait, because an earlier enrollment is still ending."""
        async with self.database.read() as session:
            return await EventStore(session).count_pending()

    # -- what came of them ---------------------------------------------------------------------------------------

    def handle(self, workflow_id: str) -> WorkflowHandle[Any, Outcome]:
        """The workflow of an enrollment."""
        return self.client.get_workflow_handle(workflow_id, result_type=Outcome)

    async def progress(self, workflow_id: str) -> Progress:
        """What an enrollment says of itself."""
        progress: Progress = await self.handle(workflow_id).query("status", result_type=Progress)
        return progress

    async def enrollments(self, customer: str = ANNA) -> list[EnrollmentRow]:
        """The customer's enrollments, as the database has them, the oldest first."""
        async with self.database.read() as session:
            return await Enrollments(session).of_customer(customer)

    async def ledger(self, customer: str = ANNA) -> list[LedgerRow]:
        """The customer's messages, in the order in which they were decided about."""
        async with self.database.read() as session:
            return await Ledger(session).list(customer=customer)
