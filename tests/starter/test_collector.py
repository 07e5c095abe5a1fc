import asyncio
import base64
import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.clock import PacedClock, SystemClock
from domain.errors import ConfigurationError, InvalidEventError, UnavailableError
from domain.event import WISH_ADDED_TO_CART, Event, EventType
from domain.ignored import Ignored, Why
from domain.write_key import Scope
from starter.collector.committer import Committer
from starter.collector.omissions import Omissions
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.write_keys import WriteKeys
from tests.stack.waiting import until
from tests.starter.collectors import KEY, MAX_BODY, client_of, make_collector, served, stored_events
from tests.starter.issuing import make_key

BASIC = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()


def track(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "anna", "event": "Product Added", "messageId": f"m-{number}", **fields}


async def ids_in(database: Database) -> list[str]:
    return [stored.event.message_id for stored in await stored_events(database)]


# Taking in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("track", {"userId": "anna", "event": "Product Added"}, "Product Added"),
        ("identify", {"userId": "anna", "traits": {"email": "anna@shop.example"}}, "identify"),
        ("page", {"anonymousId": "visitor", "name": "Pricing"}, "Pricing"),
        ("screen", {"userId": 42}, "screen"),
        ("group", {"userId": "anna", "groupId": "acme"}, "group"),
        ("alias", {"previousId": "visitor", "userId": "anna"}, "alias"),
        ("batch", {"batch": [{"type": "page", "userId": "anna"}], "sentAt": "2026-03-01T12:00:00Z"}, "page"),
    ],
)
async def test_every_call_is_stored(database: Database, path: str, body: dict[str, Any], name: str) -> None:
    async with client_of(make_collector(database)) as http:
        answer = await http.post(f"/v1/{path}", json=body)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    [stored] = await stored_events(database)
    assert stored.event.name == name
    assert stored.event.message_id


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded", ""]
)
async def test_the_content_type_does_not_matter(
    http: httpx2.AsyncClient, sqlite_database: Database, content_type: str
) -> None:
    answer = await http.post("/v1/track", content=json.dumps(track()), headers={"Content-Type": content_type})
    assert answer.status_code == 200
    assert await ids_in(sqlite_database) == ["m-1"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/gzip", ""])
async def test_a_packed_batch_is_stored_in_its_order(
    http: httpx2.AsyncClient, sqlite_database: Database, content_type: str
) -> None:
    body = gzip.compress(json.dumps({"batch": [track(number) for number in range(100)]}).encode())
    packed = {"Content-Encoding": "GZIP", "Content-Type": content_type}
    answer = await http.post("/v1/batch", content=body, headers=packed)
    assert answer.status_code == 200
    assert await ids_in(sqlite_database) == [f"m-{number}" for number in range(100)]


async def test_the_largest_batch_is_stored_as_a_whole(database: Database) -> None:
    calls = [{"type": "page", "userId": number % 7, "messageId": number} for number in range(2_500)]
    async with client_of(make_collector(database)) as http:
        assert (await http.post("/v1/batch", json={"batch": calls})).status_code == 200
    assert len(await stored_events(database)) == 2_500


async def test_an_event_that_comes_again_changes_nothing(http: httpx2.AsyncClient, sqlite_database: Database) -> None:
    first, second = track(1, properties={"price": 1}), track(1, properties={"price": 2})
    for body in ({"batch": [first, second, track(2)]}, {"batch": [track(2), track(3)]}, {"batch": [first]}):
        assert (await http.post("/v1/batch", json=body)).json() == {"success": True}
    assert (await http.post("/v1/track", json=second)).json() == {"success": True}

    assert await ids_in(sqlite_database) == ["m-1", "m-2", "m-3"]
    assert (await stored_events(sqlite_database))[0].event.properties == {"price": 1}


async def test_what_happened_earlier_and_comes_later_counts_when_it_happened(
    http: httpx2.AsyncClient, sqlite_database: Database
) -> None:
    now = datetime.now(UTC)
    product = {"product_id": "boots"}
    for number, (name, minutes) in enumerate([("Order Completed", 1), ("Product Added", 5), ("Product Viewed", 3)]):
        at = (now - timedelta(minutes=minutes)).isoformat()
        call = track(number, event=name, timestamp=at, sentAt=now.isoformat(), properties=product)
        assert (await http.post("/v1/track", json=call)).status_code == 200
    async with sqlite_database.read() as session:
        anna = await Customers(session).get("anna")
    assert (anna.orders, anna.cart.is_empty) == (1, True)  # what was added was ordered since


async def test_a_wish_that_goes_into_the_cart_is_in_it(http: httpx2.AsyncClient, sqlite_database: Database) -> None:
    wish = track(
        event="Wishlist Product Added to Cart", properties={"wishlist_id": "w1", "sku": "boots", "price": "99.5"}
    )
    assert (await http.post("/v1/track", json=wish)).status_code == 200
    assert [stored.event.name for stored in await stored_events(sqlite_database)] == [wish["event"], "Product Added"]
    async with sqlite_database.read() as session:
        [line] = (await Customers(session).get("anna")).cart.lines
    assert (line.product_id, line.price, line.quantity) == ("boots", 99.5, 1)


async def test_calls_without_a_message_id_are_all_kept(http: httpx2.AsyncClient, sqlite_database: Database) -> None:
    for _ in range(2):
        await http.post("/v1/track", json=track(messageId=None))
    assert len(await stored_events(sqlite_database)) == 2


async def test_events_bear_product_time(sqlite_database: Database) -> None:
    now = datetime.now(UTC)
    clock = SystemClock(PacedClock(anchor_real=now, anchor_product=datetime(2030, 1, 1, tzinfo=UTC), pace=3600))
    async with client_of(make_collector(sqlite_database, clock=clock)) as http:
        await http.post("/v1/track", json=track())
    [stored] = await stored_events(sqlite_database)
    assert datetime(2030, 1, 1, tzinfo=UTC) < stored.event.received_at <= clock.now()
    assert stored.event.occurred_at == stored.event.received_at


# Refusing -----------------------------------------------------------------------------------------------------------

MALFORMED: Sequence[tuple[tuple[str, bytes, str], int, str]] = [
    (("track", b"", ""), 400, ""),
    (("track", b"not json", ""), 400, ""),
    (("track", b"\xff\xfe", ""), 400, ""),
    (("track", b"[]", ""), 400, ""),
    (("track", b"null", ""), 400, ""),
    (("track", b"[" * 50_000, ""), 400, ""),
    (("track", b'{"userId":"anna"}', ""), 400, "event"),
    (("track", b'{"event":"E"}', ""), 400, "userId"),
    (("track", b'{"userId":"anna","event":"E","properties":{"a":"\\u0000"}}', ""), 400, "properties.a"),
    (("track", b'{"userId":"anna","event":"E","properties":{"a":"\\ud800"}}', ""), 400, "properties.a"),
    (("track", b'{"userId":"\\udc00","event":"E"}', ""), 400, "userId"),
    (("track", b'{"userId":"anna","event":"E","properties":{"a":NaN}}', ""), 400, "properties.a"),
    (("track", b'{"userId":"anna","event":"E","properties":{"a":1e999}}', ""), 400, "properties.a"),
    (("track", b'{"userId":' + b"9" * 400 + b',"event":"E"}', ""), 400, "userId"),
    (("track", b'{"userId":' + b"9" * 9_000 + b',"event":"E"}', ""), 400, ""),
    (("track", b'{"userId":"anna","event":"E","x":"' + b"y" * 33_000 + b'"}', ""), 400, ""),
    (("identify", b'{"userId":"anna","traits":[]}', ""), 400, "traits"),
    (("group", b'{"userId":"anna"}', ""), 400, "groupId"),
    (("alias", b'{"userId":"anna"}', ""), 400, "previousId"),
    (("page", b'{"anonymousId":null}', ""), 400, "userId"),
    (("batch", b"{}", ""), 400, "batch"),
    (("batch", b'{"batch":{}}', ""), 400, "batch"),
    (("batch", b'{"batch":[{"type":"page"},{"type":"paeg"}]}', ""), 400, "batch.0.userId"),
    (("batch", b'{"batch":[{"type":"paeg","userId":"anna"}]}', ""), 400, "batch.0.type"),
    (("batch", b'{"batch":[{"type":"page","userId":"anna"}],"sentAt":"soon"}', ""), 400, "sentAt"),
    (("batch", b" " * (MAX_BODY + 1), ""), 413, ""),
    (("batch", gzip.compress(bytes(50_000_000)), "gzip"), 413, ""),
    (("batch", gzip.compress(b'{"batch":[]}')[:-3], "gzip"), 400, ""),
    (("batch", b'{"batch":[]}', "gzip"), 400, ""),
    (("batch", b'{"batch":[]}', "br"), 415, ""),
]


@pytest.mark.parametrize(("request_", "status", "field"), MALFORMED)
async def test_a_malformed_call_is_refused_and_nothing_stored(
    sqlite_database: Database, request_: tuple[str, bytes, str], status: int, field: str
) -> None:
    path, body, encoding = request_
    async with client_of(make_collector(sqlite_database)) as http:
        answer = await http.post(f"/v1/{path}", content=body, headers={"Content-Encoding": encoding})

    assert answer.status_code == status
    assert answer.json()["error"]["field"] == field
    assert answer.json()["error"]["message"]
    assert answer.json()["code"] == "invalid_request"
    assert answer.json()["error"]["message"] in answer.json()["message"]
    assert await stored_events(sqlite_database) == []


async def test_what_is_wrong_in_a_batch_is_named_and_the_rest_is_stored(database: Database) -> None:
    calls = [
        track(1),
        track(2, userId=None),
        {"type": "paeg"},
        track(4, properties={"anna@shop.example": float("nan")}),
    ]
    body = json.dumps({"batch": [*calls, track(5)]})
    with capture_logs() as logs:
        async with client_of(make_collector(database)) as http:
            answer = await http.post("/v1/batch", content=body)
            health = await http.get("/health")

    assert answer.status_code == 200
    assert (answer.json()["success"], answer.json()["refused"]) == (True, 3)
    assert [error["field"] for error in answer.json()["errors"]] == [
        "batch.1.userId",
        "batch.2.type",
        "batch.3.properties.anna@shop.example",
    ]
    assert await ids_in(database) == ["m-1", "m-5"]
    assert health.json()["refused_calls"] == 3
    [line] = [line for line in logs if line["event"] == "calls refused"]
    assert (line["refused"], line["stored"], line["fields"]) == (3, 2, ["properties", "type", "userId"])
    assert "anna" not in str(line)


async def test_the_log_alone_says_what_is_wrong_with_a_call_and_none_of_its_values(sqlite_database: Database) -> None:
    _, key = await make_key(sqlite_database, Scope.BROWSER)
    told = {"type": "track", "userId": "anna", "event": "Email anna@shop.example"}
    with capture_logs() as logs:
        async with client_of(make_collector(sqlite_database)) as http:
            await http.post("/v1/batch", json={"batch": [track(1), track(2, event="x" * 300)]})
        async with client_of(make_collector(sqlite_database), key) as http:
            await http.post("/v1/batch", json={"batch": [told]})
    assert [line["reasons"] for line in logs if line["event"] == "calls refused"] == [
        ["event: must have at most 256 characters"],
        ["event: a browser's key may not report this event: report it from your backend"],
    ]


async def test_of_a_batch_that_is_wrong_throughout_all_calls_are_named(sqlite_database: Database) -> None:
    calls = [5, None, {"type": "track"}, *[{}] * 150]
    async with client_of(make_collector(sqlite_database)) as http:
        answer = await http.post("/v1/batch", json={"batch": calls})
    told = answer.json()
    assert (answer.status_code, told["refused"], len(told["errors"])) == (400, 153, 100)
    assert [each["field"] for each in told["errors"][:3]] == ["batch.0", "batch.1", "batch.2.event"]
    assert told["error"] == told["errors"][0]


async def test_traits_that_do_not_count_are_told_and_the_call_is_stored(sqlite_database: Database) -> None:
    said = {"consent": "true", "email": "anna at shop", "timezone": "Mars/X"}
    call = {"userId": "anna", "traits": said, "context": {"locale": "de"}}
    with capture_logs() as logs:
        async with client_of(make_collector(sqlite_database)) as http:
            answer = await http.post("/v1/identify", json=call)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert [each["field"] for each in answer.json()["ignored"]] == [
        "traits.consent",
        "traits.email",
        "traits.timezone",
    ]
    lines = [line for line in logs if line["event"] == "a trait does not count"]
    assert [line["field"] for line in lines] == ["traits.consent", "traits.email", "traits.timezone"]
    assert lines[0]["reason"].startswith("only true or false count")
    assert not any(word in str(lines) for word in ("anna", "Mars"))
    assert await ids_in(sqlite_database)


def test_what_each_call_says_again_is_logged_once_a_minute_for_each_key() -> None:
    clock = iter([0.0, 59.0, 59.0, 60.0, 61.0])
    omissions = Omissions(lambda: next(clock))
    said = Ignored(trait="consent", field="traits.consent", problem="only true or false count", why=Why.FORM)
    with capture_logs() as logs:
        for key in ("one", "one", "two", "one", "one"):
            omissions.note(key, [("batch.0", said), ("batch.1", said)])
    assert [line["key"] for line in logs] == ["one", "two", "one"]


async def test_many_refusals_are_counted_and_a_hundred_named(sqlite_database: Database) -> None:
    async with client_of(make_collector(sqlite_database)) as http:
        answer = (await http.post("/v1/batch", json={"batch": [track(), *[{}] * 150]})).json()
    assert (answer["refused"], len(answer["errors"])) == (150, 100)


@pytest.mark.parametrize(
    ("authorization", "write_key"),
    [
        (None, None),
        (None, ""),
        (None, 7),
        (None, "\ud800"),
        (None, "another"),
        ("Bearer token", None),
        ("Basic", None),
        ("Basic !!!", None),
        ("Basic " + base64.b64encode(b"\xff:").decode(), None),
        ("Basic " + base64.b64encode(b"another:").decode(), None),
        ("Basic " + base64.b64encode(f":{KEY}".encode()).decode(), None),
        ("Basic " + base64.b64encode(b"another:").decode(), KEY),  # a header is not overruled by the body
    ],
)
async def test_a_stranger_is_refused(sqlite_database: Database, authorization: str | None, write_key: object) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with client_of(make_collector(sqlite_database), key=None) as http:
        answer = await http.post("/v1/track", content=json.dumps(track(writeKey=write_key)), headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.json()["error"]["field"] == "writeKey"
    assert await stored_events(sqlite_database) == []


@pytest.mark.parametrize(
    ("authorization", "write_key"),
    [
        (BASIC, None),
        (BASIC.replace("Basic", "basic"), "whatever"),
        ("Basic " + base64.b64encode(KEY.encode()).decode(), None),  # without the colon
        ("Basic " + base64.b64encode(b"an older key of it:").decode(), None),
        (None, KEY),
        ("Bearer token", KEY),
        (f"Bearer {KEY}", None),
    ],
)
async def test_whoever_has_a_key_may_write(
    sqlite_database: Database, authorization: str | None, write_key: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with client_of(make_collector(sqlite_database), key=None) as http:
        answer = await http.post("/v1/track", json=track(writeKey=write_key), headers=headers)
    assert answer.status_code == 200


async def test_a_strangers_body_is_not_read(sqlite_database: Database) -> None:
    async with client_of(make_collector(sqlite_database), key="another") as http:
        answer = await http.post("/v1/batch", content=b" " * (MAX_BODY + 1))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("key", "remedy"), [("sha256:beef", "sha256sum"), ("qx", "segue keys create"), ("fifteen-letters", "openssl rand")]
)
def test_a_key_of_the_environment_that_is_none_is_refused(tmp_path: Path, key: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^SEGUE_WRITE_KEYS: .*{remedy}") as refused:
        make_collector(Database(str(tmp_path / "segue.db")), write_keys=[KEY, key])
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/v1/trakc", 404),
        ("POST", "/v1/track/", 404),
        ("GET", "/v1/track", 405),
        ("HEAD", "/v1/batch", 405),
        ("PUT", "/v1/identify", 405),
        ("DELETE", "/health", 405),
        ("GET", "/docs", 404),
    ],
)
async def test_other_addresses_and_methods_are_answered_in_json(
    http: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path)
    assert answer.status_code == status
    assert method == "HEAD" or answer.json()["error"]["message"]
    assert ("Allow" in answer.headers) == (status == 405)


async def test_browsers_of_any_site_may_report_but_not_read_pages(http: httpx2.AsyncClient) -> None:
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    for path in ("/v1/track", "/v1/b", "/beacon/v1/batch"):
        preflight = await http.options(path, headers=asked)
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert preflight.headers["Access-Control-Allow-Credentials"] == "true"
        assert "authorization" in preflight.headers["Access-Control-Allow-Headers"]
    refusal = await http.post("/v1/track", json={}, headers={"Origin": "https://shop.example"})
    assert refusal.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert refusal.headers["Access-Control-Expose-Headers"] == "Retry-After"
    health = await http.get("/health", headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in health.headers


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just("anna"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
names = st.sampled_from(["type", "userId", "anonymousId", "previousId", "groupId", "event", "messageId", "timestamp"])
others = st.sampled_from(["sentAt", "properties", "traits", "context", "batch", "name", "originalTimestamp"])
types = st.sampled_from([*EventType, "unknown"])
calls = st.dictionaries(names | others, json_values, max_size=8) | st.fixed_dictionaries(
    {"type": types, "userId": st.text(min_size=1) | st.integers(), "event": st.text(min_size=1)},
    optional={
        "properties": json_values,
        "traits": json_values,
        "messageId": json_values,
        "timestamp": st.datetimes().map(str),
    },
)
bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(json.dumps).map(str.encode),
    calls.map(json.dumps).map(str.encode),
    st.lists(calls, max_size=4).map(lambda batch: json.dumps({"batch": batch}).encode()),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from([*EventType, "batch"]), body=bodies, packed=st.booleans())
async def test_nothing_a_client_sends_is_our_fault(
    http: httpx2.AsyncClient, path: str, body: bytes, packed: bool
) -> None:
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = await http.post(f"/v1/{path}", content=gzip.compress(body) if packed else body, headers=headers)
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.json()["error"]["message"]


# Group commit -------------------------------------------------------------------------------------------------------


class CountingDatabase(Database):
    """Counts transactions, and fails those that hold a poisonous event, or all of them."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.transactions = 0

    def transaction(self) -> Any:
        self.transactions += 1
        return super().transaction()


def event(message_id: str, **fields: Any) -> Event:
    now = datetime.now(UTC)
    values = {"message_id": message_id, "type": EventType.TRACK, "name": "E", "user_id": "anna"}
    return Event(**({**values, "occurred_at": now, "received_at": now} | fields))


async def test_requests_that_come_together_share_a_commit(sqlite_url: str) -> None:
    database = CountingDatabase(sqlite_url)
    committer = Committer(database)
    await asyncio.gather(*(committer.commit([event(f"m-{number}")]) for number in range(200)))
    assert database.transactions == 1
    assert len(await stored_events(database)) == 200
    await database.aclose()


async def test_a_group_is_bounded_but_a_batch_is_never_split(sqlite_url: str) -> None:
    database = CountingDatabase(sqlite_url)
    committer = Committer(database, largest_group=10)
    batches = [[event(f"m-{batch}-{number}") for number in range(size)] for batch, size in enumerate([4, 4, 4, 25, 1])]
    await asyncio.gather(*(committer.commit(batch) for batch in batches))
    assert database.transactions == 4  # 4 + 4, then 4, then 25, then 1
    assert len(await stored_events(database)) == 38
    await database.aclose()


async def test_one_request_that_cannot_be_stored_fails_alone(database: Database) -> None:
    committer = Committer(database)
    nobodys = event("m-poison", user_id=None)
    answers = await asyncio.gather(
        *(committer.commit([nobodys if number == 20 else event(f"m-{number}")]) for number in range(50)),
        return_exceptions=True,
    )
    assert [number for number, answer in enumerate(answers) if answer is not None] == [20]
    assert isinstance(answers[20], InvalidEventError)
    assert len(await stored_events(database)) == 49


async def test_what_another_collector_is_storing_holds_up_no_other_request(postgresql_database: Database) -> None:
    database, committer = postgresql_database, Committer(postgresql_database)
    async with database.transaction() as another:
        await EventStore(another).commit([event("m-1", user_id="ben")])
        requests = [asyncio.create_task(committer.commit([event(f"m-{number}")])) for number in range(3)]
        await until(lambda: count_waiting(database), bool)
    assert await asyncio.gather(*requests, return_exceptions=True) == [None] * 3
    assert sorted(await ids_in(database)) == ["m-0", "m-1", "m-2"]


async def count_waiting(database: Database) -> int:
    """How many transactions wait for a lock of another."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with database.read() as session:
        return int((await (await session.connection()).execute(text(waiting))).scalar_one())


async def test_a_page_that_takes_the_place_of_what_follows_holds_up_nobody(database: Database) -> None:
    async with database.transaction() as session:
        _, key = await WriteKeys(session).create("page", [Scope.BROWSER], datetime.now(UTC))
    app = make_collector(database)
    taken = {"anonymousId": "v1", "event": "E", "messageId": "m/product-added"}
    wish = {"anonymousId": "v1", "event": WISH_ADDED_TO_CART, "messageId": "m", "properties": {"product_id": "lamp"}}
    async with client_of(app, key=key) as page, client_of(app) as backend:
        assert (await page.post("/v1/track", json=taken)).status_code == 200
        calls = [(page, wish), *((backend, track(number)) for number in range(20))]
        answers = await asyncio.gather(*(http.post("/v1/track", json=call) for http, call in calls))
    assert {answer.status_code for answer in answers} == {200}
    names = [stored.event.name for stored in await stored_events(database) if stored.event.anonymous_id == "v1"]
    assert names == ["E", WISH_ADDED_TO_CART, "Product Added"]


async def test_of_fifty_concurrent_requests_one_invalid_fails_alone(
    http: httpx2.AsyncClient, sqlite_database: Database
) -> None:
    bodies = [track(number, event=None if number == 20 else "E") for number in range(50)]
    answers = await asyncio.gather(*(http.post("/v1/track", json=body) for body in bodies))
    assert [answer.status_code for answer in answers] == [400 if number == 20 else 200 for number in range(50)]
    assert set(await ids_in(sqlite_database)) == {f"m-{number}" for number in range(50)} - {"m-20"}


async def test_too_many_waiting_events_are_turned_away(sqlite_database: Database) -> None:
    committer = Committer(sqlite_database, most_waiting=10)
    answers = await asyncio.gather(
        *(committer.commit([event(f"m-{number}")]) for number in range(15)), return_exceptions=True
    )
    assert [isinstance(answer, UnavailableError) for answer in answers] == [False] * 10 + [True] * 5
    await committer.commit([event("m-later")])
    assert len(await stored_events(sqlite_database)) == 11


async def test_a_request_that_went_away_does_not_disturb_the_others(sqlite_database: Database) -> None:
    committer = Committer(sqlite_database)
    leaving = asyncio.create_task(committer.commit([event("m-1")]))
    staying = asyncio.create_task(committer.commit([event("m-2")]))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert "m-2" in await ids_in(sqlite_database)


async def test_whoever_waits_when_the_writer_is_stopped_is_told(sqlite_database: Database) -> None:
    committer = Committer(sqlite_database, largest_group=1)
    await committer.commit([event("m-earlier")])
    waiting = [asyncio.create_task(committer.commit([event(f"m-{number}")])) for number in range(3)]
    await asyncio.sleep(0)
    [writer] = [task for task in asyncio.all_tasks() if task.get_name() == "committer"]
    await asyncio.sleep(0)
    writer.cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(answer, UnavailableError) for answer in answers)
    await committer.commit([event("m-later")])


# When parts are away ------------------------------------------------------------------------------------------------


async def test_without_its_database_the_collector_asks_to_try_again() -> None:
    database = Database("postgresql://segue:secret@127.0.0.1:1/segue")
    async with client_of(make_collector(database)) as http:
        answer = await http.post("/v1/track", json=track())
        health = await http.get("/health")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.text
    assert health.status_code == 503
    assert health.json()["parts"] == {"database": "does not answer: UnavailableError"}
    await database.aclose()


async def test_without_its_tables_the_collector_asks_to_try_again(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "segue.db"))
    async with client_of(make_collector(database)) as http:
        answer = await http.post("/v1/track", json=track())
    assert answer.status_code == 503
    await database.aclose()


