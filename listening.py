"""Listening: sockets, and servers on them that stop when told to. For the collector, the codec server and metrics."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from domain.errors import ConfigurationError


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it: collector, worker and Temporal have to stop in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int, name: str = "--port") -> socket.socket:
    """Listen on a port, before anything else is started. `name` is of the setting, for when that fails.

    Raises:
        ConfigurationError: it is taken or not permitted.
    """
    try:
        listening = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        # Of a taken port Python says more than anybody wants to read; of an unknown host it alone knows.
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise ConfigurationError(f"{name} {port}: cannot listen on {host}:{port} ({why})") from error
    return listening


@asynccontextmanager
async def answering(config: uvicorn.Config, listening: socket.socket) -> AsyncIterator[None]:
    """Answer requests until the block ends; those under way are finished.

    Args:
        config: what answers, and how.
        listening: taken over.
    """
    server = _Server(config)
    serving_task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not serving_task.done():  # noqa: ASYNC110 -- uvicorn offers no event
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await serving_task
