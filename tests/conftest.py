"""Fixtures of all tests."""

from collections.abc import AsyncIterator

import pytest

from storage.database import Database
from tests.house import House, opened_house, time_skipping

pytest_plugins = ["tests.databases"]


@pytest.fixture
async def house(sqlite_database: Database) -> AsyncIterator[House]:
    """A shop under time skipping, without quiet hours."""
    async with time_skipping() as env, opened_house(env, sqlite_database) as house:
        yield house