async def test_health_tells_of_every_part_and_the_time(sqlite_database: Database) -> None:
    async def ready() -> dict[str, bool | str]:
        return {"temporal": True, "dispatcher": True}

    async with client_of(make_collector(sqlite_database, ready=ready), key=None) as http:
        answer = await http.get("/health")
        head = await http.head("/health")

    assert (answer.status_code, head.status_code) == (200, 200)
    found = answer.json()
    assert found["ready"] is True
    assert found["parts"] == {"database": True, "temporal": True, "dispatcher": True}
    assert found["pace"] == 1.0
    assert abs(datetime.fromisoformat(found["now"]) - datetime.now(UTC)).total_seconds() < 60
    assert PacedClock.model_validate(found["clock"]) == PacedClock()


@pytest.mark.parametrize("state", [False, "no connection"])
async def test_one_part_that_is_not_ready_makes_the_collector_unready(
    sqlite_database: Database, state: bool | str
) -> None:
    async def ready() -> dict[str, bool | str]:
        return {"temporal": state, "dispatcher": True}

    async with client_of(make_collector(sqlite_database, ready=ready)) as http:
        answer = await http.get("/health")
    assert (answer.status_code, answer.json()["parts"]["temporal"]) == (503, state)


async def test_a_part_that_fails_to_answer_is_not_ready(sqlite_database: Database) -> None:
    async def ready() -> dict[str, bool | str]:
        raise RuntimeError("with details of our machines")

    async with client_of(make_collector(sqlite_database, ready=ready)) as http:
        answer = await http.get("/health")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": True, "others": "does not answer: RuntimeError"}


