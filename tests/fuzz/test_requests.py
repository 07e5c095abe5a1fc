"""What a client, a stranger or a broken proxy may send: each gets a clear answer; what is refused leaves nothing."""

import base64
import gzip
import json
import socket
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail.links import Links
from tests.fuzz import EXAMPLES
from tests.fuzz.door import KEY, SECRET, Door, opened_door
from tests.fuzz.inputs import ANYTHING, CALLS, TEXT

pytestmark = pytest.mark.timeout(1_800)

ANSWERS = {200, 202, 204, 302, 303, 400, 401, 403, 404, 405, 410, 413, 415, 422, 429, 431}
LINKS = Links("https://mail.shop.example", [SECRET])

fuzzed = settings(max_examples=EXAMPLES * 3, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened_door(tmp_path_factory.mktemp("door")) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(door: Door) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=door.url, timeout=30) as opened:
        yield opened


@pytest.fixture(autouse=True)
def it_stands(door: Door) -> Iterator[None]:
    yield
    door.require_alive()


def _as_json(body: object) -> bytes:
    # As a careless client writes it: NaN, halves of surrogate pairs and all.
    return json.dumps(body, default=str).encode("utf-8", "surrogatepass")


_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": bytes,
    "gzip, gzip": lambda body: gzip.compress(gzip.compress(body)),
}
_PATHS = ("track", "identify", "page", "screen", "group", "alias", "batch")
_TYPES = ("application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "", "\xe4")
BODIES = CALLS.map(_as_json) | ANYTHING.map(_as_json) | st.binary(max_size=200)
BATCHES = st.fixed_dictionaries({"batch": st.lists(CALLS, max_size=4), "writeKey": st.just(KEY) | ANYTHING})


@fuzzed
@given(
    path=st.sampled_from(_PATHS),
    body=BODIES | BATCHES.map(_as_json),
    packed=st.sampled_from(sorted(_PACKED)),
    honest=st.booleans(),
    content_type=st.sampled_from(_TYPES),
    key=st.sampled_from([KEY, "", "another", "\u20ac"]) | st.none(),
)
def test_a_call_is_stored_or_refused(
    *,
    door: Door,
    client: httpx2.Client,
    path: str,
    body: bytes,
    packed: str,
    honest: bool,
    content_type: str,
    key: str | None,
) -> None:
    before = door.rows()
    headers = {b"content-type": content_type.encode("latin-1"), b"content-encoding": packed.encode()}
    if key is not None:
        headers[b"authorization"] = b"Basic " + base64.b64encode(f"{key}:".encode())
    content = _PACKED[packed](body) if honest else body
    answer = client.post(f"/v1/{path}", content=content, headers=headers)

    assert answer.status_code in ANSWERS
    if answer.status_code != 200:
        assert door.rows() == before
        assert answer.json()["error"]["message"]


@fuzzed
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]),
    path=st.lists(st.sampled_from(["v1", "c", "u", "p", "o", "webhooks", "batch", "..", "%2e%2e", "%00"]) | TEXT),
    body=st.binary(max_size=100),
)
def test_any_path_gets_an_answer(door: Door, client: httpx2.Client, method: str, path: list[str], body: bytes) -> None:
    before = door.rows()
    address = "/" + "/".join(part if part.startswith("%") else quote(part, safe="") for part in _encodable(path))
    answer = client.request(method, f"{door.url}{address}", content=body)
    assert answer.status_code in ANSWERS | {501}
    assert door.rows() == before


@fuzzed
@given(
    made=st.sampled_from([LINKS.click("m1", 0), LINKS.unsubscribe("m1"), LINKS.click("m" * 200, 10**9)]),
    door_of=st.sampled_from("cupo"),
    change=st.tuples(st.integers(0, 200), st.characters(codec="ascii", exclude_categories=["C"])) | st.none(),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    body=st.binary(max_size=60),
)
def test_a_forged_or_foreign_link_changes_nothing(
    *,
    door: Door,
    client: httpx2.Client,
    made: str,
    door_of: str,
    change: tuple[int, str] | None,
    method: str,
    body: bytes,
) -> None:
    before = door.rows()
    token = urlsplit(made).path.split("/")[2]
    if change is not None:
        place, letter = change[0] % len(token), change[1]
        token = token[:place] + letter + token[place + 1 :]
    answer = client.request(method, f"/{door_of}/{quote(token, safe='')}", content=body)
    assert answer.status_code in ANSWERS - {302, 303}  # there is no message m1: nobody is led anywhere
    assert door.rows() == before


@fuzzed
@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda rest: b"POST /v1/track HTTP/1.1\r\n" + rest))
def test_noise_on_the_line_is_survived(door: Door, noise: bytes) -> None:
    before = door.rows()
    address = urlsplit(door.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as line:
        line.settimeout(0.05)
        line.sendall(noise)
        try:
            answer = line.recv(4_096)
        except TimeoutError:
            answer = b""  # it waits for the rest
        except ConnectionError:
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 5")
    assert door.rows() == before


def _encodable(path: list[str]) -> list[str]:
    return [part.encode("utf-8", "replace").decode() for part in path]


def test_the_fuzzers_can_tell(door: Door, client: httpx2.Client) -> None:
    """A good call is stored: an empty table would prove nothing."""
    before: dict[str, Any] = door.rows()
    call = {"userId": "anna", "event": "Product Viewed", "properties": {"product_id": "boots"}}
    assert client.post("/v1/track", json=call, auth=httpx2.BasicAuth(KEY, "")).status_code == 200
    assert door.rows()["events"] == before["events"] + 1
