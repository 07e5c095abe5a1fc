"""The shop floor: every process of a deployment, kept running as a service manager would, and killed when asked."""

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from domain.clock import SystemClock
from domain.errors import UnavailableError
from domain.relay import Relay
from domain.write_key import Scope
from starter.client import SegueClient
from starter.embedded import free_port
from storage.clock import load_clock
from storage.database import Database
from storage.write_keys import WriteKeys
from tests.faults.broken import BROKEN
from tests.faults.plan import RunPlan
from tests.faults.postgres import postgres_server
from tests.faults.sink_log import SinkLog
from tests.mail.feedback.providers import SENDGRID_KEY
from tests.stack.processes import QUIET_HOURS_OFF, SOURCES_OFF, Process, running
from tests.stack.server import TemporalServer, temporal_server
from tests.stack.waiting import until

WRITE_KEY = "the-key-of-the-shop"
LOOK_EVERY = 0.2
"""Seconds until a process that ended by itself is noticed."""

UP_WITHIN = 60.0
"""Seconds, for the whole floor."""


@dataclass(frozen=True)
class Kill:
    """One kill -9, at a real moment (seconds of the epoch), and when the process was started again."""

    at: float
    what: str
    again_at: float


@dataclass(frozen=True)
class Shop:
    """What a deployment has before anything of it runs."""

    clock: SystemClock
    page_key: str
    """Stands in the shop's pages."""


class Killable(Protocol):
    """Something that ends without a warning, and can be started again."""

    async def kill(self) -> None: ...

    async def start(self) -> None: ...


class Part:
    """One process of ours, by its command."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, settings: dict[str, str]) -> None:
        self.name = name
        self._command, self._folder, self._settings = command, folder, settings
        self._lives = 0
        self._held = ExitStack()
        self._process: Process | None = None
        self.wanted = False

    @property
    def has_ended(self) -> bool:
        """Whether it should run, and does not."""
        return self.wanted and self._process is not None and not self._process.runs

    async def start(self) -> None:
        self._lives += 1
        output = self._folder / f"{self.name}-{self._lives}.out"
        self._process = self._held.enter_context(running(self._command, output, **self._settings))
        self.wanted = True

    async def kill(self) -> None:
        self.wanted = False
        if self._process is not None and self._process.runs:
            self._process.stop(signal.SIGKILL)
        self._held.close()


class Floor:
    """Everything that runs, and the addresses of it."""

    def __init__(self, plan: RunPlan, folder: Path, temporal: TemporalServer, database: str, shop: Shop) -> None:
        self.plan, self.folder, self.temporal, self.database = plan, folder, temporal, database
        self.clock, self.page_key = shop.clock, shop.page_key
        self.kills: list[Kill] = []
        self.restarts: Counter[str] = Counter()
        """How often a process ended by itself, for want of another, and was started again."""
        ports = {name: free_port() for name in ("serve", "sink")}
        self.url = f"http://127.0.0.1:{ports['serve']}"
        self.sink_file = folder / "sink.jsonl"
        self.settings = (
            QUIET_HOURS_OFF
            | SOURCES_OFF
            | {
                "SEGUE_DATABASE": database,
                "SEGUE_TEMPORAL": temporal.address,
                "SEGUE_NAMESPACE": "default",
                "SEGUE_SMTP": f"smtp://127.0.0.1:{ports['sink']}?starttls=never",
                "SEGUE_SECRET": "a secret of some length",
                "SEGUE_WRITE_KEYS": WRITE_KEY,
                "SEGUE_PUBLIC_URL": self.url,
                "SEGUE_PORT": str(ports["serve"]),
                "SEGUE_PACE": f"{plan.pace:g}",
                "SEGUE_SOURCES__RUN": "false",  # at this pace everybody lapses within minutes
                "SEGUE_JOURNEYS": plan.journeys,
                "SEGUE_RELAY": Relay.SENDGRID.value,
                "SEGUE_WEBHOOKS__SENDGRID_KEY": SENDGRID_KEY,
                "SEGUE_BREAKER": '{"bounces": 1, "complaints": 1}',  # no journey is to stand still for them
                BROKEN: plan.broken,
            }
        )
        module = [sys.executable, "-m"]
        sink = [*module, "tests.faults.sink", str(ports["sink"]), str(self.sink_file), str(plan.seed), str(plan.slow)]
        commands = {
            "sink": sink,
            "serve": [*module, "tests.faults.part", "serve"],
            "worker-1": [*module, "tests.faults.part", "worker"],
            "worker-2": [*module, "tests.faults.part", "worker"],
        }
        self._parts = {name: Part(name, command, folder, self.settings) for name, command in commands.items()}
        self.killable: dict[str, Killable] = {"temporal": temporal, **self._parts}

    @property
    def sink_log(self) -> SinkLog:
        """A reader of its own."""
        return SinkLog(self.sink_file)

    async def kill(self, names: Sequence[str], down_for: float) -> None:
        """Kill these, and start them again after so many seconds."""
        at = time.time()
        await asyncio.gather(*(self.killable[name].kill() for name in names))
        await asyncio.sleep(down_for)
        await asyncio.gather(*(self.killable[name].start() for name in names))
        self.kills += [Kill(at, name, time.time()) for name in names]

    async def open(self) -> None:
        """Start everything; returns once the collector is ready."""
        for part in self._parts.values():
            await part.start()

        async def ready() -> bool:
            try:
                async with SegueClient(self.url, WRITE_KEY) as client:
                    return (await client.health()).ready
            except UnavailableError:
                return False

        await until(ready, within=UP_WITHIN)

    async def keep(self) -> None:
        """Start again whatever ends by itself, for ever."""
        while True:
            for name, part in self._parts.items():
                if part.has_ended:
                    await part.kill()
                    await part.start()
                    self.restarts[name] += 1
            await asyncio.sleep(LOOK_EVERY)

    async def close(self) -> None:
        """Kill what runs."""
        await asyncio.gather(*(part.kill() for part in self._parts.values()))


@asynccontextmanager
async def open_floor(plan: RunPlan, folder: Path) -> AsyncIterator[Floor]:
    """A floor on which everything runs, until the block ends."""
    async with temporal_server(folder) as temporal, _database(plan, folder) as (url, server):
        floor = Floor(plan, folder, temporal, url, await _prepare(url, plan.pace))
        if server is not None:
            floor.killable["database"] = server
        await floor.open()
        keeping = asyncio.create_task(floor.keep())
        try:
            yield floor
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            await floor.close()


@asynccontextmanager
async def _database(plan: RunPlan, folder: Path) -> AsyncIterator[tuple[str, Killable | None]]:
    if plan.database == "sqlite":
        yield str(folder / "segue.db"), None
        return
    async with postgres_server(folder / "postgres") as server:
        yield server.url, server


async def _prepare(url: str, pace: float) -> Shop:
    database = Database(url)
    await database.migrate()
    now = SystemClock().now()
    async with database.transaction() as session:
        clock = SystemClock(await load_clock(session, pace, now, now))
        _, page_key = await WriteKeys(session).create("the shop's pages", [Scope.BROWSER], clock.now())
    await database.aclose()
    return Shop(clock, page_key)
