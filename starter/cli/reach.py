"""Finding what a command talks to: a stack that `segue up` runs, or the deployment that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import cyclopts
from temporalio.client import Client

from domain.clock import SystemClock
from domain.errors import ConfigurationError
from settings import Settings, load_settings
from starter.operations import Operations
from starter.place import Addresses, Place
from starter.sources import Sources
from storage.clock import load_clock
from storage.database import Database
from temporal import connect
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.routing import Routes

Data = Annotated[Path | None, cyclopts.Parameter(help="Data folder of the running stack (default .segue).")]
AsJson = Annotated[bool, cyclopts.Parameter(name="--json", negative="", help="Print JSON.")]


class Reached(Addresses):
    """Where a deployment answers, and the key to write with."""

    write_key: str = ""


def reach(data: Path | None) -> tuple[Settings, Reached]:
    """The settings, and the addresses of what runs.

    `SEGUE_DATABASE` and `SEGUE_TEMPORAL` name a deployment; without them, or with --data, it is the stack in the data
    folder.

    Raises:
        ConfigurationError: nothing runs there.
    """
    settings = load_settings(data=data)
    place = Place(settings.data)
    running = place.addresses()
    identity = place.known_identity()
    # Where the environment has hashes only, nothing here could report.
    own = identity.write_key if identity and not settings.keys() else None
    if settings.database is not None and data is None and not _is_of(settings, running):
        running = Addresses(
            collector=settings.public_url or f"http://127.0.0.1:{settings.port}",
            temporal=settings.temporal or "",
            namespace=settings.namespace or "",
            database=settings.database,
            pace=settings.pace,
        )
    if running is None:
        raise ConfigurationError(
            f"nothing runs in {place.folder}: start it with `segue up`, name its folder with --data, "
            "or set SEGUE_DATABASE and SEGUE_TEMPORAL"
        )
    return settings, Reached(**running.model_dump(), write_key=settings.write_key() or own or "")


def _is_of(settings: Settings, running: Addresses | None) -> bool:
    """Whether what runs in the data folder is the deployment that the settings name."""
    return (
        running is not None
        and running.database == settings.database
        and settings.temporal in (None, running.temporal)
        and settings.namespace in (None, running.namespace)
    )


async def connect_to(reached: Reached, settings: Settings, *, lazy: bool = False) -> Client:
    """Connect to the Temporal of what runs. Arguments and errors as for `temporal.connect`."""
    return await connect(
        reached.temporal or None,
        namespace=reached.namespace or None,
        embedded=bool(reached.ui),
        lazy=lazy,
        payload_keys=settings.payload_keys,
    )


@dataclass(frozen=True)
class Connected:
    """What runs, connected to."""

    settings: Settings
    database: Database
    client: Client
    clock: SystemClock


@asynccontextmanager
async def connected(data: Path | None) -> AsyncIterator[Connected]:
    """Connect to what runs."""
    settings, reached = reach(data)
    database = Database(reached.database)
    try:
        await database.check()
        async with database.transaction() as session:
            clock = SystemClock(await load_clock(session, reached.pace, datetime.now(UTC)))
        # Lazily: what the database knows is told although Temporal is away.
        client = await connect_to(reached, settings, lazy=True)
        yield Connected(settings, database, client, clock)
    finally:
        await database.aclose()


@asynccontextmanager
async def operating(data: Path | None) -> AsyncIterator[Operations]:
    """The operations of what runs."""
    async with connected(data) as found:
        thresholds = found.settings.thresholds
        routes = Routes(JOURNEYS, found.clock.paced, found.settings.journeys, thresholds, found.settings.journeys_off)
        yield Operations(found.database, found.client, routes, found.clock, thresholds)


@asynccontextmanager
async def reaching_sources(data: Path | None) -> AsyncIterator[Sources]:
    """The scheduled sources of what runs."""
    async with connected(data) as found:
        yield Sources(found.client, found.clock.paced)
