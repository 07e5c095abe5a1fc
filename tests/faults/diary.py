"""What people were promised, and what they said by the links of their mails: written down once it was answered.

All moments are real, in seconds of the epoch.
"""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Promise:
    """An event that was answered with 200."""

    at: float
    customer: str
    event: str
    message_id: str
    order_id: str | None = None
    asked: float = 0.0
    """When it was first reported."""


class Said(StrEnum):
    """What a recipient may say, or have somebody say for them."""

    LEFT = "unsubscribed"
    UNDONE = "took the unsubscription back"
    LESS = "mail less often"
    OFF = "no more of one topic"
    EXPORTED = "has their data"
    ERASED = "asked to be erased"
    JOINED = "signed in, and left another address behind"


@dataclass(frozen=True)
class Word:
    """What somebody said, and was told that it is done."""

    said: Said
    customer: str
    asked: float
    """When it was first said: from then on it may hold."""
    at: float
    """When it was answered: from then on it must."""
    mail: str = ""
    """Ledger id of the mail whose link was used, if one was."""
    address: str = ""
    """Whose mailbox, where that is what it is about."""
    done: float = 0.0
    """When it was carried out, where that takes its time."""
    traces: tuple[str, ...] = ()
    """What must be found nowhere afterwards."""


@dataclass(frozen=True)
class Report:
    """A provider's report of a mail that was answered with 200, however often it was sent."""

    happening: str
    """As `tests.faults.provider` calls it."""
    message_id: str
    """Of the event that it becomes."""
    mail: str
    address: str
    asked: float
    at: float
    times: int


@dataclass
class Diary:
    """What everybody was promised."""

    promises: list[Promise] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    def add(self, other: "Diary") -> None:
        """Take over what another has."""
        self.promises += other.promises
        self.words += other.words
        self.reports += other.reports
