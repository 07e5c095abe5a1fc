"""Requests to the collector that came to nothing: refused, limited, or not even read."""

from typing import Final

from prometheus_client import Counter

from metrics.registry import REGISTRY

_REFUSED: Final = Counter(
    "segue_requests_refused_total",
    "Requests that were answered with an error, by its class; those of webhooks apart.",
    ["error"],
    registry=REGISTRY,
)
_LIMITED: Final = Counter(
    "segue_requests_limited_total",
    "Requests beyond a limit: of a key, of an address, or of wrong keys of an address.",
    ["limit"],
    registry=REGISTRY,
)
_CONNECTIONS: Final = Counter(
    "segue_connections_refused_total", "Connections beyond a limit, of one address or of all.", registry=REGISTRY
)


def count_refused(error: type[Exception]) -> None:
    """A request was answered with an error. Classes stand in code: there are a dozen."""
    _REFUSED.labels(error.__name__).inc()


def count_limited(limit: str) -> None:
    """A request was beyond a limit: `key`, `address` or `wrong key`."""
    _LIMITED.labels(limit).inc()


def count_connection_refused() -> None:
    """A connection was one too many."""
    _CONNECTIONS.inc()
