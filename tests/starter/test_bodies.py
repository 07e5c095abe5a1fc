import gzip
import json
import zlib
from collections.abc import Callable

import pytest
from starlette.requests import Request

from domain.errors import InvalidEventError, SegueError
from starter.collector.bodies import BodyTooLargeError, UnsupportedEncodingError, parse_json, read_body, unpack

BODY = json.dumps({"userId": "anna", "event": "Product Added"}).encode() * 20
LIMIT = 10_000
BOMB = gzip.compress(bytes(50_000_000))


def request(body: bytes, encoding: str | None = None, *, length: str | None = None, pieces: int = 7) -> Request:
    """A request whose body arrives in several pieces."""
    size = max(1, len(body) // pieces)
    parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    messages = iter(
        [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, start=1)
        ]
    )

    async def receive() -> dict[str, object]:
        return next(messages)

    given = {"content-encoding": encoding, "content-length": length}
    headers = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        (None, bytes),
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("GZIP ", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("gzip", lambda body: gzip.compress(body[:100]) + gzip.compress(body[100:])),
    ],
)
async def test_a_body_is_read_as_it_was_written(encoding: str | None, pack: Callable[[bytes], bytes]) -> None:
    assert await read_body(request(pack(BODY), encoding), LIMIT) == BODY


async def test_an_empty_body_is_empty() -> None:
    assert await read_body(request(b""), LIMIT) == b""


@pytest.mark.parametrize(
    ("body", "encoding", "error"),
    [
        pytest.param(bytes(LIMIT + 1), None, BodyTooLargeError, id="too large"),
        pytest.param(gzip.compress(bytes(LIMIT + 1)), "gzip", BodyTooLargeError, id="gzip of too much"),
        pytest.param(zlib.compress(bytes(LIMIT + 1)), "deflate", BodyTooLargeError, id="deflate of too much"),
        pytest.param(raw_deflate(bytes(LIMIT + 1)), "deflate", BodyTooLargeError, id="raw deflate of too much"),
        pytest.param(gzip.compress(bytes(LIMIT)) + gzip.compress(b"x"), "gzip", BodyTooLargeError, id="two members"),
        pytest.param(BOMB, "gzip", BodyTooLargeError, id="bomb"),
        pytest.param(gzip.compress(BODY)[:-9], "gzip", InvalidEventError, id="cut in the data"),
        pytest.param(gzip.compress(BODY)[:-1], "gzip", InvalidEventError, id="cut in the trailer"),
        pytest.param(gzip.compress(BODY)[:5], "gzip", InvalidEventError, id="cut in the header"),
        pytest.param(b"", "gzip", InvalidEventError, id="nothing"),
        pytest.param(BODY, "gzip", InvalidEventError, id="not packed"),
        pytest.param(gzip.compress(BODY)[:-8] + bytes(8), "gzip", InvalidEventError, id="wrong checksum"),
        pytest.param(gzip.compress(BODY) + b"rubbish", "gzip", InvalidEventError, id="more behind it"),
        pytest.param(BODY, "br", UnsupportedEncodingError, id="br"),
        pytest.param(BODY, "gzip, gzip", UnsupportedEncodingError, id="packed twice"),
    ],
)
async def test_a_bad_body_is_refused(body: bytes, encoding: str | None, error: type[SegueError]) -> None:
    with pytest.raises(error):
        await read_body(request(body, encoding), LIMIT)


def test_a_body_of_many_members_is_refused_before_they_are_all_unpacked() -> None:
    with pytest.raises(InvalidEventError, match="more than 100 members"):
        unpack(gzip.compress(b"") * 240_000, 5_000_000)


def test_a_body_at_the_limit_is_accepted() -> None:
    assert len(unpack(gzip.compress(bytes(LIMIT)), LIMIT)) == LIMIT


async def test_an_announced_size_is_refused_before_it_arrives() -> None:
    async def receive() -> dict[str, object]:
        raise AssertionError("the body was asked for")

    asked = Request({"type": "http", "method": "POST", "headers": [(b"content-length", b"10001")]}, receive)
    with pytest.raises(BodyTooLargeError):
        await read_body(asked, LIMIT)


@pytest.mark.parametrize("length", ["-1", "one", "²", "1", "0" * 400])
async def test_a_strange_content_length_is_not_believed(length: str) -> None:
    assert await read_body(request(BODY, length=length), LIMIT) == BODY


@pytest.mark.parametrize("value", [{"a": [1, None, "ü"]}, [], "text", 5, None])
def test_json_is_parsed(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'{"a": 1} {"b": 2}', "Extra data"),
        (b'"\xff"', "not UTF-8: byte 1"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a": "\x00"}', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"1" * 5_000, "thousands of digits"),
    ],
)
def test_what_is_not_json_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(InvalidEventError, match=says):
        parse_json(body)
