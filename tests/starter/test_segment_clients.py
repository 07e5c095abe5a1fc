"""Segment's own clients, unchanged, against a collector on a real port.

The client for Python is a dependency of the tests. The one for Node is installed by npm, once a run, in the version
that `tests/clients/package.json` names; without Node its tests are skipped, but in CI (environment variable CI) they
fail.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import UnavailableError
from domain.event import PRODUCT_ADDED, PRODUCT_VIEWED, Event, EventType
from starter.collector.committer import Committer
from storage.customers import Customers
from storage.database import Database
from tests.starter.collectors import KEY, make_collector, served, stored_events

CLIENTS = Path(__file__).parent.parent / "clients"
PATIENCE = 60

Report = Callable[[str, str], Awaitable[str]]
"""Runs a client, given address and write key; returns what it said."""


@pytest.fixture(scope="session")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client for Node, installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("node and npm are missing: CI has to run Segment's client for Node")
        pytest.skip("node and npm are missing: Segment's client for Node is not tried")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "report.mjs"):
        shutil.copy(CLIENTS / name, folder)
    install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=110, check=False)
    if done.returncode:
        pytest.fail(f"npm could not install Segment's client for Node:\n{done.stderr}")
    return folder


@pytest.fixture(params=["python, plain", "python, gzip", "node"])
def report(request: pytest.FixtureRequest) -> Report:
    """One of the clients."""
    if request.param == "node":
        script = request.getfixturevalue("node_client") / "report.mjs"
        return lambda url, key: run("node", str(script), url, key)
    packing = request.param.split()[-1]
    return lambda url, key: run(sys.executable, str(CLIENTS / "report.py"), url, key, packing)


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def events_of(database: Database) -> list[Event]:
    return [stored.event for stored in await stored_events(database)]


async def test_all_calls_of_the_client_arrive(sqlite_database: Database, report: Report) -> None:
    async with served(make_collector(sqlite_database)) as url:
        assert await report(url, KEY) == ""

    events = await events_of(sqlite_database)
    views = [event for event in events if event.name == PRODUCT_VIEWED]
    assert [event.properties for event in views] == [{"number": n, "name": "Ångström ☂"} for n in range(50)]
    others = {event.type: event for event in events if event.name not in (PRODUCT_VIEWED, PRODUCT_ADDED)}
    assert set(others) == set(EventType) - {EventType.TRACK}
    assert others[EventType.IDENTIFY].properties == {"email": "anna@shop.example", "first_name": "Anna"}
    assert others[EventType.PAGE].name == "Pricing"
    assert others[EventType.PAGE].properties.items() >= {"url": "/pricing", "category": "Docs"}.items()
    assert (others[EventType.PAGE].user_id, others[EventType.PAGE].anonymous_id) == (None, "visitor")
    assert others[EventType.SCREEN].name == "Cart"
    assert others[EventType.GROUP].properties == {"plan": "pro", "groupId": "acme"}
    assert others[EventType.ALIAS].previous_id == "visitor-2"
    assert all(event.context["library"]["name"] for event in events)


async def test_what_the_client_says_of_time_and_identity_is_understood(
    sqlite_database: Database, report: Report
) -> None:
    async with served(make_collector(sqlite_database)) as url:
        await report(url, KEY)

    events = await events_of(sqlite_database)
    [added] = [event for event in events if event.message_id == "mine"]  # reported twice
    assert added.properties == {"product_id": "boots", "price": 120.5, "quantity": 2}
    assert abs(added.occurred_at - datetime(2026, 3, 1, 12, tzinfo=UTC)) < timedelta(seconds=PATIENCE)
    assert all(datetime.now(UTC) - event.occurred_at < timedelta(minutes=5) for event in events if event is not added)
    assert {stored.customer for stored in await stored_events(sqlite_database)} == {"anna"}
    async with sqlite_database.read() as session:
        anna = await Customers(session).get("anna")
    assert (anna.email, anna.first_name) == ("anna@shop.example", "Anna")
    assert [(line.product_id, line.quantity) for line in anna.cart.lines] == [("boots", 2)]


class RecoveringCommitter(Committer):
    """Fails three times: twice it could not store, once it had stored and could not say so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.attempts = 0

    async def commit(self, events: object) -> None:
        self.attempts += 1
        if self.attempts == 3:
            await super().commit(events)  # type: ignore[arg-type]
        if self.attempts <= 3:
            raise UnavailableError("restarting")
        await super().commit(events)  # type: ignore[arg-type]


async def test_an_outage_loses_and_doubles_nothing(
    sqlite_database: Database, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.collector.answers.RETRY_AFTER", 1)
    committer = RecoveringCommitter(sqlite_database)
    async with served(make_collector(sqlite_database, committer=committer)) as url:
        said = await report(url, KEY)
    assert not any(line.startswith("error: ") for line in said.splitlines()), said  # it may log that it tries again
    assert committer.attempts > 3
    assert sorted(
        event.properties["number"] for event in await events_of(sqlite_database) if "number" in event.properties
    ) == list(range(50))
    assert len(await events_of(sqlite_database)) == 56


async def test_a_wrong_key_is_reported_by_the_client(sqlite_database: Database, report: Report) -> None:
    async with served(make_collector(sqlite_database)) as url:
        said = await report(url, "another key")
    assert "401" in said
    assert await events_of(sqlite_database) == []
