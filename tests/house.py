"""The whole house for tests of journeys: real database, activities, templates, dispatcher and workflows.

Only the mail server is a recording one, and time is skipped: product time starts at `START`, whatever the machine's
clock says, so tests can assert moments.
"""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from temporalio import activity
from temporalio.api.enums.v1 import EventType as HistoryEvent
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain import event as names
from domain.civil import QuietHours
from domain.clock import PacedClock
from domain.enrollment import Outcome, State, parse_workflow_id
from domain.event import Event
from domain.gate import GatePolicy
from domain.offer import OfferPolicy
from mail.context import TEMPLATES, Shop
from mail.recording import RecordingTransport
from mail.transport import Handover
from rehearsal.stage.playhouse import ANNA, START, ActivityMethods, Playhouse, WorkerFactory, time_from
from rehearsal.stage.server import time_skipping
from settings import Settings, ShopSettings
from starter.embedded import dev_server, find_temporal, free_port
from storage.database import Database
from temporal import connect
from worker import build_worker

__all__ = ["ANNA", "START", "ActivityMethods", "WorkerFactory", "time_skipping"]

TOLERANCE = timedelta(seconds=30)
"""What a step itself may take: the time-skipping clock runs in real time while something works."""

SHOP = Shop(
    name="Lumen", url="https://lumen.example", postal_address="1 Example St", support_email="help@lumen.example"
)

PATIENCE = 60.0
"""Real seconds until something that does not happen is a failure: at a pace, a journey may last for twenty."""

Hook = Callable[[], Awaitable[object]]

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


class MailServer(RecordingTransport):
    """A recording transport whose caller can be made to die right after a mail was accepted."""

    def die_after_next(self, times: int = 1) -> None:
        """Take the next mails, and let nobody hear of it."""

        def die() -> Handover:
            self.mails.append(self.attempts[-1])
            raise RuntimeError("the process died here")

        self._troubles.extend([die] * times)


class House(Playhouse):
    """One shop under test."""

    def __init__(
        self,
        env: WorkflowEnvironment,
        database: Database,
        paced: PacedClock,
        settings: Settings,
        *,
        build: WorkerFactory,
        transport: MailServer | None = None,
    ) -> None:
        self.transport, self.hooks = transport or MailServer(), Hooks()
        super().__init__(
            env,
            database,
            paced,
            settings,
            transport=self.transport,
            interceptors=[self.hooks],
            build=build,
            templates=TEMPLATES,
        )

    async def advance_to(self, since_start: timedelta) -> None:
        """Let product time pass until so long after `START`."""
        await self.advance(START + since_start - await self.now())

    async def dispatch_held(self) -> None:
        """Deliver what was held back because an earlier enrollment was still ending."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.dispatch()
                if not await self.pending():
                    return
                await asyncio.sleep(0.05)

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

    async def outcome(self, workflow_id: str) -> Outcome:
        """How an enrollment ended; it must have."""
        return await self.handle(workflow_id).result()

    async def ended(self, workflow_id: str) -> Outcome:
        """Wait, in real time, until an enrollment's end is recorded, and return its outcome."""
        async with asyncio.timeout(PATIENCE):
            while True:
                rows = await self.enrollments(parse_workflow_id(workflow_id)[1])
                for row in rows:
                    if row.workflow_id == workflow_id and row.outcome is not None:
                        return row.outcome
                await asyncio.sleep(0.02)

    async def heard(self, workflow_id: str, event: str) -> None:
        """Wait until an event of that type, e.g. `ACTIVITY_TASK_SCHEDULED`, stands in an enrollment's history."""
        wanted = HistoryEvent.Value(f"EVENT_TYPE_{event}")
        async with asyncio.timeout(PATIENCE):
            while True:
                history = await self.handle(workflow_id).fetch_history()
                if any(each.event_type == wanted for each in history.events):
                    return
                await asyncio.sleep(0.02)

    async def still_running(self, customer: str = ANNA) -> list[str]:
        """Workflow ids of what has not ended."""
        return [row.workflow_id for row in await self.enrollments(customer) if row.state is not State.ENDED]

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
    transport: MailServer | None = None,
) -> AsyncIterator[House]:
    """A house with a running worker, made by `build`. Without `quiet` there are no quiet hours.

    Where no time is skipped, customers act and are mailed in one breath: nobody counts as being in the shop then.
    """
    in_session = GatePolicy().in_session if env.supports_time_skipping else timedelta()
    policy = policy or GatePolicy(quiet=quiet or NO_QUIET_HOURS, in_session=in_session)
    settings = Settings(
        secret=SecretStr("test-secret-of-some-length"),
        sender="Lumen <hello@lumen.example>",
        shop=ShopSettings(**SHOP.model_dump()),
        caps=policy.caps,
        segment_caps=policy.segment_caps,
        cool_downs=policy.cool_downs,
        in_session=policy.in_session,
        windows=policy.windows,
        best_hour_within=policy.best_hour_within,
        quiet_from=policy.quiet.start,
        quiet_to=policy.quiet.end,
        default_zone=policy.default_zone,
        consent=policy.consent,
        offers=offers or OfferPolicy(),
    )
    house = House(env, database, await time_from(env, START, pace=pace), settings, build=build, transport=transport)
    async with house.working():
        yield house


@asynccontextmanager
async def real_server(*tuning: str) -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's dev server: the real thing, in memory. It skips no time, so open the house with a pace."""
    async with dev_server(binary=find_temporal(), file=None, ui_port=0, port=free_port(), tuning=tuning) as server:
        yield WorkflowEnvironment.from_client(await connect(server.address, namespace="default"))