async def test_the_collector_describes_itself(http: httpx2.AsyncClient) -> None:
    described = (await http.get("/openapi.json")).json()
    assert described["info"]["title"] == "Segue collector"
    assert set(described["paths"]) == {
        *(f"/v1/{kind}" for kind in EventType),
        "/v1/batch",
        "/v1/projects/{write_key}/settings",
        "/customerio/v1/projects/{write_key}/settings",
        "/sourceConfig/",
        "/v1/coupons/{code}",
        "/health",
    }
    schema = described["paths"]["/v1/track"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"userId", "event", "properties"} <= set(schema["properties"])


# Over a real connection ---------------------------------------------------------------------------------------------


async def test_over_a_real_connection_all_is_the_same(sqlite_database: Database) -> None:
    async with served(make_collector(sqlite_database)) as url, httpx2.AsyncClient(base_url=url, auth=(KEY, "")) as http:
        batch = gzip.compress(json.dumps({"batch": [track(1), track(2)]}).encode())
        assert (await http.post("/v1/batch", content=batch, headers={"Content-Encoding": "gzip"})).status_code == 200
        assert (await http.post("/v1/batch", content=batch)).status_code == 400
        assert (await http.post("/v1/batch", content=bytes(MAX_BODY + 1))).status_code == 413
        assert (await http.post("/v1/track", json=track(3))).status_code == 200
        assert (await http.head("/health")).status_code == 200
        assert (await http.head("/v1/track")).status_code == 405
    assert await ids_in(sqlite_database) == ["m-1", "m-2", "m-3"]


async def test_a_body_without_an_announced_length_is_bounded_too(sqlite_database: Database) -> None:
    async def endless() -> Any:
        for _ in range(MAX_BODY // 1000 + 5):
            yield b" " * 1000

    async with served(make_collector(sqlite_database)) as url, httpx2.AsyncClient(base_url=url, auth=(KEY, "")) as http:
        answer = await http.post("/v1/batch", content=endless())
    assert answer.status_code == 413
