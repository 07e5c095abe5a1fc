"""The whole house for tests of journeys: real database, activities, templates, dispatcher and workflows.

Only the mail server is a recording one, and time is skipped: product time starts at `START`, whatever the machine's
clock says, so tests can assert moments.
"""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio import activity
from temporalio.api.enums.v1 import EventType as HistoryEvent
from temporalio.client import Client, WorkflowHandle
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor, Worker

from activities.crew import all_activities
from domain import event as names
from domain.civil import QuietHours
from domain.clock import PacedClock
from domain.enrollment import EnrollmentRow, Outcome, Progress, State, parse_workflow_id
from domain.event import Event, EventType
from domain.gate import GatePolicy
from domain.intent import Thresholds
from domain.offer import OfferPolicy
from mail.context import TEMPLATES, Shop
from mail.links import Links
from mail.recording import RecordingTransport
from mail.render import Templates
from mail.transport import Handover
from starter.dispatch.dispatcher import Dispatcher
from starter.dispatch.enrolling import Enroller
from starter.embedded import dev_server, find_temporal, free_port
from starter.operations import Operations
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.ledger import Ledger, LedgerRow
from temporal import DATA_CONVERTER, connect, register_search_attributes
from worker import build_worker
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.routing import Routes

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning; no zone changes its clocks that week in Europe."""

TOLERANCE = timedelta(seconds=30)
"""What a step itself may take: the time-skipping clock runs in real time while something works."""

SHOP = Shop(
    name="Lumen", url="https://lumen.example", postal_address="1 Example St", support_email="help@lumen.example"
)
ANNA = "customer-42"


ActivityMethods = Sequence[Callable[..., Any]]
Hook = Callable[[], Awaitable[object]]
WorkerFactory = Callable[[Client, ActivityMethods], Worker]

NO_QUIET_HOURS = QuietHours(start=START.time(), end=START.time())


class Hooks(ClientInterceptor, Interceptor):
    """Runs what a test wants to happen at the very moment an activity is about to begin, or has just ended.

    Each hook runs once. One that raises makes the attempt fail, as a crash there would.
    """

    def __init__(self) -> None:
        self._before: dict[str, list[Hook]] = {}
        self._after: dict[str, list[Hook]] = {}
        self.begun: list[str] = []
        """Names of the activities that began, each attempt."""

    def before(self, name: str, hook: Hook) -> None:
        """Run a hook before the next attempt of an activity."""
        self._before.setdefault(name, []).append(hook)

    def after(self, name: str, hook: Hook) -> None:
        """Run a hook after the next attempt of an activity, before anybody is told of its result."""
        self._after.setdefault(name, []).append(hook)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 -- theirs
        return _HookedActivity(next, self)

    async def run_before(self, name: str) -> None:
        self.begun.append(name)
        if waiting := self._before.get(name):
            await waiting.pop(0)()

    async def run_after(self, name: str) -> None:
        if waiting := self._after.get(name):
            await waiting.pop(0)()


class _HookedActivity(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, hooks: Hooks) -> None:
        super().__init__(following)
        self._hooks = hooks

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 -- theirs
        name = activity.info().activity_type
        await self._hooks.run_before(name)
        result = await super().execute_activity(input)
        await self._hooks.run_after(name)
        return result


class HouseClock:
    """Product time as the environment last told it; within a remote activity, when the server began the attempt."""

    def __init__(self, paced: PacedClock, *, skips: bool = True) -> None:
        self.paced = paced
        self.skips = skips
        self.moment = paced.anchor_product

    def now(self) -> datetime:
        """The product moment of the last look, or of the attempt; where time is not skipped, the present one."""
        if not self.skips:
            return self.paced.product(datetime.now(UTC))
        if activity.in_activity() and not activity.info().is_local:
            return max(self.moment, self.paced.product(activity.info().started_time))
        return self.moment


class MailServer(RecordingTransport):
    """A recording transport whose caller can be made to die right after a mail was accepted."""

    def die_after_next(self, times: int = 1) -> None:
        """Take the next mails, and let nobody hear of it."""

        def die() -> Handover:
            self.mails.append(self.attempts[-1])
            raise RuntimeError("the process died here")

        self._troubles.extend([die] * times)


class House:
    """One shop under test."""

    def __init__(
        self,
        env: WorkflowEnvironment,
        database: Database,
        clock: HouseClock,
        transport: MailServer,
        build: Callable[[Hooks], Worker],
    ) -> None:
        self.env, self.database, self.clock, self.transport = env, database, clock, transport
        self.client = env.client
        self.hooks = Hooks()
        self._build, self._worker = build, AsyncExitStack()
        self.routes = Routes(JOURNEYS, clock.paced, {})
        self.enroller = Enroller(env.client)
        self.dispatcher = Dispatcher(database, clock, self.routes, self.enroller)
        self.operations = Operations(database, env.client, self.routes, clock)

    async def start_worker(self) -> None:
        """Let a new worker, which remembers nothing, take over the work."""
        await self._worker.enter_async_context(self._build(self.hooks))

    async def stop_worker(self) -> None:
        """Stop the worker; Temporal keeps what is due."""
        await self._worker.aclose()

    async def now(self) -> datetime:
        """Product time now."""
        self.clock.moment = self.clock.paced.product(await self.env.get_current_time())
        return self.clock.moment

    async def advance(self, duration: timedelta) -> None:
        """Let product time pass."""
        await self.env.sleep(self.clock.paced.timer(duration))
        await self.now()

    async def advance_to(self, since_start: timedelta) -> None:
        """Let product time pass until so long after `START`."""
        await self.advance(START + since_start - await self.now())

    async def report(self, event: str, customer: str = ANNA, /, **properties: Any) -> Event:
        """Commit a track event that happens now, and dispatch it."""
        return await self.commit(self.track(event, customer, at=await self.now(), properties=properties))

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
        """Commit events in one batch, and leave them to a later dispatch."""
        async with self.database.transaction() as session:
            await EventStore(session).commit(events)

    async def dispatch(self) -> None:
        """Deliver everything that is pending."""
        while await self.dispatcher.deliver_pending():
            pass

    async def dispatch_held(self) -> None:
        """Deliver what was held back because an earlier enrollment was still ending."""
        async with asyncio.timeout(10):
            while True:
                await self.dispatch()
                async with self.database.read() as session:
                    if not await EventStore(session).count_pending():
                        return
                await asyncio.sleep(0.05)

    async def identify(self, customer: str = ANNA, **traits: Any) -> None:
        """Make a customer known, with an address and consent unless told otherwise."""
        known = {"email": f"{customer}@shop.example", "firstName": "Anna", "consent": True} | traits
        now = await self.now()
        await self.commit(
            Event(
                message_id=str(uuid4()),
                type=EventType.IDENTIFY,
                name="identify",
                user_id=customer,
                occurred_at=now,
                received_at=now,
                properties=known,
            )
        )

    async def add_to_cart(self, customer: str = ANNA, product: str = "lamp", price: float = 49.0) -> Event:
        """Put a product into the cart."""
        return await self.report(names.PRODUCT_ADDED, customer, product_id=product, name="Lamp", price=price)

    async def order(self, customer: str = ANNA, order_id: str = "o-1", revenue: float = 49.0) -> Event:
        """Complete an order."""
        line = {"product_id": "lamp", "name": "Lamp", "price": revenue, "quantity": 1}
        return await self.report(names.ORDER_COMPLETED, customer, order_id=order_id, revenue=revenue, products=[line])

    async def click(self, journey: str = "cart-recovery", customer: str = ANNA) -> Event:
        """Follow a link of a journey's mail."""
        return await self.report(names.EMAIL_LINK_CLICKED, customer, journey=journey)

    async def visit(self, customer: str = ANNA) -> Event:
        """Look at a product; after half an hour away that is a return to the shop."""
        return await self.report(names.PRODUCT_VIEWED, customer, product_id="lamp", category="lamps")

    def handle(self, workflow_id: str) -> WorkflowHandle[Any, Outcome]:
        """The workflow of an enrollment."""
        return self.client.get_workflow_handle(workflow_id, result_type=Outcome)

    async def outcome(self, workflow_id: str) -> Outcome:
        """How an enrollment ended; it must have."""
        return await self.handle(workflow_id).result()

    async def ended(self, workflow_id: str) -> Outcome:
        """Wait, in real time, until an enrollment's end is recorded, and return its outcome."""
        async with asyncio.timeout(20):
            while True:
                rows = await self.enrollments(parse_workflow_id(workflow_id)[1])
                for row in rows:
                    if row.workflow_id == workflow_id and row.outcome is not None:
                        return row.outcome
                await asyncio.sleep(0.02)

    async def heard(self, workflow_id: str, event: str) -> None:
        """Wait until an event of that type, e.g. `ACTIVITY_TASK_SCHEDULED`, stands in an enrollment's history."""
        wanted = HistoryEvent.Value(f"EVENT_TYPE_{event}")
        async with asyncio.timeout(10):
            while True:
                history = await self.handle(workflow_id).fetch_history()
                if any(each.event_type == wanted for each in history.events):
                    return
                await asyncio.sleep(0.02)

    async def progress(self, workflow_id: str) -> Progress:
        """What an enrollment says of itself."""
        progress: Progress = await self.handle(workflow_id).query("status", result_type=Progress)
        return progress

    async def enrollments(self, customer: str = ANNA) -> list[EnrollmentRow]:
        """The customer's enrollments, as the database has them."""
        async with self.database.read() as session:
            return await Enrollments(session).of_customer(customer)

    async def still_running(self, customer: str = ANNA) -> list[str]:
        """Workflow ids of what has not ended."""
        return [row.workflow_id for row in await self.enrollments(customer) if row.state is not State.ENDED]

    async def ledger(self, customer: str = ANNA) -> list[LedgerRow]:
        """The customer's messages."""
        async with self.database.read() as session:
            return await Ledger(session).list(customer=customer)

    async def sent(self, customer: str = ANNA) -> list[tuple[str, timedelta]]:
        """The customer's mails: template, and how long after `START`, to the half minute below."""
        rows = [row for row in await self.ledger(customer) if row.sent_at is not None]
        return [(row.template, floor(row.sent_at - START)) for row in rows if row.sent_at is not None]

    async def unsent(self, customer: str = ANNA) -> list[tuple[str, str, str]]:
        """The customer's messages that were not sent: template, status, reason."""
        rows = [row for row in await self.ledger(customer) if row.sent_at is None]
        return [(row.template, row.status.value, row.reason) for row in rows]

    async def outcomes(self, customer: str = ANNA) -> list[Outcome]:
        """How the customer's ended enrollments ended, as the database has it; the oldest first."""
        return [row.outcome for row in await self.enrollments(customer) if row.outcome is not None]

    def letters(self, customer: str = ANNA) -> list[tuple[str, str]]:
        """The mails the mail server accepted for the customer: subject and plain text."""
        return [_read(mail.raw) for mail in self.transport.to(f"{customer}@shop.example")]


