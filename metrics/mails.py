"""Mails: what the gate decides, how hand-overs go, and how each mail ends."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from prometheus_client import Counter, Histogram

from domain.errors import MailServerError, RefusedMessageError, UnheardError
from domain.message import Decision, MessageStatus
from metrics.registry import REGISTRY

BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Seconds of a conversation with a mail server; it may greet slowly on purpose."""


class HandoverEnd(StrEnum):
    """How one attempt to hand a mail over ended."""

    ACCEPTED = "accepted"
    PUT_OFF = "put off"
    """The server asked to come later."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Nobody saw the answer."""
    FAILED = "failed"
    """By an error of ours, or since the worker stops."""


_DECISIONS: Final = Counter(
    "segue_gate_decisions_total",
    "The gate's decisions, by journey, verdict and rule. `again`: asked a last time, right before the hand-over.",
    ["journey", "verdict", "rule", "asked"],
    registry=REGISTRY,
)
_ENDED: Final = Counter(
    "segue_mails_total",
    "Mails that ended, by journey and end: sent, refused, dropped, or unknown where nobody saw the answer.",
    ["journey", "end"],
    registry=REGISTRY,
)
_HANDOVER: Final = Histogram(
    "segue_handover_seconds",
    "Time of one attempt to hand a mail over, by how it ended.",
    ["end"],
    buckets=BUCKETS,
    registry=REGISTRY,
)
_UNREACHED: Final = Counter(
    "segue_mail_server_unreached_total",
    "Attempts for which no line to the mail server was to be had.",
    registry=REGISTRY,
)


def count_decision(journey: str, decision: Decision, *, again: bool = False) -> None:
    """The gate has decided about a mail."""
    _DECISIONS.labels(journey, decision.verdict.value, decision.rule, "again" if again else "first").inc()


def count_end(journey: str, status: MessageStatus) -> None:
    """A mail of a journey has ended."""
    count_ends(journey, {status: 1})


def count_ends(journey: str, mails: Mapping[MessageStatus, int]) -> None:
    """So many mails of a journey have ended in each way."""
    for status, number in mails.items():
        if number:
            _ENDED.labels(journey, status.value).inc(number)


class Attempt:
    """One attempt. Whoever makes it says how it ended, where no error does."""

    end = HandoverEnd.FAILED


@contextmanager
def timed_handover() -> Iterator[Attempt]:
    """Time an attempt, with a line to the mail server in hand. An error's kind tells how it ended."""
    attempt, began = Attempt(), time.perf_counter()
    try:
        yield attempt
    except RefusedMessageError:
        attempt.end = HandoverEnd.REFUSED
        raise
    except UnheardError:
        attempt.end = HandoverEnd.UNKNOWN
        raise
    except MailServerError:
        attempt.end = HandoverEnd.PUT_OFF
        raise
    finally:
        _HANDOVER.labels(attempt.end.value).observe(time.perf_counter() - began)


def count_unreached() -> None:
    """The mail server could not be reached, or had no time."""
    _UNREACHED.inc()
