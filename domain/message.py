"""A message: one email to one customer, and what became of it. The ledger keeps one row for each."""

import hashlib
from enum import StrEnum

from domain.model import Instant, WireValue


class Stage(StrEnum):
    """The funnel stage a mail speaks to. Caps count mails per stage."""

    AWARENESS = "awareness"
    CONSIDERATION = "consideration"
    PURCHASE = "purchase"
    RETENTION = "retention"
    ADVOCACY = "advocacy"


class Kind(StrEnum):
    """Why the mail may be sent at all."""

    MARKETING = "marketing"
    """Needs consent, obeys caps and quiet hours. After an unknown hand-over it is not sent again, unless the mail
    server would recognise it."""
    TRANSACTIONAL = "transactional"
    """Owed to the customer (an order's confirmation). After an unknown hand-over it is sent again."""


class MessageStatus(StrEnum):
    """Where a message stands.

    claimed → rendered → handed over → sent, and aside: deferred (asked again at its due time), dropped (never),
    refused (by the mail server, for good), unknown (handed over, and nobody saw the server's answer).
    """

    DEFERRED = "deferred"
    CLAIMED = "claimed"
    RENDERED = "rendered"
    HANDED_OVER = "handed over"
    SENT = "sent"
    DROPPED = "dropped"
    REFUSED = "refused"
    UNKNOWN = "unknown"


WENT_OUT = frozenset({MessageStatus.SENT, MessageStatus.UNKNOWN})
"""The customer has it, as far as anybody can know."""

FOR_ANOTHER = "its customer turned out to be another: it is written anew"
"""Why a message is put off that was not handed over yet when two customers were joined."""


class Verdict(StrEnum):
    """What the gate may answer."""

    SEND = "send"
    DEFER = "defer"
    DROP = "drop"


class Decision(WireValue):
    """The gate's answer for one message. `until` is set when, and only when, the verdict is *defer*."""

    verdict: Verdict
    reason: str
    """One line a marketer understands; shown in the Temporal UI and in the ledger. No personal data."""
    until: Instant | None = None
    rule: str = ""
    """Name of the gate's rule that decided; see `domain.gate.RULES`. Empty when all hold."""
    gives_way_to: str | None = None
    """The stronger journey for which the enrollment ends, where its plan says so."""
    ended_by: str | None = None
    """The event that has ended the journey, where that is why: its signal is still under way."""


def ledger_id(enrollment: str, step: str) -> str:
    """The ledger's key of a step's message: the same for every attempt and every retry."""
    return "m" + hashlib.sha256(f"{enrollment}\n{step}".encode()).hexdigest()[:24]
