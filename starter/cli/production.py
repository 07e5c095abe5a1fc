"""`segue serve`, `migrate`, `register-search-attributes`: the parts of a deployment, one process each."""

import asyncio
import signal
from datetime import UTC, datetime

import structlog

from domain.clock import SystemClock
from domain.errors import ConfigurationError
from listening import bind
from logs import configure_logs
from mail.links import Links
from metrics.endpoint import serving_metrics
from metrics.sdk import sdk_address
from settings import Settings, load_settings
from starter.cli.tables import console
from starter.codec_server import codec_app_for, serving_codec
from starter.figures import Figures
from starter.serving import serving
from storage.clock import load_clock
from storage.database import Database
from storage.write_keys import WriteKeys
from temporal import connect, register_search_attributes

_log = structlog.get_logger("segue.production")


async def serve() -> None:
    """Run collector and dispatcher until SIGTERM. Several may run; one dispatches at a time."""
    settings = load_settings()
    sdk_metrics = sdk_address(settings.metrics_port)
    configure_logs(sdk_metrics=sdk_metrics)
    url, public_url = _required(settings)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = Database(url)
    try:
        await database.check()
        async with database.transaction() as session:
            clock = SystemClock(await load_clock(session, settings.pace, datetime.now(UTC)))
            if not settings.keys() and not await WriteKeys(session).valid():
                raise ConfigurationError(
                    "nobody could report anything: set SEGUE_WRITE_KEYS, or make a key with `segue keys create`"
                )
        client = await connect(
            settings.temporal, namespace=settings.namespace, lazy=True, payload_keys=settings.payload_keys
        )
        figures = Figures(database, clock, settings.warm_up)
        with bind(settings.host, settings.port) as listening:
            async with (
                serving_metrics(settings.metrics_host, settings.metrics_port, figures=figures.read, sdk=sdk_metrics),
                serving(
                    settings,
                    database=database,
                    clock=clock,
                    client=client,
                    listening=listening,
                    links=Links(public_url, settings.secrets()),
                    write_keys=settings.keys(),
                ),
            ):
                await stop.wait()
    finally:
        await database.aclose()


async def codec_server() -> None:
    """Decode payloads for Temporal's UI and command line until SIGTERM; see docs/operate.md."""
    configure_logs()
    settings = load_settings()
    app = codec_app_for(settings)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with bind(settings.codec_host, settings.codec_port, "SEGUE_CODEC_PORT") as listening:
        async with serving_codec(app, listening):
            _log.info("codec server answers", host=settings.codec_host, port=listening.getsockname()[1])
            await stop.wait()


async def migrate() -> None:
    """Bring the database that SEGUE_DATABASE names to this version's schema. Safe to run again."""
    settings = load_settings()
    if settings.database is None:
        raise ConfigurationError("SEGUE_DATABASE is not set: name the database to migrate")
    database = Database(settings.database)
    try:
        await database.migrate()
    finally:
        await database.aclose()
    console.print("The database is at this version's schema.")


async def register() -> None:
    """Register Segue's search attributes with the Temporal that SEGUE_TEMPORAL names. Safe to run again."""
    settings = load_settings()
    client = await connect(settings.temporal, namespace=settings.namespace)
    await register_search_attributes(client)
    console.print(f"Temporal knows Segue's search attributes in namespace {client.namespace}.")


def _required(settings: Settings) -> tuple[str, str]:
    """Database and public URL.

    Raises:
        ConfigurationError: something that `segue serve` cannot do without is not set; names all of it.
    """
    wanted = {
        "SEGUE_DATABASE": settings.database,
        "SEGUE_PUBLIC_URL": settings.public_url,
        "SEGUE_SECRET": settings.secrets(),
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing or settings.database is None or settings.public_url is None:
        raise ConfigurationError(f"not set: {', '.join(missing)}; see docs/operate.md")
    return settings.database, settings.public_url
