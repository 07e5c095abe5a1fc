from collections.abc import AsyncIterator

import httpx2
import pytest

from storage.database import Database
from tests.starter.collectors import client_of, make_collector


@pytest.fixture
async def http(sqlite_database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a collector on the test's own SQLite database."""
    async with client_of(make_collector(sqlite_database)) as client:
        yield client
