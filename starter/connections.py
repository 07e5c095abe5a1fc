"""Connections to the collector: nobody holds one by being slow, or fills the memory before anything is looked at.

Uvicorn bounds the time between two requests alone. This bounds a request's head in time and size, its body in time and
pace, and how many connections there are at a time, of all and of one address; how large a body may be,
`starter.collector.bodies` says.
"""

import asyncio
import math
import time
from asyncio import TimerHandle
from collections import Counter
from collections.abc import Sequence
from enum import Enum, auto
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Any, Final

import structlog
from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from metrics.requests import count_connection_refused
from starter.collector.answers import RETRY_AFTER
from starter.collector.rates import TOLD_AGAIN_AFTER, network_of

_log = structlog.get_logger("segue.connections")

HEAD_WITHIN: Final = 10.0
"""Seconds for address and headers. They fit into a packet or two."""

BODY_WITHIN: Final = 60.0
"""Seconds for a body: half a megabyte at the pace of a poor mobile connection."""

BODY_BEGINS_WITHIN: Final = 10.0
"""Seconds in which a body may come at any pace; after them at `SLOWEST`, as Apache's mod_reqtimeout has it."""

SLOWEST: Final = 500
"""Bytes a second, on the whole."""

REFUSED_WITHIN: Final = 2.0
"""Seconds for the head of a request that is refused whatever it says."""

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


class Guests:
    """Who is connected, and how often.

    Args:
        most: connections of one address at a time (of IPv6: one network of 64 bits); None: as many as they like.
        exempt: networks of proxies, from which everybody's visits come.
    """

    def __init__(self, most: int | None = None, exempt: Sequence[str] = ()) -> None:
        self._most, self._exempt = most, tuple(ip_network(each) for each in exempt)
        self._there: Counter[str] = Counter()
        self._told_at = -math.inf

    def come(self, host: str) -> int:
        """Count a connection. Returns how many times as many as are allowed there are now, rounded up; 0: no limit."""
        if self._most is None or self._is_exempt(host):
            return 0
        self._there[network_of(host)] += 1
        return -(-self._there[network_of(host)] // self._most)

    def go(self, host: str) -> None:
        """Forget a connection that was counted."""
        whose = network_of(host)
        self._there[whose] -= 1
        if self._there[whose] <= 0:
            del self._there[whose]

    def tell_refused(self, why: str) -> None:
        """Count that somebody is refused, and log it now and then; who it is is nobody's business."""
        count_connection_refused()
        now = time.monotonic()
        if now - self._told_at > TOLD_AGAIN_AFTER:
            self._told_at = now
            _log.warning("connections are refused", why=why, behind_a_proxy="set SEGUE_TRUSTED_PROXIES")

    def _is_exempt(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return True  # a socket of this machine
        return any(address in network for network in self._exempt)


_BUSY: Final = PlainTextResponse(
    "Too many connections: try again.",
    HTTPStatus.SERVICE_UNAVAILABLE,
    {"Retry-After": str(RETRY_AFTER), "Connection": "close"},
)


class Connection(HttpToolsProtocol):
    """One connection, bounded."""

    guests = Guests()
    within = _WITHIN
    """For how long each part of a request may take at most, in seconds."""
    body_begins_within = BODY_BEGINS_WITHIN

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answers = self.app
        # Uvicorn's own refusal does not say when to come back.
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._reading = Reading.HEAD
        self._head = self._size = self._body = 0
        self._since = 0.0
        self._host: str | None = None
        self._unwelcome = False
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin. Beyond twice as many as are allowed not even a refusal is worth a connection."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        times = self.guests.come(host)
        self._host = host if times else None
        self._unwelcome = times > 1
        if times > 2 or (self._most is not None and len(self.connections) > 2 * self._most):  # noqa: PLR2004 -- twice
            self.guests.tell_refused("far too many from one address" if self._unwelcome else "far too many")
            transport.abort()
            return
        self._await(Reading.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._await(Reading.NOTHING)
        if self._host is not None:
            self.guests.go(self._host)
            self._host = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in. What is awaited next has a time limit of its own; the same thing goes on under the old one."""
        before = self._reading
        if before is Reading.HEAD:
            self._head += len(data)
        elif before is Reading.BODY:
            self._body += len(data)
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
        """The head is complete. Whether the request is refused is seen now, when a refusal can be read."""
        self.app = self._answers
        if self._unwelcome or self._is_crowded():
            self.guests.tell_refused("too many from one address" if self._unwelcome else "too many")
            self.app = _BUSY
        super().on_headers_complete()
        self._reading, self._head = Reading.BODY, 0

    def on_message_complete(self) -> None:
        """The request is complete."""
        super().on_message_complete()
        self._reading = Reading.NOTHING

    def _is_crowded(self) -> bool:
        return self._most is not None and max(len(self.connections), len(self.tasks)) >= self._most

    def _await(self, what: Reading) -> None:
        self._reading, self._body, self._since = what, 0, self.loop.time()
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if what in self.within:
            self._deadline = self.loop.call_later(self._patience(), self._look_again)

    def _patience(self) -> float:
        """Seconds, from its beginning, for what is awaited; a body earns more by its pace."""
        longest = self.within[self._reading]
        if self._unwelcome:
            return min(longest, REFUSED_WITHIN)
        if self._reading is Reading.BODY:
            return min(longest, self.body_begins_within + self._body / SLOWEST)
        return longest

    def _look_again(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        left = self._since + self._patience() - self.loop.time()
        if left > 0:
            self._deadline = self.loop.call_later(left, self._look_again)
        else:
            self.transport.abort()


def connections_of(guests: Guests) -> type[Connection]:
    """The protocol of one server, which counts its guests."""
    return type("Connection", (Connection,), {"guests": guests})
