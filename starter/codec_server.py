"""The codec server: decrypts payloads for Temporal's UI and command line, which have no keys.

It is a process of its own, and not a part of the collector: that one faces the internet, and this one hands out what is
encrypted. The protocol is Temporal's, docs.temporal.io/codec-server: POST …/decode and …/encode, payloads in, payloads
out, as JSON.
"""

import hmac
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from socket import socket
from typing import Final

import uvicorn
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads

from codec import EncryptionCodec
from domain.errors import ConfigurationError, PermanentError, UnreadablePayloadError
from listening import answering
from settings import Settings, split_list
from starter.collector.bodies import BodyTooLargeError, parse_json, read_body
from starter.connections import Connection

MAX_BODY: Final = 16_000_000
"""Bytes: four of Temporal's largest messages, in Base64 as JSON has them."""

MIN_TOKEN: Final = 16

LOCAL: Final = ("127.0.0.1", "::1", "localhost")

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 it is compared with, not listened on

_LONGEST_PREFIX: Final = 2
"""Parts of the path before `decode`: the token, a namespace."""


def create_codec_app(codec: EncryptionCodec, *, token: str = "", origins: Sequence[str] = ()) -> Starlette:
    """Make the application.

    Args:
        codec: has the keys.
        token: what callers have to show, as `Authorization: Bearer …` or as the first part of the path: Temporal's UI
            can send no header of our choosing. Empty: nothing.
        origins: of the pages that may call it; a browser's call from any other page is refused.
    """
    answers = _Answers(codec, token, origins)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["POST"],
        allow_headers=["authorization", "content-type", "x-namespace"],
        allow_credentials=True,
    )
    routes = [
        Route("/{before:path}decode", answers.decode, methods=["POST"]),
        Route("/{before:path}encode", answers.encode, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[cors])


class _Answers:
    """Answers requests."""

    def __init__(self, codec: EncryptionCodec, token: str, origins: Sequence[str]) -> None:
        self._codec, self._token, self._origins = codec, token, origins

    async def decode(self, request: Request) -> Response:
        return await self._answer(request, self._readable)

    async def encode(self, request: Request) -> Response:
        return await self._answer(request, self._codec.encrypt)

    async def _answer(self, request: Request, change: Callable[[Payload], Payload]) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        try:
            body = parse_json(await read_body(request, MAX_BODY))
            if not isinstance(body, dict):
                return _problem(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
            payloads = ParseDict(body, Payloads(), ignore_unknown_fields=True)
        except BodyTooLargeError:
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {MAX_BODY} bytes")
        except (ParseError, PermanentError):
            return _problem(HTTPStatus.BAD_REQUEST, "the body is not a list of payloads as Temporal sends it")
        return JSONResponse(MessageToDict(Payloads(payloads=[change(each) for each in payloads.payloads])))

    def _refusal(self, request: Request) -> Response | None:
        origin = request.headers.get("origin")
        if origin is not None and origin not in self._origins:
            return _problem(HTTPStatus.FORBIDDEN, "this page may not ask: name its origin in SEGUE_CODEC_ORIGINS")
        before = [part for part in request.path_params["before"].split("/") if part]
        shown = (request.headers.get("authorization", "").removeprefix("Bearer "), *before[:1])
        # All of them, to the end: how long it takes must not tell how nearly right one was.
        right = [hmac.compare_digest(each.encode(), self._token.encode()) for each in shown]
        if self._token and not any(right):
            return _problem(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong: SEGUE_CODEC_TOKEN has it")
        return _problem(HTTPStatus.NOT_FOUND, "there is nothing here") if len(before) > _LONGEST_PREFIX else None

    def _readable(self, payload: Payload) -> Payload:
        """The payload decrypted; one that is not to be read stays as it is, and the rest of the page is shown."""
        try:
            return self._codec.decrypt(payload)
        except UnreadablePayloadError:
            return payload


def codec_app_for(settings: Settings, ui_port: int | None = None) -> Starlette:
    """The application as the settings want it.

    Args:
        settings: keys, token, origins.
        ui_port: of the UI that `segue up` has beside it, which may always ask; None: whoever is configured.

    Raises:
        ConfigurationError: there are no keys, or others could reach them without a token.
    """
    if settings.payload_keys is None:
        raise ConfigurationError("SEGUE_PAYLOAD_KEYS is not set: nothing is encrypted, and there is nothing to decode")
    token = settings.codec_token.get_secret_value() if settings.codec_token else ""
    if not token and settings.codec_host not in LOCAL:
        raise ConfigurationError(
            f"SEGUE_CODEC_TOKEN: set it, since SEGUE_CODEC_HOST={settings.codec_host} lets other machines ask"
        )
    if token and (len(token) < MIN_TOKEN or not token.isalnum()):
        raise ConfigurationError(
            f"SEGUE_CODEC_TOKEN: give at least {MIN_TOKEN} letters and digits, e.g. from `openssl rand -hex 24`"
        )
    port = settings.ui_port if ui_port is None else ui_port
    own = (f"http://127.0.0.1:{port}", f"http://localhost:{port}")  # the UI's is whichever was typed
    named = split_list(settings.codec_origins)
    origins = named if named and ui_port is None else (*named, *own)
    return create_codec_app(EncryptionCodec(settings.payload_keys), token=token, origins=origins)


def codec_address(listening: socket) -> str:
    """Where it answers, without the token."""
    host, port = listening.getsockname()
    return f"http://{LOCAL[0] if host == EVERYWHERE else host}:{port}"


def codec_endpoint(settings: Settings, address: str) -> str:
    """The address to give to Temporal's UI, with the token where there is one."""
    return f"{address}/{settings.codec_token.get_secret_value()}" if settings.codec_token else address


def serving_codec(app: Starlette, listening: socket) -> AbstractAsyncContextManager[None]:
    """Serve until the block ends."""
    config = uvicorn.Config(app, http=Connection, ws="none", lifespan="off", log_config=None, access_log=False)
    return answering(config, listening)


def _problem(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status)
