"""Upkeep: what jobs find and clear by themselves."""

from typing import Final

from prometheus_client import Counter

from metrics.registry import REGISTRY

_CLEARED: Final = Counter(
    "segue_retention_rows_total",
    "Rows that were kept long enough, and were cleared or deleted, by what was kept.",
    ["keeping"],
    registry=REGISTRY,
)
_FOUND: Final = Counter(
    "segue_source_events_total",
    "Events that scheduled sources have found, by source.",
    ["source"],
    registry=REGISTRY,
)


def count_cleared(keeping: str, rows: int) -> None:
    """Retention has cleared rows."""
    if keeping:
        _CLEARED.labels(keeping).inc(rows)


def count_found(source: str, events: int) -> None:
    """A source has found occasions."""
    if events:
        _FOUND.labels(source).inc(events)
