"""Feedback: what a mail provider reports of a mail, in one small vocabulary whoever the provider is.

How each provider's words become these is a table in `mail.feedback`; what follows from them, `storage.feedback`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from domain import event as names
from domain.model import Instant, Value


class Happening(StrEnum):
    """What became of a mail."""

    DELIVERED = "delivered"
    """The recipient's server has it."""
    DEFERRED = "deferred"
    """The provider goes on trying."""
    BOUNCED_SOFT = "soft bounce"
    """Returned, for now: a full mailbox, a block, no answer in days. The address stays good."""
    BOUNCED_HARD = "hard bounce"
    """Nobody can be written to at the address."""
    COMPLAINED = "complained"
    """The recipient marked it as spam."""
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    """The recipient left by the provider's own means."""
    REJECTED = "rejected"
    """The provider did not try to deliver it; `Report.because` may tell that it had left the address alone before."""
    UNKNOWN = "unknown"
    """A kind of report that nobody taught Segue."""


EVENTS: Final[Mapping[Happening, str]] = {
    Happening.DELIVERED: names.EMAIL_DELIVERED,
    Happening.DEFERRED: names.EMAIL_DEFERRED,
    Happening.BOUNCED_SOFT: names.EMAIL_BOUNCED,
    Happening.BOUNCED_HARD: names.EMAIL_BOUNCED,
    Happening.COMPLAINED: names.EMAIL_COMPLAINED,
    Happening.OPENED: names.EMAIL_OPENED,
    Happening.CLICKED: names.EMAIL_LINK_CLICKED,
    Happening.UNSUBSCRIBED: names.UNSUBSCRIBED,
    Happening.REJECTED: names.EMAIL_REJECTED,
}
"""As which event each is stored, where no machine did it."""


REJECTED: Final = "rejected"
"""Property, true, of an event that tells why a mail was rejected: as a bounce or complaint of before."""


class Report(Value):
    """One thing that a provider reports of one mail to one recipient."""

    provider: str
    id: str = Field(min_length=1)
    """The same each time the provider reports it."""
    happening: Happening
    type: str
    """The provider's own word for it, for the log."""
    at: Instant
    """Real time, by the provider's clock."""
    message: str | None = None
    """Our ledger's id of the mail, where it came back."""
    message_id: str | None = None
    """The header Message-ID in angle brackets, where it came back."""
    address: str | None = Field(default=None, repr=False)
    """Whose mailbox."""
    because: Happening | None = None
    """Of a rejection: what the provider knows of the address from before."""
    detail: str = Field(default="", repr=False)
    """What the recipient's server said, or why; may hold an address."""
    link: str | None = None
    agent: str | None = Field(default=None, repr=False)
    ip: str | None = Field(default=None, repr=False)
    machine: str = ""
    """What the provider says it was, where it says that a machine opened or clicked."""
    raw: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    """The provider's report as it came. It is never stored: it holds addresses."""

    @property
    def gist(self) -> Happening:
        """What it means for the address: of a rejection its cause, where that is known."""
        return self.because or self.happening
