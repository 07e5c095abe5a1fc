"""Reports of mail providers, and who opens and clicks: people, or machines."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from prometheus_client import Counter

from domain.event import EMAIL_CLICKED_BY_MACHINE, EMAIL_LINK_CLICKED, EMAIL_OPENED, EMAIL_OPENED_BY_MACHINE
from domain.feedback import Happening
from metrics.registry import REGISTRY


class Asked(StrEnum):
    """What became of a webhook's request."""

    TAKEN = "taken"
    UNTRUSTED = "untrusted"
    """Not signed as it must be."""
    STALE = "stale"
    """Signed, and too long ago."""
    UNREADABLE = "unreadable"


class Became(StrEnum):
    """What became of a report."""

    TAKEN = "taken"
    REPEATED = "repeated"
    """It was stored before."""
    UNMATCHED = "unmatched"
    """Of a mail that is not in the ledger."""
    UNKNOWN = "unknown"
    """Of a kind that nobody taught Segue."""
    OWN = "own link"
    """A click that the collector has counted itself."""


Outcome = tuple[Happening, Became]
"""Of one report: its kind, and what became of it."""

_REQUESTS: Final = Counter(
    "segue_webhook_requests_total",
    "Requests to providers' webhooks, by provider and by what became of them.",
    ["provider", "outcome"],
    registry=REGISTRY,
)
_REPORTS: Final = Counter(
    "segue_provider_reports_total",
    "What providers reported of mails, by provider, kind and what became of it.",
    ["provider", "kind", "outcome"],
    registry=REGISTRY,
)
_RESPONSES: Final = Counter(
    "segue_responses_total",
    "Mails opened and links clicked, by people and by machines, as links and providers tell.",
    ["response", "by"],
    registry=REGISTRY,
)
_LOST: Final = Counter(
    "segue_responses_lost_total",
    "Mails opened and links clicked that could not be recorded within a minute; whoever clicked was led on.",
    ["response"],
    registry=REGISTRY,
)
_OF_EVENT: Final = {
    EMAIL_OPENED: ("open", "person"),
    EMAIL_OPENED_BY_MACHINE: ("open", "machine"),
    EMAIL_LINK_CLICKED: ("click", "person"),
    EMAIL_CLICKED_BY_MACHINE: ("click", "machine"),
}


def count_request(provider: str, outcome: Asked) -> None:
    """A webhook was asked. Providers are those that are set up."""
    _REQUESTS.labels(provider, outcome.value).inc()


def count_reports(provider: str, outcomes: Iterable[Outcome]) -> None:
    """A provider's reports came to something, or to nothing."""
    for kind, outcome in outcomes:
        _REPORTS.labels(provider, kind.value, outcome.value).inc()


def count_responses(events: Iterable[str]) -> None:
    """Events of these names were stored; of others than opens and clicks nothing is counted."""
    for event in events:
        if event in _OF_EVENT:
            _RESPONSES.labels(*_OF_EVENT[event]).inc()


def count_lost(response: str) -> None:
    """A `click` or an `open` was given up."""
    _LOST.labels(response).inc()
