"""The registry of this process, and how labels stay few."""

from collections.abc import Collection
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, of which Prometheus makes nothing by default

REGISTRY: Final = CollectorRegistry()
"""One per process: whatever it runs, collector, dispatcher or worker, is told together."""

ProcessCollector(registry=REGISTRY)

OTHER: Final = "other"

SHORT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Bounds of buckets, in seconds, for what takes a moment."""

LONG: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200)
"""For what may have to wait until something is back."""


def one_of(said: str, words: Collection[str]) -> str:
    """A label's value: what was said where it is one of the words, else `other`."""
    return said if said in words else OTHER
