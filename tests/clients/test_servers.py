"""Clients for servers, unchanged, against a collector on a real port.

Segment's client for Python is a dependency of the tests; the others are installed by `conftest`. Each has the name of
its package, by which docs/integrate.md lists it.
"""

import asyncio
import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.requests import Request
from starlette.responses import Response

from domain.event import CONCLUDED, PRODUCT_ADDED, PRODUCT_VIEWED, Event, EventType
from settings import Settings
from storage.customers import Customers
from storage.database import Database
from tests.clients.line import cut_line
from tests.clients.recovering import RecoveringCommitter
from tests.starter.collectors import KEY, make_collector, served, stored_events

SCRIPTS = Path(__file__).parent
PATIENCE = 60

MODULES = {
    "segment-analytics-python": "segment.analytics.client",
    "segment-analytics-python, gzip": "segment.analytics.client",
    "rudder-sdk-python, gzip": "rudderstack.analytics.client",
    "customerio-cdp-analytics": "customerio.analytics.client",
    "events-sdk-python": "hightouch.htevents.client",
    "analytics-python": "analytics.client",
}
NODE = (
    "@segment/analytics-node",
    "@customerio/cdp-analytics-node",
    "@rudderstack/rudder-sdk-node",
    "analytics-node",
)
EACH = pytest.mark.parametrize("name", [*(name for name in MODULES if name != "segment-analytics-python, gzip"), *NODE])
"""Packed or not makes no difference to how a client takes an answer."""

TRY_ALL_AGAIN = ("@customerio/cdp-analytics-node",)
"""Tries again after any answer but 400, by its own choice."""

MISSING_CALLS = {"@dittofeed/sdk-node": {EventType.GROUP, EventType.ALIAS}}


class Client(NamedTuple):
    """One of the clients. Calling it, with address and write key, returns what it said."""

    name: str
    report: Callable[[str, str], Awaitable[str]]


@pytest.fixture
def client(request: pytest.FixtureRequest, name: str) -> Client:
    """One of the clients that have all six calls."""
    if name not in MODULES:
        return node_client(name, request.getfixturevalue("node_clients"))
    packing = "gzip" if name.endswith("gzip") else "plain"
    own = MODULES[name] == "segment.analytics.client"
    path = "" if own else str(request.getfixturevalue("python_clients"))
    script = str(SCRIPTS / "report.py")
    return Client(name, lambda url, key: run(sys.executable, script, MODULES[name], url, key, packing, PYTHONPATH=path))


def node_client(name: str, folder: Path, *options: str) -> Client:
    return Client(name, lambda url, key: run("node", *options, str(folder / "report.mjs"), name, url, key))


async def run(*command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment},
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def events_of(database: Database) -> list[Event]:
    """What was reported. Somebody whose event of March comes before today's has returned, which is concluded."""
    return [stored.event for stored in await stored_events(database) if stored.event.name not in CONCLUDED]


def errors_in(said: str) -> list[str]:
    """Clients may log what they do, such as that they try again."""
    return [line for line in said.splitlines() if line.startswith("error: ")]


@pytest.mark.parametrize("name", [*MODULES, *NODE])
async def test_all_calls_of_the_client_arrive_and_are_understood(sqlite_database: Database, client: Client) -> None:
    async with served(make_collector(sqlite_database)) as url:
        assert errors_in(await client.report(url, KEY)) == []

    events = await events_of(sqlite_database)
    require_all_calls(events)
    [added] = [event for event in events if event.message_id == "mine"]  # reported twice
    assert added.properties == {"product_id": "boots", "price": 120.5, "quantity": 2}
    assert abs(added.occurred_at - datetime(2026, 3, 1, 12, tzinfo=UTC)) < timedelta(seconds=PATIENCE)
    assert all(datetime.now(UTC) - event.occurred_at < timedelta(minutes=5) for event in events if event is not added)
    await require_anna(sqlite_database)


