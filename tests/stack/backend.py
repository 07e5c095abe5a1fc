"""The shop's backend, beside a stack of processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starter.client import SegueClient
from starter.place import Place
from tests.stack.processes import Process, addresses_of
from tests.stack.shop import Backend


@asynccontextmanager
async def backend_of(process: Process, folder: Path) -> AsyncIterator[Backend]:
    """The shop's backend, once the stack is up."""
    addresses = await addresses_of(process, folder)
    identity = Place(folder).known_identity()
    assert identity is not None
    async with SegueClient(addresses.collector, identity.write_key) as client:
        yield Backend(client)
