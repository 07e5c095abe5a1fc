"""How many requests are taken, of whom; and connections that are slow, large or many."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest
import uvicorn

from settings import RateSettings, load_settings
from starter import connections
from starter.collector.rates import Windows
from starter.serving import server_config
from storage.database import Database
from tests.metrics.readings import Moved
from tests.stack.waiting import until
from tests.starter.collectors import KEY, client_of, make_collector

TRACK = {"type": "track", "userId": "anna", "event": "Product Added"}


def limited(database: Database, **limits: str) -> Any:
    return make_collector(database, limits=RateSettings(**limits))


async def statuses(http: httpx2.AsyncClient, path: str, times: int, **options: Any) -> list[int]:
    return [(await http.request("POST", path, **options)).status_code for _ in range(times)]


async def test_a_key_is_limited_and_told_when_to_come_back(sqlite_database: Database) -> None:
    app = limited(sqlite_database, key="2/hour", address="100/hour")
    async with client_of(app) as http, client_of(app, "an older key of it") as other:
        assert await statuses(http, "/v1/track", 2, json=TRACK) == [200, 200]
        refused = await http.post("/v1/track", json=TRACK)
        assert refused.status_code == 429
        assert 3_500 < int(refused.headers["Retry-After"]) <= 3_600
        assert "2/hour" in refused.json()["error"]["message"]
        assert await statuses(other, "/v1/track", 1, json=TRACK) == [200]


async def test_wrong_keys_are_limited_and_the_right_one_goes_on(sqlite_database: Database) -> None:
    app = limited(sqlite_database, wrong_key="2/hour")
    async with client_of(app, "wrong") as wrong, client_of(app) as right:
        assert await statuses(wrong, "/v1/track", 3, json=TRACK) == [401, 401, 429]
        assert await statuses(right, "/v1/track", 1, json=TRACK) == [200]


async def test_whoever_shows_no_key_is_limited_by_address_before_their_body_is_read(sqlite_database: Database) -> None:
    app = limited(sqlite_database, address="2/hour")
    async with client_of(app, None) as http, client_of(app) as backend:
        assert await statuses(http, "/v1/track", 2, json=TRACK | {"writeKey": KEY}) == [200, 200]
        assert await statuses(http, "/v1/track", 1, content=b"x" * 1_000_000) == [429]
        assert (await http.get("/c/token")).status_code == 429
        assert await statuses(http, "/u/token", 3) == [404, 404, 404]
        assert await statuses(backend, "/v1/track", 1, json=TRACK) == [200]
        assert (await http.get("/health")).status_code == 200


async def test_a_page_can_read_that_it_asks_too_often(sqlite_database: Database) -> None:
    async with client_of(limited(sqlite_database, address="1/hour"), None) as http:
        await http.post("/v1/track", json=TRACK)
        refused = await http.post("/v1/track", json=TRACK, headers={"Origin": "https://shop.example"})
    assert (refused.status_code, bool(refused.headers["Access-Control-Allow-Origin"])) == (429, True)


def test_a_flood_of_addresses_does_not_fill_the_memory() -> None:
    windows = Windows(1_000)
    for number in range(100_000):
        windows.incr(f"address-{number}", 60)
    assert windows.reset() == 1_000
    assert windows.incr("again", 60, 2) == 2
    assert windows.incr("again", 60) == 3
    assert windows.get_expiry("again") > time.time() + 50


@asynccontextmanager
async def at_work(database: Database, limits: RateSettings | None = None, **settings: Any) -> AsyncIterator[int]:
    """A collector as it is served in production; yields its port."""
    app = make_collector(database, limits=limits)
    server = uvicorn.Server(server_config(load_settings({}, **settings), app))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@pytest.mark.parametrize(
    ("trusted", "statuses"), [("", [200, 429, 429]), ("127.0.0.1", [200, 200, 429]), ("10.0.0.0/8", [200, 429, 429])]
)
async def test_a_forwarded_address_is_believed_of_trusted_proxies_alone(
    sqlite_database: Database, trusted: str, statuses: Sequence[int]
) -> None:
    collector = at_work(sqlite_database, RateSettings(address="1/hour"), trusted_proxies=trusted)
    async with collector as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        # What a client claims itself stands in front of what the proxy adds.
        seen = [
            (await http.get("/openapi.json", headers={"X-Forwarded-For": f"198.51.100.9, {address}"})).status_code
            for address in ("203.0.113.1", "203.0.113.2", "203.0.113.2")
        ]
    assert seen == statuses


async def answer_to(port: int, *pieces: bytes, pause: float = 0.05) -> bytes:
    """What the collector says to bytes that come piece by piece; empty where it hangs up without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reading = asyncio.create_task(all_of(reader))
    try:
        for piece in pieces:
            if reading.done():
                break
            writer.write(piece)
            await asyncio.wait([reading], timeout=pause)
        async with asyncio.timeout(10):
            return await reading
    finally:
        writer.close()


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """What came before the other side hung up, or broke the line since it does not read what is still written."""
    came = b""
    with suppress(ConnectionError):
        while some := await reader.read(65_536):
            came += some
    return came