def require_all_calls(events: list[Event], missing: frozenset[EventType] = frozenset()) -> None:
    views = [event for event in events if event.name == PRODUCT_VIEWED]
    assert sorted(event.properties["number"] for event in views) == list(range(50))
    assert {event.properties["name"] for event in views} == {"Ångström ☂"}
    others = {event.type: event for event in events if event.name not in (PRODUCT_VIEWED, PRODUCT_ADDED)}
    assert set(others) == set(EventType) - {EventType.TRACK} - missing
    page = others[EventType.PAGE]
    assert page.name == "Pricing"
    assert page.properties["url"] == "/pricing"
    assert (page.user_id, page.anonymous_id) == (None, "visitor")
    assert others[EventType.SCREEN].name == "Cart"
    if not missing:
        assert page.properties["category"] == "Docs"
        assert others[EventType.GROUP].properties == {"plan": "pro", "groupId": "acme"}
        assert others[EventType.ALIAS].previous_id == "visitor-2"
        assert all(event.context["library"]["name"] for event in events)


async def require_anna(database: Database) -> None:
    assert {stored.customer for stored in await stored_events(database)} == {"anna"}
    async with database.read() as session:
        anna = await Customers(session).get("anna")
    assert (anna.email, anna.first_name) == ("anna@shop.example", "Anna")
    assert [(line.product_id, line.quantity) for line in anna.cart.lines] == [("boots", 2)]


@EACH
async def test_an_outage_loses_and_doubles_nothing(
    sqlite_database: Database, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.collector.answers.RETRY_AFTER", 1)
    committer = RecoveringCommitter(sqlite_database)
    async with served(make_collector(sqlite_database, committer=committer)) as url, cut_line(url) as line:
        assert errors_in(await client.report(line, KEY)) == []
    assert committer.attempts > 2
    assert sorted(
        event.properties["number"] for event in await events_of(sqlite_database) if "number" in event.properties
    ) == list(range(50))
    assert len(await events_of(sqlite_database)) == 56


@EACH
async def test_a_wrong_key_is_reported_by_the_client_and_not_tried_again(
    sqlite_database: Database, client: Client
) -> None:
    collector = make_collector(sqlite_database)
    times: Counter[str] = Counter()

    @collector.middleware("http")
    async def count(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        body = await request.body()
        packed = request.headers.get("content-encoding") == "gzip"
        times.update(call["messageId"] for call in json.loads(gzip.decompress(body) if packed else body)["batch"])
        return await answer(request)

    async with served(collector) as url:
        said = await client.report(url, "another key")
    assert "401" in said or "Unauthorized" in said
    del times["mine"]  # reported twice
    assert len(times) == 55
    assert max(times.values()) == (4 if client.name in TRY_ALL_AGAIN else 1)
    assert await events_of(sqlite_database) == []


async def test_the_largest_batches_fit(sqlite_database: Database) -> None:
    async with served(make_collector(sqlite_database, max_body=Settings().max_body)) as url:
        assert errors_in(await run(sys.executable, str(SCRIPTS / "large.py"), url, KEY)) == []
    assert len(await events_of(sqlite_database)) == 40


@pytest.mark.parametrize("name", ["@segment/analytics-node", "@rudderstack/rudder-sdk-node"])
async def test_a_late_clock_is_corrected(sqlite_database: Database, node_clients: Path, name: str) -> None:
    late = node_client(name, node_clients, "--import", str(node_clients / "late.mjs"))
    async with served(make_collector(sqlite_database)) as url:
        assert errors_in(await late.report(url, KEY)) == []
    events = [event for event in await events_of(sqlite_database) if event.message_id != "mine"]
    assert len(events) == 55
    assert all(datetime.now(UTC) - event.occurred_at < timedelta(minutes=5) for event in events)


async def test_dittofeeds_client_arrives(sqlite_database: Database, node_clients: Path) -> None:
    name = "@dittofeed/sdk-node"
    async with served(make_collector(sqlite_database)) as url:
        assert errors_in(await node_client(name, node_clients).report(url, KEY)) == []
    require_all_calls(await events_of(sqlite_database), frozenset(MISSING_CALLS[name]))


async def test_jitsus_client_arrives(sqlite_database: Database, node_clients: Path) -> None:
    key = "its-keys:have-two-parts"
    async with served(make_collector(sqlite_database, write_keys=[key])) as url:
        said = await run("node", str(node_clients / "jitsu.mjs"), url, key)
    names = {event.name for event in await events_of(sqlite_database)}
    assert names == {"identify", PRODUCT_ADDED, "group", "page"}, said
    await require_anna(sqlite_database)
