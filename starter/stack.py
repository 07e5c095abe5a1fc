"""The whole of Segue on one machine: Temporal's dev server, worker, collector, dispatcher, inbox, one database file."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from temporalio.client import Client

from domain.clock import SystemClock
from domain.errors import ConfigurationError
from listening import bind
from mail.links import Links
from metrics.endpoint import serving_metrics
from settings import Settings
from starter.catalogue.sample import PATH, picture_routes, stock_sample_shop
from starter.codec_server import codec_address, codec_app_for, codec_endpoint, serving_codec
from starter.dispatch.dispatcher import Dispatcher
from starter.embedded import dev_server, find_temporal, free_port
from starter.figures import Figures
from starter.inbox.server import Inbox
from starter.place import Addresses, Place
from starter.serving import answers, routes_of, serving
from storage.clock import load_clock
from storage.database import Database
from temporal import connect, register_search_attributes
from worker import activities_for, build_worker, scheduled, transport_for
from workflows.vocabulary.routing import Routes


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    addresses: Addresses
    write_key: str
    """Empty where the environment has hashes only."""
    database: Database
    clock: SystemClock
    client: Client
    routes: Routes
    dispatcher: Dispatcher


@asynccontextmanager
async def running_stack(
    settings: Settings, *, start: datetime | None = None, sdk_metrics: str | None = None
) -> AsyncIterator[Stack]:
    """Run everything until the block ends; what was going on is finished or kept, and goes on at the next start.

    Args:
        settings: what `segue up` was told. Without `temporal`, and `smtp` or `provider`, the embedded ones are started.
        start: product time at which a new data folder begins; default the real time.
        sdk_metrics: as `logs.configure_logs` was told.

    Raises:
        ConfigurationError: a port is taken, the folder is in use, a binary is missing, a setting contradicts the data.
        UnavailableError: a part does not start.
    """
    place = Place(settings.data)
    async with AsyncExitStack() as parts:
        parts.enter_context(place.occupied())
        settings = _with_identity(settings, place)
        listening = parts.enter_context(bind(settings.host, settings.port))
        public_url = settings.public_url or f"http://127.0.0.1:{listening.getsockname()[1]}"
        inbox = await _inbox(settings, place, parts)
        # Where mails leave the machine, or the data are somebody else's, nobody must be shown what is not for sale.
        has_samples = settings.sample_shop and inbox is not None and settings.database is None
        settings = _with_pictures(settings, public_url) if has_samples else settings
        database = Database(settings.database or place.database)
        parts.push_async_callback(database.aclose)
        await database.migrate()
        async with database.transaction() as session:
            clock = SystemClock(await load_clock(session, settings.pace, datetime.now(UTC), start))
        if has_samples:
            await stock_sample_shop(database, clock.now())
        figures = Figures(database, clock, settings.warm_up)
        metrics = await parts.enter_async_context(
            serving_metrics(settings.metrics_host, settings.metrics_port, figures=figures.read, sdk=sdk_metrics)
        )
        client, ui, codec = await _temporal(settings, place, parts)
        transport = transport_for(settings, inbox.smtp_url if inbox else None)
        parts.push_async_callback(transport.aclose)
        activities = activities_for(
            settings, database=database, clock=clock, transport=transport, public_url=public_url
        )
        building = build_worker(client, activities, mails_per_second=settings.mails_per_second)
        worker = await parts.enter_async_context(building)
        await parts.enter_async_context(scheduled(settings, client, clock))

        async def health() -> Mapping[str, bool | str]:
            ready = {"temporal": await answers(client), "worker": worker.is_running}
            return ready | ({"inbox": inbox.is_running} if inbox else {})

        dispatcher = await parts.enter_async_context(
            serving(
                settings,
                database=database,
                clock=clock,
                client=client,
                listening=listening,
                links=Links(public_url, settings.secrets()),
                write_keys=settings.keys(),
                parts=health,
                routers=[picture_routes()] if has_samples else (),
            )
        )
        addresses = Addresses(
            collector=f"http://127.0.0.1:{listening.getsockname()[1]}",
            temporal=client.service_client.config.target_host,
            namespace=client.namespace,
            database=settings.database or place.database,
            ui=ui,
            codec=codec,
            inbox=inbox.http_url if inbox else "",
            smtp=inbox.smtp_url if inbox else "",
            metrics=metrics,
            pace=settings.pace,
        )
        place.announce(addresses)
        yield Stack(
            addresses=addresses,
            write_key=settings.write_key() or "",
            database=database,
            clock=clock,
            client=client,
            routes=routes_of(settings, clock),
            dispatcher=dispatcher,
        )


def _with_identity(settings: Settings, place: Place) -> Settings:
    """Fill in the secrets that were not set, from the data folder."""
    identity = place.identity()
    filled = {}
    if not settings.secrets():
        filled["secret"] = identity.secret
    if not settings.keys():
        filled["write_keys"] = identity.write_key
    return settings.with_secrets(**filled)


def _with_pictures(settings: Settings, public_url: str) -> Settings:
    """Let pictures that are given as a path lie where the sample shop's do, unless the shop has a place of its own."""
    images = settings.shop.images or f"{public_url.rstrip('/')}{PATH}"
    return settings.model_copy(update={"shop": settings.shop.model_copy(update={"images": images})})


async def _inbox(settings: Settings, place: Place, parts: AsyncExitStack) -> Inbox | None:
    if settings.smtp is not None or settings.provider is not None:
        return None
    inbox = Inbox(place.mails, http_port=settings.inbox_port, smtp_port=0)
    try:
        await inbox.start()
    except OSError as error:
        where = f"{inbox.host}:{settings.inbox_port}"
        raise ConfigurationError(f"--inbox-port {settings.inbox_port}: cannot listen on {where}") from error
    parts.push_async_callback(inbox.stop)
    return inbox


async def _codec(settings: Settings, ui_port: int, parts: AsyncExitStack) -> str:
    """Serve the UI's codec where payloads are encrypted. Returns its address without the token, or nothing."""
    if settings.payload_keys is None:
        return ""
    app = codec_app_for(settings, ui_port)
    listening = parts.enter_context(bind(settings.codec_host, settings.codec_port, "SEGUE_CODEC_PORT"))
    await parts.enter_async_context(serving_codec(app, listening))
    return codec_address(listening)


class _Temporal(NamedTuple):
    """Temporal, and where the parts answer that are ours."""

    client: Client
    ui: str = ""
    codec: str = ""


async def _temporal(settings: Settings, place: Place, parts: AsyncExitStack) -> _Temporal:
    """Connect to the given server, or start one."""
    if settings.temporal is not None:
        client = await connect(settings.temporal, namespace=settings.namespace, payload_keys=settings.payload_keys)
        await register_search_attributes(client)
        return _Temporal(client)
    ui_port = settings.ui_port or free_port()
    codec = await _codec(settings, ui_port, parts)
    server = await parts.enter_async_context(
        dev_server(
            binary=find_temporal(settings.temporal_binary),
            file=place.temporal,
            ui_port=ui_port,
            codec=codec_endpoint(settings, codec) if codec else "",
            port=free_port(),
            log=place.temporal_log,
            restart=True,
        )
    )
    client = await connect(server.address, namespace="default", embedded=True, payload_keys=settings.payload_keys)
    return _Temporal(client, server.ui, codec)
