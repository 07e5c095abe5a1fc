from collections.abc import AsyncIterator

import httpx2
import pytest

from storage.database import Database
from tests.databases import (
    database,
    database_url,
    postgresql_server,
    postgresql_url,
    sqlite_database,
    sqlite_template,
    sqlite_url,
)
from tests.starter.collectors import client_of, make_collector

__all__ = [
    "database",
    "database_url",
    "postgresql_server",
    "postgresql_url",
    "sqlite_database",
    "sqlite_template",
    "sqlite_url",
]


@pytest.fixture
async def http(sqlite_database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a collector on the test's own SQLite database."""
    async with client_of(make_collector(sqlite_database)) as client:
        yield client
