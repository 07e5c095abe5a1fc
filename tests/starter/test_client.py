import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import pytest

from domain.clock import SystemClock
from domain.errors import ConfigurationError, InvalidEventError, SegueError, UnavailableError
from domain.event import EventType
from starter.client import MAX_BYTES, MAX_CALLS, SegueClient
from starter.sending import ATTEMPTS, LONGEST_PAUSE
from storage.database import Database
from tests.starter.collectors import KEY, make_collector, served, stored_events

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STORED = httpx2.Response(200, json={"success": True})

Answer = httpx2.Response | Exception


class Wire:
    """Stands in for a collector: answers from a list, and remembers what was sent and how long was waited."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.pauses: list[float] = []

    def client(self) -> SegueClient:
        transport = httpx2.MockTransport(self._answer)
        return SegueClient("http://collector/", KEY, transport=transport, sleep=self._sleep)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.paths.append(request.url.path)
        self.requests.append(json.loads(request.content or "{}"))
        answer = self._answers.pop(0) if self._answers else httpx2.Response(200, json={"success": True})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
async def segue(sqlite_database: Database) -> AsyncIterator[SegueClient]:
    transport = httpx2.ASGITransport(make_collector(sqlite_database))
    async with SegueClient("http://collector", KEY, transport=transport) as client:
        yield client


async def test_every_method_reports_its_call(segue: SegueClient, sqlite_database: Database) -> None:
    ids = [
        await segue.track("anna", "Product Added", {"price": 120.5}, anonymous_id="visitor"),
        await segue.identify("anna", {"email": "anna@shop.example"}),
        await segue.page(None, "Pricing", {"url": "/pricing"}, anonymous_id="visitor"),
        await segue.screen("anna", "Cart"),
        await segue.group("anna", "acme", {"plan": "pro"}, context={"ip": "192.0.2.1"}),
        await segue.alias("visitor-2", "anna", message_id="mine", timestamp=NOON - timedelta(days=3)),
    ]

    stored = await stored_events(sqlite_database)
    assert [each.event.message_id for each in stored] == ids
    assert [each.event.type for each in stored] == list(
        map(EventType, ["track", "identify", "page", "screen", "group", "alias"])
    )
    assert stored[0].event.properties == {"price": 120.5}
    assert stored[2].event.name == "Pricing"
    assert stored[4].event.context == {"ip": "192.0.2.1"}
    assert (stored[5].event.message_id, stored[5].event.previous_id) == ("mine", "visitor-2")
    assert abs(stored[5].event.occurred_at - (NOON - timedelta(days=3))) < timedelta(seconds=5)


async def test_values_of_python_become_json() -> None:
    wire = Wire()
    values = {
        "at": NOON,
        "on": date(2026, 3, 1),
        "price": Decimal("19.90"),
        "id": UUID(int=1),
        "tags": {"b", "a"},
        "list": (1, None),
    }
    async with wire.client() as segue:
        await segue.track("anna", "E", values)
    assert wire.requests[0]["properties"] == {
        "at": "2026-03-01T12:00:00+00:00",
        "on": "2026-03-01",
        "price": 19.9,
        "id": "00000000-0000-0000-0000-000000000001",
        "tags": ["a", "b"],
        "list": [1, None],
    }


@pytest.mark.parametrize("value", [object(), float("nan"), datetime(2026, 3, 1), b"bytes", {(1, 2): 3}])  # noqa: DTZ001
async def test_what_is_no_json_is_not_sent(value: object) -> None:
    wire = Wire()
    async with wire.client() as segue:
        with pytest.raises(InvalidEventError, match="is no JSON"):
            await segue.track("anna", "E", {"x": value})
        with pytest.raises(InvalidEventError, match=r"batch\.1: is no JSON"):
            await segue.batch([{"type": "page", "userId": "anna"}, {"type": "page", "userId": value}])
    assert wire.requests == []


async def test_a_refused_call_names_its_field(segue: SegueClient, sqlite_database: Database) -> None:
    with pytest.raises(InvalidEventError) as caught:
        await segue.track(None, "Product Added")
    assert caught.value.field == "userId"
    with pytest.raises(InvalidEventError, match="allowed for one call"):
        await segue.track("anna", "E", {"x": "y" * 40_000})
    assert await stored_events(sqlite_database) == []


@pytest.mark.parametrize(
    "passing",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("too slow"),
        httpx2.RemoteProtocolError("closed"),
        httpx2.Response(429),
        httpx2.Response(500),
        httpx2.Response(503, json={}),
    ],
)
async def test_what_may_pass_is_tried_again_with_the_same_id(passing: Answer) -> None:
    wire = Wire(passing, passing)
    async with wire.client() as segue:
        identifier = await segue.track("anna", "E")
    assert [request["messageId"] for request in wire.requests] == [identifier] * 3
    assert len({request["timestamp"] for request in wire.requests}) == 1
    sent = [request["sentAt"] for request in wire.requests]
    assert sent == sorted(sent)
    assert 0.25 <= wire.pauses[0] <= 0.5 <= wire.pauses[1] <= 1.0


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        ("86400", LONGEST_PAUSE, LONGEST_PAUSE),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", LONGEST_PAUSE, LONGEST_PAUSE),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0, 0),
        ("soon", 0.25, 0.5),
        ("-3", 0.25, 0.5),
    ],
)
async def test_the_collector_may_say_when_to_come_back(header: str, least: float, most: float) -> None:
    wire = Wire(httpx2.Response(503, headers={"Retry-After": header}))
    async with wire.client() as segue:
        await segue.page("anna")
    [pause] = wire.pauses
    assert least <= pause <= most


async def test_patience_ends() -> None:
    wire = Wire(*[httpx2.Response(503)] * 50)
    async with wire.client() as segue:
        with pytest.raises(UnavailableError, match="503"):
            await segue.page("anna")
    assert len(wire.requests) == ATTEMPTS
    assert len(wire.pauses) == ATTEMPTS - 1


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (httpx2.Response(401), ConfigurationError, "SEGUE_WRITE_KEYS"),
        (httpx2.Response(404), ConfigurationError, "is it the collector's address"),
        (httpx2.Response(302, headers={"Location": "/"}), ConfigurationError, "is it the collector's address"),
        (httpx2.Response(400, text="<html>"), InvalidEventError, "answered 400"),
        (httpx2.Response(400, json={"error": "x"}), InvalidEventError, "answered 400"),
        (httpx2.Response(413, json={"error": {"field": "", "message": "too large"}}), InvalidEventError, "too large"),
    ],
)
async def test_what_cannot_pass_is_not_tried_again(answer: Answer, error: type[SegueError], says: str) -> None:
    wire = Wire(answer)
    async with wire.client() as segue:
        with pytest.raises(error, match=says):
            await segue.page("anna")
    assert len(wire.requests) == 1


async def test_a_wrong_key_names_the_remedy(sqlite_database: Database) -> None:
    transport = httpx2.ASGITransport(make_collector(sqlite_database))
    async with SegueClient("http://collector", "another", transport=transport) as segue:
        with pytest.raises(ConfigurationError, match="SEGUE_WRITE_KEYS"):
            await segue.page("anna")


@pytest.mark.parametrize(("url", "key"), [("collector:8100", KEY), ("", KEY), ("http://collector", "")])
def test_a_client_needs_an_address_and_a_key(url: str, key: str) -> None:
    with pytest.raises(ConfigurationError):
        SegueClient(url, key)


# Batches ------------------------------------------------------------------------------------------------------------


def pages(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"type": "page", "userId": "anna", **fields} for _ in range(count)]


async def test_a_batch_is_split_by_number_and_keeps_its_order(segue: SegueClient, sqlite_database: Database) -> None:
    ids = await segue.batch(
        [*pages(2 * MAX_CALLS), {"type": "track", "userId": "anna", "event": "E", "messageId": "m"}]
    )
    assert len(ids) == 2 * MAX_CALLS + 1
    assert ids[-1] == "m"
    assert [stored.event.message_id for stored in await stored_events(sqlite_database)] == ids


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (0, 0, []),
        (1, 0, [1]),
        (MAX_CALLS, 0, [MAX_CALLS]),
        (MAX_CALLS + 1, 0, [MAX_CALLS, 1]),
        (40, 30_000, [14, 14, 12]),  # 14 of 30 kB are 420 kB, a fifteenth would make 450 kB and some
    ],
)
async def test_a_batch_is_split_by_number_and_size(count: int, size: int, expected: list[int]) -> None:
    wire = Wire()
    async with wire.client() as segue:
        await segue.batch(pages(count, properties={"x": "y" * size}))
    assert [len(request["batch"]) for request in wire.requests] == expected
    assert all(len(json.dumps(request)) < MAX_BYTES + 20_000 for request in wire.requests)


async def test_a_refused_batch_counts_in_what_was_given(segue: SegueClient, sqlite_database: Database) -> None:
    calls = pages(MAX_CALLS + 30)
    calls[MAX_CALLS + 7]["userId"] = None
    with pytest.raises(InvalidEventError) as caught:
        await segue.batch(calls)
    assert caught.value.field == f"batch.{MAX_CALLS + 7}.userId"
    assert len(await stored_events(sqlite_database)) == MAX_CALLS + 29


# Health -------------------------------------------------------------------------------------------------------------


async def test_health_is_typed(sqlite_database: Database) -> None:
    async def ready() -> dict[str, bool | str]:
        return {"temporal": "no connection"}

    transport = httpx2.ASGITransport(make_collector(sqlite_database, ready=ready))
    async with SegueClient("http://collector", KEY, transport=transport) as segue:
        health = await segue.health()
    assert health.ready is False
    assert health.parts == {"database": True, "temporal": "no connection"}
    assert abs(SystemClock(health.clock).now() - health.now) < timedelta(minutes=1)


@pytest.mark.parametrize("answer", [httpx2.ConnectError("refused"), httpx2.Response(200, text="Welcome to nginx!")])
async def test_health_of_what_is_no_collector_is_an_error(answer: Answer) -> None:
    wire = Wire(answer)
    async with wire.client() as segue:
        with pytest.raises(UnavailableError):
            await segue.health()
    assert wire.pauses == []


async def test_over_a_real_connection(sqlite_database: Database) -> None:
    async with served(make_collector(sqlite_database)) as url, SegueClient(url, KEY) as segue:
        await segue.track("anna", "Product Added")
        await segue.batch(pages(150))
        assert (await segue.health()).ready
    assert len(await stored_events(sqlite_database)) == 151


async def test_a_collector_that_is_not_there_is_away(unused_tcp_port_factory: Callable[[], int]) -> None:
    wire = Wire()
    async with SegueClient(f"http://127.0.0.1:{unused_tcp_port_factory()}", KEY, sleep=wire._sleep) as segue:
        with pytest.raises(UnavailableError, match="is away"):
            await segue.page("anna")
    assert len(wire.pauses) == ATTEMPTS - 1
