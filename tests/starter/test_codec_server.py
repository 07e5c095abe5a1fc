"""The codec server over HTTP: who may ask it, and what it answers."""

import asyncio
import base64
import os
from typing import Any

import httpx2
import pytest
from google.protobuf.json_format import MessageToDict
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload, Payloads

from codec import EncryptionCodec
from domain.errors import ConfigurationError
from listening import bind
from settings import load_settings
from starter.cli.up import codec_in_words
from starter.codec_server import (
    MAX_BODY,
    codec_address,
    codec_app_for,
    codec_endpoint,
    create_codec_app,
    serving_codec,
)

KEYS = f"k1:{base64.b64encode(os.urandom(32)).decode()}"
CODEC = EncryptionCodec(SecretStr(KEYS))
UI = "http://127.0.0.1:8233"
TOKEN = "token" * 5
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"anna"')


def body_of(*payloads: Payload) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=payloads))


def asking(token: str = "") -> httpx2.AsyncClient:
    app = create_codec_app(CODEC, token=token, origins=[UI])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://codec")


async def test_it_decodes_and_encodes_as_temporal_asks() -> None:
    async with asking() as http:
        encoded = (await http.post("/encode", json=body_of(PLAIN))).json()
        assert base64.b64decode(encoded["payloads"][0]["metadata"]["encoding"]) == b"binary/encrypted"
        for path in ("/decode", "/default/decode"):
            assert (await http.post(path, json=encoded)).json() == body_of(PLAIN)


async def test_what_is_not_to_be_read_stays_and_the_rest_is_shown() -> None:
    other = EncryptionCodec(SecretStr(f"k2:{base64.b64encode(os.urandom(32)).decode()}")).encrypt(PLAIN)
    async with asking() as http:
        answer = await http.post("/decode", json=body_of(other, CODEC.encrypt(PLAIN), PLAIN))
    assert answer.json() == body_of(other, PLAIN, PLAIN)


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        ("/decode", f"Bearer {TOKEN}", 200),
        (f"/{TOKEN}/decode", "", 200),
        (f"/{TOKEN}/default/decode", "", 200),
        ("/decode", "", 401),
        ("/decode", "Bearer ", 401),
        ("/decode", "Bearer wrong", 401),
        ("/wrong/decode", "", 401),
        (f"/default/{TOKEN}/decode", "", 401),
        (f"/{TOKEN}/a/b/decode", "", 404),
    ],
)
async def test_a_token_is_asked_for(path: str, authorization: str, status: int) -> None:
    async with asking(TOKEN) as http:
        answer = await http.post(path, json=body_of(PLAIN), headers={"Authorization": authorization})
    assert answer.status_code == status


async def test_only_the_uis_pages_may_ask() -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    async with asking() as http:
        for origin, status in ((UI, 200), ("http://evil.example", 400)):
            preflight = await http.options("/decode", headers=asks | {"Origin": origin})
            assert preflight.status_code == status
            assert (preflight.headers.get("Access-Control-Allow-Origin") == origin) is (status == 200)
        assert (await http.post("/decode", json=body_of(PLAIN), headers={"Origin": UI})).status_code == 200
        for origin in ("http://evil.example", "null", "http://127.0.0.1:8233.evil.example"):
            assert (await http.post("/decode", json=body_of(PLAIN), headers={"Origin": origin})).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((body, 400) for body in (b"", b"[]", b"null", b"7", b'"x"', b'{"payloads": 1}', b"\xff")),
        (b" " * (MAX_BODY + 1), 413),
    ],
)
async def test_a_body_that_is_none_is_refused(body: bytes, status: int) -> None:
    async with asking() as http:
        assert (await http.post("/decode", content=body)).status_code == status


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "SEGUE_PAYLOAD_KEYS is not set"),
        ({"payload_keys": KEYS, "codec_host": "0.0.0.0"}, "SEGUE_CODEC_TOKEN: set it"),
        ({"payload_keys": KEYS, "codec_token": "short"}, "SEGUE_CODEC_TOKEN: give at least 16"),
        ({"payload_keys": KEYS, "codec_token": "a/b" * 10}, "SEGUE_CODEC_TOKEN: give at least 16"),
    ],
)
def test_it_does_not_start_open_to_everybody(given: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        codec_app_for(load_settings({}, **given))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_it_answers_on_a_port_under_the_address_that_the_ui_is_given(host: str) -> None:
    settings = load_settings({}, payload_keys=KEYS, codec_token=TOKEN)
    with bind(host, 0) as listening:
        endpoint = codec_endpoint(settings, codec_address(listening))
        async with serving_codec(codec_app_for(settings), listening), httpx2.AsyncClient() as http, asyncio.timeout(10):
            answer = await http.post(f"{endpoint}/decode", json=body_of(CODEC.encrypt(PLAIN)), headers={"Origin": UI})
    assert answer.json() == body_of(PLAIN)


@pytest.mark.parametrize(("ui_port", "own", "status"), [(9000, "http://localhost:9000", 200), (None, UI, 403)])
async def test_the_ui_beside_it_may_ask_whichever_others_are_named(ui_port: int | None, own: str, status: int) -> None:
    settings = load_settings({}, payload_keys=KEYS, codec_origins="https://ui.example")
    transport = httpx2.ASGITransport(codec_app_for(settings, ui_port))
    async with httpx2.AsyncClient(transport=transport, base_url="http://codec") as http:
        for origin, expected in (("https://ui.example", 200), (own, status), ("http://evil.example", 403)):
            answer = await http.post("/decode", json=body_of(PLAIN), headers={"Origin": origin})
            assert answer.status_code == expected


def test_an_address_of_its_own_is_told() -> None:
    with bind("127.0.0.2", 0) as listening:
        assert codec_address(listening) == f"http://127.0.0.2:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    ("token", "address", "says"),
    [
        (TOKEN, "http://127.0.0.1:8234", "http://127.0.0.1:8234/TOKEN, where TOKEN is what SEGUE_CODEC_TOKEN holds"),
        ("", "http://127.0.0.1:8234", "http://127.0.0.1:8234; the UI above knows it"),
        (TOKEN, "", "none beside that server: run `segue codec-server`"),
    ],
)
def test_who_has_another_ui_is_told_what_to_enter_and_no_token(token: str, address: str, says: str) -> None:
    told = codec_in_words(load_settings({}, payload_keys=KEYS, codec_token=token), address)

    assert told.startswith(says)
    assert TOKEN not in told
