"""Events: what the collector takes in and refuses, and how soon the dispatcher has told it."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from domain.event import TRACK_NAMES, Event, EventType
from domain.ignored import Ignored
from metrics.registry import LONG, OTHER, REGISTRY, SHORT, one_of

BACKEND, BROWSER = "backend", "browser"
"""Kinds of write keys."""

_ACCEPTED: Final = Counter(
    "segue_events_accepted_total",
    "Events that were reported and are safe, repeated ones too, by kind of call, kind of key, and name if it is known.",
    ["call", "key", "event"],
    registry=REGISTRY,
)
_BATCH: Final = Histogram(
    "segue_batch_events",
    "Events of each request that reported a batch.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 500),
    registry=REGISTRY,
)
_REFUSED: Final = Counter(
    "segue_events_refused_total",
    "Calls that were refused, alone or in a batch, by error.",
    ["error"],
    registry=REGISTRY,
)
_IGNORED: Final = Counter(
    "segue_traits_ignored_total",
    "Traits of calls that do not count: in another `form`, or a backend's to say, and said with a browser's `key`.",
    ["trait", "why"],
    registry=REGISTRY,
)
_STORED: Final = Counter(
    "segue_events_stored_total",
    "Events that were stored: calls, clicks and opens. `repeated`: they were stored before, and changed nothing.",
    ["outcome"],
    registry=REGISTRY,
)
_COMMIT_EVENTS: Final = Histogram(
    "segue_commit_events",
    "Events that were stored in one transaction.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
    registry=REGISTRY,
)
_COMMIT: Final = Histogram(
    "segue_commit_seconds", "Time of a transaction that stores events.", buckets=SHORT, registry=REGISTRY
)
_DISPATCH: Final = Histogram(
    "segue_dispatch_seconds",
    "Real time from an event's arrival until every journey that wants it has been told.",
    buckets=LONG,
    registry=REGISTRY,
)
_PUT_OFF: Final = Counter(
    "segue_dispatch_put_off_total",
    "Deliveries that were put off: something is away (`outage`), or one customer has to wait (`held`, or `failed`: why"
    " is in the log).",
    ["why"],
    registry=REGISTRY,
)
_PARKED: Final = Counter(
    "segue_events_parked_total", "Events that were set aside, because Temporal will never take them.", registry=REGISTRY
)
_SIGNALS: Final = Counter(
    "segue_signals_total", "Signals to running enrollments; one may stand for a burst of events.", registry=REGISTRY
)
_DISPATCHING: Final = Gauge(
    "segue_dispatching", "1 where this process is the one that dispatches, else 0.", registry=REGISTRY
)


def count_accepted(events: Sequence[Event], key: str) -> None:
    """Events of a request are safe. `key` is `BACKEND` or `BROWSER`."""
    # Counted by kind first: a batch is of few kinds, and each look-up of a label costs as much as a whole count.
    for (call, name), number in Tally((event.type, known_name(event)) for event in events).items():
        _ACCEPTED.labels(call.value, key, name).inc(number)


def count_batch(events: int) -> None:
    """A request with a batch of so many was read."""
    _BATCH.observe(events)


def count_refused(errors: Iterable[Exception]) -> None:
    """Calls were refused, each with its error, which is one of the domain's."""
    for name, number in Tally(type(error).__name__ for error in errors).items():
        _REFUSED.labels(one_of(name, ("InvalidEventError", "NotAllowedError"))).inc(number)


def count_ignored(ignored: Iterable[Ignored]) -> None:
    """Traits of calls that were stored do not count."""
    for (trait, why), number in Tally((each.trait, each.why) for each in ignored).items():
        _IGNORED.labels(trait, why.value).inc(number)


def count_commit(*, stored: int, repeated: int, took: timedelta) -> None:
    """A transaction has stored events."""
    _COMMIT_EVENTS.observe(stored + repeated)
    _COMMIT.observe(took.total_seconds())
    _AS_NEW.inc(stored)
    _AS_REPEATED.inc(repeated)


_AS_NEW, _AS_REPEATED = _STORED.labels("new"), _STORED.labels("repeated")


def count_dispatched(lags: Iterable[timedelta]) -> None:
    """Events were delivered, each so long after it had arrived."""
    for lag in lags:
        _DISPATCH.observe(max(lag.total_seconds(), 0.0))


def count_put_off(why: str) -> None:
    """A delivery was put off: `outage`, `held` or `failed`."""
    _PUT_OFF.labels(why).inc()


def count_parked(events: int) -> None:
    """Events were set aside."""
    _PARKED.inc(events)


def count_signals(signals: int) -> None:
    """Enrollments were told something."""
    _SIGNALS.inc(signals)


@contextmanager
def dispatching() -> Iterator[None]:
    """Tell that this process is the one that dispatches, until the block ends."""
    _DISPATCHING.set(1)
    try:
        yield
    finally:
        _DISPATCHING.set(0)


def known_name(event: Event) -> str:
    """The event's name, if it is one that Segue knows; else it is the sender's own word, and `other`."""
    return event.name if event.type is EventType.TRACK and event.name in TRACK_NAMES else OTHER
