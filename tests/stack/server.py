"""Temporal's dev server over a database file, to be stopped, killed and started again on the same port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starter.embedded import DevServer, dev_server, find_temporal, free_port


class TemporalServer:
    """One server with its file and its port; not running until started."""

    def __init__(self, file: Path) -> None:
        self._file, self._port = file, free_port()
        self._running: DevServer | None = None
        self._parts = AsyncExitStack()
        self.address = f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it. Returns once it answers."""
        starting = dev_server(binary=find_temporal(), file=self._file, ui_port=0, port=self._port)
        self._running = await self._parts.enter_async_context(starting)

    async def stop(self) -> None:
        """Stop it as an operator would."""
        await self._parts.aclose()

    async def kill(self) -> None:
        """End it without a warning, as the kernel does when memory runs out."""
        assert self._running is not None
        self._running.process.kill()
        await self._running.process.wait()
        await self._parts.aclose()


@asynccontextmanager
async def temporal_server(folder: Path) -> AsyncIterator[TemporalServer]:
    """A started server, stopped at the end whatever became of it."""
    server = TemporalServer(folder / "temporal.db")
    await server.start()
    try:
        yield server
    finally:
        await asyncio.shield(server.stop())