HEAD = b"POST /v1/track HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [HEAD, *(b"X-A: b\r\n" for _ in range(100))],
        [b"\r\n"] * 100,
        [HEAD + b"Content-Length: 1000\r\n\r\n", *(b"{" for _ in range(100))],
        [b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", *(b"\r\n" for _ in range(100))],
    ],
    ids=["nothing", "head", "empty lines", "body", "after an answer"],
)
async def test_nobody_holds_a_connection_by_being_slow(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, pieces: Sequence[bytes]
) -> None:
    reading = connections.Reading
    monkeypatch.setattr(connections.Connection, "within", {reading.HEAD: 0.4, reading.BODY: 0.4})
    async with at_work(sqlite_database) as port:
        began = time.monotonic()
        await answer_to(port, *pieces)
        assert time.monotonic() - began < 4  # a hundred pieces would take five seconds


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD, *(b"X-%d: a\r\n" % number for number in range(200)), b"\r\n"],
        [HEAD + b"X: " + b"a" * 40_000 + b"\r\n\r\n"],
        [HEAD + b"X: ", *[b"a" * 10_000] * 8],
        [b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
    ],
    ids=["many headers", "a long header", "a header without end", "a long address"],
)
async def test_a_large_head_is_refused(sqlite_database: Database, pieces: Sequence[bytes]) -> None:
    async with at_work(sqlite_database) as port:
        assert (await answer_to(port, *pieces, pause=0.001)).startswith(b"HTTP/1.1 400 ")


async def test_too_many_connections_are_refused_and_those_there_go_on(sqlite_database: Database) -> None:
    async with at_work(sqlite_database, max_connections=5) as port:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            assert (await http.get("/health")).status_code == 200
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(12)]
        assert await held[11][0].read() == b""  # beyond twice as many: not even an answer
        held[0][1].write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        refusal = (await held[0][0].read()).lower()
        assert refusal.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in refusal
        for _, writer in held:
            writer.close()

        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def is_well() -> bool:
                return (await http.get("/health")).status_code == 200

            await until(is_well)


async def test_one_address_does_not_take_every_connection(sqlite_database: Database) -> None:
    metrics = Moved()
    async with at_work(sqlite_database, max_connections_per_address=3) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        refusal = (await answer_to(port, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")).lower()
        assert refusal.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in refusal
        held += [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        assert await held[6][0].read() == b""  # beyond twice as many
        metrics.read()
        assert metrics.of("segue_connections_refused_total") == {(): 2}
        elsewhere = httpx2.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=elsewhere) as http:
            assert (await http.get("/health")).status_code == 200
        for _, writer in held:
            writer.close()

        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def is_well() -> bool:
                return (await http.get("/health")).status_code == 200

            await until(is_well)


async def test_a_trusted_proxy_has_as_many_connections_as_it_likes(sqlite_database: Database) -> None:
    async with at_work(sqlite_database, max_connections_per_address=1, trusted_proxies="127.0.0.0/8") as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            assert (await http.get("/health")).status_code == 200
        for _, writer in held:
            writer.close()


def test_of_ipv6_a_network_is_one_client() -> None:
    guests = connections.Guests(1)
    hosts = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "198.51.100.1")
    assert [guests.come(host) for host in hosts] == [1, 2, 1, 1]
    guests.go("2001:db8::1")
    guests.go("2001:db8::2")
    assert guests.come("2001:db8::3") == 1


@pytest.mark.parametrize(
    ("piece", "within", "answer"),
    # All pieces take a second. What flows has earned that with its first piece, which a slow machine may bring late.
    [(b" ", 0.3, b""), (b" " * 10_000, 0.9, b"HTTP/1.1 400 ")],
    ids=["drips", "flows"],
)
async def test_a_body_that_drips_is_not_waited_for(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, piece: bytes, within: float, answer: bytes
) -> None:
    monkeypatch.setattr(connections.Connection, "body_begins_within", within)
    pieces = [piece] * 20
    head = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % (20 * len(piece))
    async with at_work(sqlite_database) as port:
        assert (await answer_to(port, head, *pieces))[: len(answer) or None] == answer
