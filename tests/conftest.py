"""Fixtures of all tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import hypothesis
import pytest

from storage.database import Database
from tests.house import House, opened_house, time_skipping

pytest_plugins = ["tests.databases", "rehearsal.plugin"]

hypothesis.settings.register_profile("same everywhere", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, derandomize=False)
hypothesis.settings.load_profile("same everywhere")
# How long an example takes says what else the machine does: speed is measured in benchmarks/. And every run has the
# same examples, or one that nobody has seen stops somebody else's change. `--hypothesis-profile=explore` has others.

OpenHouse = Callable[..., Awaitable[House]]
"""Opens a house as `tests.house.opened_house` does, with its keyword arguments."""


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
