"""Enrollments: begun, and how they ended; and customers who turned out to be one."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter

from domain.enrollment import OutcomeKind
from metrics.registry import REGISTRY

_BEGUN: Final = Counter(
    "segue_enrollments_begun_total", "Enrollments that began, by journey.", ["journey"], registry=REGISTRY
)
_ENDED: Final = Counter(
    "segue_enrollments_ended_total",
    "Enrollments that ended, by journey and outcome; held-out ones never began.",
    ["journey", "outcome"],
    registry=REGISTRY,
)
_JOINS: Final = Counter(
    "segue_joins_total",
    "Customers with running journeys that turned out to be one, once those were told. `segue joins` has all.",
    registry=REGISTRY,
)


def count_begun(journey: str) -> None:
    """A journey's workflow was admitted."""
    _BEGUN.labels(journey).inc()


def count_ended(journey: str, outcome: OutcomeKind) -> None:
    """An enrollment's outcome was recorded."""
    _ENDED.labels(journey, outcome.value).inc()


def count_join(superseded: Iterable[str]) -> None:
    """Everybody was told of a join. `superseded` are the journeys of the enrollments that it ended."""
    _JOINS.inc()
    for journey in superseded:
        count_ended(journey, OutcomeKind.SUPERSEDED)
