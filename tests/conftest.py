"""Fixtures of all tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from storage.database import Database
from tests.house import House, opened_house, time_skipping

pytest_plugins = ["tests.databases", "rehearsal.plugin"]

hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")
# How long an example takes says what else the machine does: speed is measured in benchmarks/.

HERE = Path(__file__).parent
CROWDED = frozenset({"clients", "faults", "fuzz", "scenarios", "stack"})
"""Folders whose tests start many processes each: two of these at a time are in each other's way."""

OpenHouse = Callable[..., Awaitable[House]]
"""Opens a house as `tests.house.opened_house` does, with its keyword arguments."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what one of several test processes is to run (`make test ARGS="-n 2 --dist loadgroup"`)."""
    for item in items:
        place = item.path.relative_to(HERE)
        group = "crowded" if place.parts[0] in CROWDED else str(place)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
async def open_house(sqlite_database: Database) -> AsyncIterator[OpenHouse]:
    """Opens a shop under time skipping that is set up differently; it is closed after the test."""
    async with AsyncExitStack() as stack:

        async def enter(**options: Any) -> House:
            env = await stack.enter_async_context(time_skipping())
            return await stack.enter_async_context(opened_house(env, sqlite_database, **options))

        yield enter


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    """A shop under time skipping, without quiet hours."""
    return await open_house()
