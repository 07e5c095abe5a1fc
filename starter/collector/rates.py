"""How many requests the collector takes: of each key, of each client address, and of whoever tries wrong keys.

Counted in this process: several collectors take as much each. Who asks too often is told when to come back; Segment's
clients do so.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

import structlog
from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import TransientError
from metrics.requests import count_limited
from settings import RateSettings

MOST_COUNTED: Final = 50_000
"""Keys or addresses counted at a time, some ten megabytes. Of more, those seen first are forgotten."""

UNLIMITED: Final = ("/health", "/u/")
"""Load balancers ask for health as often as they like; and opt-outs of all readers of a mail provider come from few
addresses, and must never be refused."""

TOLD_AGAIN_AFTER: Final = 60.0
"""Seconds between two lines in the log about the same limit."""

_ROUTER_BITS: Final = 64
"""Of an IPv6 address: a subscriber has at least all addresses below them (RFC 6177)."""


_log = structlog.get_logger("segue.rates")


class TooManyError(TransientError):
    """Too many requests. `wait` is in seconds, at least one."""

    def __init__(self, what: str, limit: str, wait: int) -> None:
        super().__init__(f"too many requests {what}: {limit} are allowed; try again in {wait} s")
        self.wait = wait


class Rates:
    """Counts requests.

    Args:
        policy: how many are allowed.
    """

    def __init__(self, policy: RateSettings) -> None:
        self._keys = _Limit("key", policy.key, "with this write key")
        self._addresses = _Limit("address", policy.address, "from this address")
        self._wrong = _Limit("wrong key", policy.wrong_key, "with a wrong write key")

    def of_key(self, key: str) -> None:
        """Count a request with one of our keys.

        Raises (all methods):
            TooManyError: it is one too many.
        """
        self._keys.take(key)

    def of_address(self, connection: HTTPConnection) -> None:
        """Count a request of somebody without a key."""
        self._addresses.take(_network(connection))

    def of_wrong_key(self, connection: HTTPConnection) -> None:
        """Count a request with a wrong key."""
        self._wrong.take(_network(connection))


class AddressLimit:
    """Middleware: limits requests of each address, but those that show a write key, which is limited itself.

    Args:
        app: what it stands before.
        rates: counts.
        keyed: where paths begin that are called with a write key.
        refuse: makes the answer to one request too many.
    """

    def __init__(
        self, app: ASGIApp, rates: Rates, keyed: tuple[str, ...], refuse: Callable[[TooManyError], ASGIApp]
    ) -> None:
        self._app, self._rates, self._keyed, self._refuse = app, rates, keyed, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, and pass it on or refuse it."""
        if scope["type"] == "http" and not scope["path"].startswith(UNLIMITED):
            connection = HTTPConnection(scope)
            shows_key = connection.headers.get("authorization", "").lower().startswith(("basic ", "bearer "))
            if not (shows_key and scope["path"].startswith(self._keyed)):
                try:
                    self._rates.of_address(connection)
                except TooManyError as error:
                    await self._refuse(error)(scope, receive, send)
                    return
        await self._app(scope, receive, send)


class _Limit:
    def __init__(self, name: str, limit: str, what: str) -> None:
        self._name = name
        self._limit: RateLimitItem = parse(limit)
        self._text, self._what = limit, what
        self._told_at = -math.inf
        self._windows = FixedWindowRateLimiter(Windows(MOST_COUNTED))

    def take(self, whose: str) -> None:
        if not self._windows.hit(self._limit, whose):
            reset, _ = self._windows.get_window_stats(self._limit, whose)
            count_limited(self._name)
            self._tell()
            raise TooManyError(self._what, self._text, max(1, math.ceil(reset - time.time())))

    def _tell(self) -> None:
        """Log that requests are refused, now and then; whose they are is nobody's business."""
        now = time.monotonic()
        if now - self._told_at > TOLD_AGAIN_AFTER:
            self._told_at = now
            _log.warning(
                "requests are refused",
                why=f"too many {self._what}",
                allowed=self._text,
                behind_a_proxy="set SEGUE_TRUSTED_PROXIES",
            )


class Windows(Storage):
    """Counts in memory, of so many at most.

    The library's own storage grows with every new address, and looks through all of them at each request.

    Args:
        most: counted at a time.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """How often, and until when it counts; the window that began first is the first."""

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong: nothing."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and tell how often it was in this window. A window begins with its first request."""
        now = time.time()
        count, until = self._counts.get(key, (0, 0.0))
        if until <= now:
            self._counts.pop(key, None)
            while len(self._counts) >= self._most:
                self._counts.popitem(last=False)
            count, until = 0, now + expiry
        self._counts[key] = (count + amount, until)
        return count + amount

    def get(self, key: str) -> int:
        """How often it was in this window."""
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Whether it works: always."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        forgotten = len(self._counts)
        self._counts.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one."""
        self._counts.pop(key, None)


def _network(connection: HTTPConnection) -> str:
    """Whose request it is. Behind a proxy that is not trusted, the proxy's."""
    return network_of(connection.client.host if connection.client else "")


def network_of(host: str) -> str:
    """What counts as one client: an address, of IPv6 the network."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(int(address) >> _ROUTER_BITS)
    return host