def floor(duration: timedelta) -> timedelta:
    """A duration without what the work itself took."""
    return duration - duration % timedelta(minutes=1)


def _read(raw: bytes) -> tuple[str, str]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    text = message.get_body(("plain",))
    assert text is not None
    return str(message["subject"]), str(text.get_content())


@asynccontextmanager
async def opened_house(
    env: WorkflowEnvironment,
    database: Database,
    *,
    quiet: QuietHours | None = None,
    offers: OfferPolicy | None = None,
    policy: GatePolicy | None = None,
    build: WorkerFactory = build_worker,
    pace: float = 1.0,
) -> AsyncIterator[House]:
    """A house with a running worker, made by `build`. Without `quiet` there are no quiet hours."""
    paced = PacedClock(anchor_real=await env.get_current_time(), anchor_product=START, pace=pace)
    clock = HouseClock(paced, skips=env.supports_time_skipping)
    transport = MailServer()
    await register_search_attributes(env.client)
    activities = all_activities(
        database=database,
        clock=clock,
        transport=transport,
        templates=Templates(TEMPLATES),
        links=Links("https://mail.lumen.example", ["test-secret-of-some-length"]),
        shop=SHOP,
        sender="Lumen <hello@lumen.example>",
        policy=policy or GatePolicy(quiet=quiet or NO_QUIET_HOURS),
        thresholds=Thresholds(),
        offers=offers or OfferPolicy(),
    )

    def build_hooked(hooks: Hooks) -> Worker:
        config = env.client.config(active_config=True)
        config["interceptors"] = [hooks]
        return build(Client(**config), activities)

    house = House(env, database, clock, transport, build_hooked)
    await house.start_worker()
    try:
        yield house
    finally:
        await house.stop_worker()


@asynccontextmanager
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's test server, whose clock runs ahead when nothing happens."""
    async with await WorkflowEnvironment.start_time_skipping(
        data_converter=DATA_CONVERTER,
        test_server_existing_path=str(find_temporal().with_name("temporal-test-server")),
    ) as env:
        yield env


@asynccontextmanager
async def real_server() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's dev server: the real thing, in memory. It skips no time, so open the house with a pace."""
    async with dev_server(binary=find_temporal(), file=None, ui_port=0, port=free_port()) as server:
        yield WorkflowEnvironment.from_client(await connect(server.address, namespace="default"))
