"""The worker process: registers journeys and activities, and runs until told to stop. Nothing else."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.crew import all_activities
from activities.flow import FlowPolicy
from activities.heartbeat import BEAT
from activities.reading import Reader
from domain.calls import RenderRequest
from domain.clock import Clock, SystemClock
from domain.enrollment import Occasion
from domain.errors import ConfigurationError, SegueError, UnknownCustomerError
from logs import configure_logs
from mail.context import TEMPLATES, RenderContext, Shop
from mail.http.catalogue import find_provider
from mail.http.client import HttpTransport
from mail.links import Links
from mail.render import Templates
from mail.smtp import CONNECTIONS, SmtpTransport
from mail.transport import Transport
from metrics.endpoint import serving_metrics
from metrics.sdk import sdk_address
from settings import Settings, load_settings
from storage.clock import load_clock
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from temporal import TASK_QUEUE, connect, workflow_runner
from workflows.catalogue import JOURNEYS
from workflows.sources.retention import RetentionJob
from workflows.sources.schedules import set_up_schedules
from workflows.sources.sweep import SourceSweep
from workflows.vocabulary import Journey

CACHED_ENROLLMENTS = 5_000
"""Open journeys kept in memory. Fewer than are open makes each wake-up replay its history, three times slower."""

SENDING_AT_ONCE = 2 * CONNECTIONS
"""One conversation and one in waiting for each connection. More would wait here, where a crash holds them for minutes,
and not with Temporal, which gives them to any worker at once."""

GRACE = timedelta(seconds=20)
"""What a stop leaves to mails under way."""


SCHEDULES_AGAIN_AFTER = 30.0
"""Seconds until it is tried again to set up schedules."""

_log = structlog.get_logger("segue.worker")


def build_worker(
    client: Client,
    activities: Sequence[Callable[..., Any]],
    *,
    journeys: Iterable[type[Journey]] | None = None,
    failing_on: Sequence[type[BaseException]] = (),
    mails_per_second: float | None = None,
) -> Worker:
    """A worker.

    Args:
        client: connected to the namespace in question.
        activities: see `activities_for`.
        journeys: what it runs; None: all that are deployed.
        failing_on: errors in a journey's code that fail an enrollment. In production none does: it waits for the code
            to be mended. A rehearsal would wait for ever.
        mails_per_second: what the mail provider takes; None: all that come. Temporal keeps to it over all workers,
            which must be told the same: sending is the only activity that it gives out.
    """
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[*(JOURNEYS.values() if journeys is None else journeys), SourceSweep, RetentionJob],
        activities=activities,
        workflow_runner=workflow_runner(),
        workflow_failure_exception_types=failing_on,
        max_cached_workflows=CACHED_ENROLLMENTS,
        max_concurrent_activities=SENDING_AT_ONCE,
        max_task_queue_activities_per_second=mails_per_second,
        disable_eager_activity_execution=mails_per_second is not None,  # an eager one would pass the limit by
        graceful_shutdown_timeout=GRACE,
        max_heartbeat_throttle_interval=BEAT,  # else the SDK keeps them back until four fifths of the limit are over
    )


def activities_for(
    settings: Settings,
    *,
    database: Database,
    clock: Clock,
    transport: Transport,
    public_url: str,
    templates: Path = TEMPLATES,
) -> Sequence[Callable[..., Any]]:
    """The activities as the settings want them."""
    return all_activities(
        database=database,
        clock=clock,
        transport=transport,
        templates=Templates(templates),
        links=Links(public_url, settings.secrets()),
        shop=Shop(**settings.shop.model_dump()),
        sender=settings.sender,
        policy=settings.gate_policy,
        thresholds=settings.thresholds,
        offers=settings.offers,
        flow=FlowPolicy(warm_up=settings.warm_up, breaker=settings.breaker),
        sources=settings.sources,
        retention=settings.retention,
        open_pixel=settings.open_pixel,
    )


async def read_context(
    settings: Settings, *, database: Database, clock: Clock, customer: str, unsubscribe_url: str
) -> RenderContext:
    """What a customer's mail would be rendered from now, if the latest thing they did were the occasion. No offer.

    Raises:
        UnknownCustomerError: nobody is known by that id or address.
    """
    reader = Reader(Shop(**settings.shop.model_dump()), settings.default_zone, settings.thresholds)
    now = clock.now()
    async with database.read() as session:
        found = await Customers(session).find(customer)
        if found is None:
            raise UnknownCustomerError(f"nobody is known as {customer!r}: no event has named them")
        seq = await EventStore(session).latest_seq(found)
        occasion = Occasion(event_id="preview", name="a preview", seq=seq, occurred_at=now)
        request = RenderRequest(message="preview", occasion=occasion, at=now)
        return await reader.read(session, found, request, now, unsubscribe_url)


def transport_for(settings: Settings, inbox: str | None = None) -> Transport:
    """The way out for mail that the settings choose: a provider's API, a mail server, or else the inbox.

    Args:
        settings: what is set.
        inbox: the mail server's URL of an inbox of ours; None where there is none.

    Raises:
        ConfigurationError: none is chosen, or two are, or it is incomplete.
    """
    if settings.provider is not None:
        if settings.smtp is not None:
            raise ConfigurationError("SEGUE_SMTP and SEGUE_PROVIDER are both set: mail can leave one way only")
        url = settings.provider_url
        return HttpTransport(find_provider(settings.provider, settings.provider_key, url))
    if settings.provider_key is not None:
        raise ConfigurationError("SEGUE_PROVIDER_KEY is set without SEGUE_PROVIDER: name the provider, too")
    if settings.smtp is None and inbox is None:
        raise ConfigurationError("set SEGUE_SMTP or SEGUE_PROVIDER: without either no mail leaves")
    return SmtpTransport(settings.smtp or inbox or "", relay=settings.relay)


@asynccontextmanager
async def running_worker(settings: Settings, *, sdk_metrics: str | None = None) -> AsyncIterator[Worker]:
    """A worker connected as the settings say, running until the block ends; then mails under way are finished.

    `sdk_metrics` is as `logs.configure_logs` was told.
    """
    wanted = {
        "SEGUE_DATABASE": settings.database,
        "SEGUE_SMTP or SEGUE_PROVIDER": settings.smtp or settings.provider,
        "SEGUE_SECRET": settings.secret,
        "SEGUE_PUBLIC_URL": settings.public_url,
    }
    missing = [name for name, value in wanted.items() if value is None]
    if missing or settings.database is None or settings.public_url is None:
        raise ConfigurationError(f"a worker needs {', '.join(missing)}; see docs/operate.md")
    transport = transport_for(settings)
    database = Database(settings.database)
    try:
        await database.check()
        async with database.transaction() as session:
            clock = SystemClock(await load_clock(session, settings.pace, datetime.now(UTC)))
        client = await connect(settings.temporal, namespace=settings.namespace, payload_keys=settings.payload_keys)
        activities = activities_for(
            settings, database=database, clock=clock, transport=transport, public_url=settings.public_url
        )
        async with (
            serving_metrics(settings.metrics_host, settings.metrics_port, sdk=sdk_metrics),
            build_worker(client, activities, mails_per_second=settings.mails_per_second) as worker,
            scheduled(settings, client, clock),
        ):
            yield worker
    finally:
        await transport.aclose()
        await database.aclose()


@asynccontextmanager
async def scheduled(settings: Settings, client: Client, clock: SystemClock) -> AsyncIterator[None]:
    """Schedules of the sources, set up beside the block: no mail waits for them, and a refusal is tried again."""
    stop = asyncio.Event()
    setting_up = asyncio.create_task(_set_up(client, clock, stop)) if settings.sources.run else None
    try:
        yield
    finally:
        stop.set()
        if setting_up is not None:
            await setting_up  # not cancelled: a call to Temporal under way is let end


async def _set_up(client: Client, clock: SystemClock, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await set_up_schedules(client, clock.paced, TASK_QUEUE)
        except RPCError as error:
            _log.error("schedules of sources cannot be set up, trying again", problem=error.message)
            with suppress(TimeoutError):
                async with asyncio.timeout(SCHEDULES_AGAIN_AFTER):
                    await stop.wait()
        else:
            break


async def main() -> None:
    """Run a worker until SIGTERM or SIGINT."""
    settings = load_settings()
    sdk_metrics = sdk_address(settings.metrics_port)
    configure_logs(sdk_metrics=sdk_metrics)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_worker(settings, sdk_metrics=sdk_metrics) as worker:
        _log.info("worker runs", task_queue=worker.task_queue)
        await stop.wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except SegueError as error:
        sys.exit(f"worker: {error}")
