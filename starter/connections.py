"""Connections to the collector: nobody holds one by being slow, or fills the memory before anything is looked at.

Uvicorn bounds the time between two requests alone. This bounds a request's head in time and size, and its body in time;
how large a body may be, `starter.collector.bodies` says.
"""

import asyncio
from asyncio import TimerHandle
from enum import Enum, auto
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN: Final = 10.0
"""Seconds for address and headers. They fit into a packet or two."""

BODY_WITHIN: Final = 60.0
"""Seconds for a body: half a megabyte at the pace of a poor mobile connection."""

MAX_HEAD: Final = 32_768
"""Bytes of address and headers together. Nginx takes as much, in 8 kB pieces."""

MAX_HEADERS: Final = 100


class Reading(Enum):
    """Which part of a request is awaited."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()
    """The request is there, and somebody works on it."""


_WITHIN: Final = {Reading.HEAD: HEAD_WITHIN, Reading.BODY: BODY_WITHIN}


class HeadTooLargeError(Exception):
    """A request's head has more bytes or headers than is sane. The parser hears of it, and answers 400."""


class Connection(HttpToolsProtocol):
    """One connection, bounded."""

    within = _WITHIN
    """For how long each part of a request may take, in seconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading = Reading.HEAD
        self._head = self._size = 0
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin. Beyond twice as many as are allowed not even a refusal is worth a connection."""
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) > 2 * self.limit_concurrency:
            transport.abort()
            return
        self._await(Reading.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._await(Reading.NOTHING)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in. What is awaited next has a time limit of its own; the same thing goes on under the old one."""
        before = self._reading
        if before is Reading.HEAD:
            self._head += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._reading is Reading.HEAD and self._head > MAX_HEAD:
            self.send_400_response("The head of the request is too large.")
        elif self._reading is not before:
            self._await(self._reading)
        elif self._reading is Reading.NOTHING and (self.cycle is None or self.cycle.response_complete):
            self._await(Reading.HEAD)  # a beginning of which the parser says nothing yet, such as empty lines

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._reading, self._size = Reading.HEAD, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header is complete."""
        super().on_header(name, value)
        self._size += len(name) + len(value)
        if len(self.headers) > MAX_HEADERS or self._size + len(self.url) > MAX_HEAD:
            raise HeadTooLargeError

    def on_headers_complete(self) -> None:
        """The head is complete."""
        super().on_headers_complete()
        self._reading, self._head = Reading.BODY, 0

    def on_message_complete(self) -> None:
        """The request is complete."""
        super().on_message_complete()
        self._reading = Reading.NOTHING

    def _await(self, what: Reading) -> None:
        self._reading = what
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if what in self.within:
            self._deadline = self.loop.call_later(self.within[what], self._too_slow)

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.abort()
