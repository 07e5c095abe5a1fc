"""Collectors and workers as a deployment runs them: each a process with settings from its environment."""

import sys
from contextlib import ExitStack
from pathlib import Path

from temporalio.client import Client

from domain.errors import UnavailableError
from starter.client import SegueClient
from starter.embedded import free_port
from tests.stack.books import Books
from tests.stack.processes import ROOT, SEGUE, Process, running
from tests.stack.scrape import Scrape, scrape
from tests.stack.waiting import until

WRITE_KEY = "the-key-of-the-shop"

WORKER = [sys.executable, str(ROOT / "worker.py")]


class Deployment:
    """What all processes share, and the processes."""

    def __init__(self, folder: Path, client: Client, settings: dict[str, str], books: Books) -> None:
        self.client, self.settings, self.books = client, settings, books
        self._folder = folder
        self._processes = ExitStack()
        self._metrics: dict[str, str] = {}

    async def serve(self, name: str) -> tuple[Process, str]:
        """Start a collector, and wait until it is ready. Returns its address, too."""
        port = free_port()
        process = self._start(name, [SEGUE, "serve"], SEGUE_PORT=str(port))
        url = f"http://127.0.0.1:{port}"
        await takes_events(process, url)
        return process, url

    async def work(self, name: str) -> Process:
        """Start a worker, and wait until it asks for work."""
        process = self._start(name, WORKER)
        await takes_tasks(process)
        return process

    async def scrape(self, name: str) -> Scrape:
        """What a process tells Prometheus."""
        return await scrape(self._metrics[name])

    def end(self) -> None:
        """End what still runs."""
        self._processes.close()

    def _start(self, name: str, command: list[str], **settings: str) -> Process:
        port = str(free_port())
        self._metrics[name] = f"http://127.0.0.1:{port}/metrics"
        given = self.settings | {"SEGUE_METRICS_PORT": port} | settings
        return self._processes.enter_context(running(command, self._folder / f"{name}.out", **given))


async def takes_tasks(process: Process) -> None:
    """Wait until a worker says that it runs."""

    async def look() -> bool:
        assert process.runs, process.output
        return "worker runs" in process.output

    await until(look)


async def takes_events(process: Process, url: str) -> None:
    """Wait until a collector is ready."""
    async with SegueClient(url, WRITE_KEY) as client:

        async def look() -> bool:
            assert process.runs, process.output
            try:
                return (await client.health()).ready
            except UnavailableError:
                return False

        await until(look)
