"""A server on loopback that behaves as Resend's API does, over real HTTP, and that can be told to misbehave."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

KEY = "re_test_key"


class Trouble(StrEnum):
    """What may become of a request, other than an answer."""

    LOST = "lost"
    """It is read, and the connection closed; nothing is accepted."""
    UNHEARD = "unheard"
    """The mail is accepted, and the connection closed without an answer."""
    SILENT = "silent"
    """The mail is accepted, and nothing is said."""


@dataclass(frozen=True)
class Answer:
    """An answer in place of the usual one. `accepts`: the mail is taken all the same."""

    status: int
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "as told"
    accepts: bool = False


@dataclass
class ResendApi:
    """What was asked and accepted. `next` is used up, a request each; after that everything goes well."""

    next: deque[Answer | Trouble] = field(default_factory=deque)
    requests: list[Mapping[str, str]] = field(default_factory=list)
    """The headers of all requests, names in lower case."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Mails by their key, each once."""
    connections: int = 0
    port: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request is met by silence."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> list[str]:
        """The key of each request."""
        return [headers.get("idempotency-key", "") for headers in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._answer_one(reader, writer):
                    pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.requests.append(headers)
        self.bodies.append(body)
        assert head[0] == "POST /emails HTTP/1.1"
        told = self.next.popleft() if self.next else None
        if told is Trouble.LOST:
            return False
        key = headers["idempotency-key"]
        status, content, more = self._take(key, body, headers) if _takes(told) else (500, _error(500), {})
        if told is Trouble.UNHEARD:
            return False
        if told is Trouble.SILENT:
            self.reached.set()
            await reader.read()
            return False
        if isinstance(told, Answer):
            status, content, more = told.status, _error(told.status, told.name, told.message), told.headers
        _write(writer, status, content, more)
        await writer.drain()
        return True

    def _take(
        self, key: str, body: dict[str, Any], headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        if headers.get("authorization") != f"Bearer {KEY}":
            return 403, _error(403, "invalid_api_key", "API key is invalid"), {}
        if self.accepted.setdefault(key, body) != body:
            return 409, _error(409, "invalid_idempotent_request"), {}
        return 200, {"id": f"id-of-{key}"}, {}


@asynccontextmanager
async def resend_api() -> AsyncIterator[ResendApi]:
    """Serve until the block ends."""
    api = ResendApi()
    serving: set[asyncio.Task[None]] = set()

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.ensure_future(api.serve(reader, writer)))

    listener = await asyncio.start_server(connect, "127.0.0.1", 0)
    api.port = listener.sockets[0].getsockname()[1]
    try:
        yield api
    finally:
        listener.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def _takes(told: Answer | Trouble | None) -> bool:
    return told.accepts if isinstance(told, Answer) else True


def _error(status: int, name: str = "", message: str = "as told") -> dict[str, Any]:
    return {"statusCode": status, "name": name, "message": message}


def _write(writer: asyncio.StreamWriter, status: int, content: dict[str, Any], headers: Mapping[str, str]) -> None:
    body = json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} As Told", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
