"""What the gate knows of a customer when it decides."""

from datetime import timedelta

from pydantic import Field

from domain.lane import Lane
from domain.message import Stage
from domain.model import Instant, Value


class PastMessage(Value):
    """A marketing mail that went to the customer, or that is claimed and about to."""

    sent_or_claimed_at: Instant
    """When it went, or may have gone at the latest; of one that is about to, when it was claimed."""
    stage: Stage
    journey: str = ""
    incentive: bool = False
    """It offered something that costs the shop money."""


class Rival(Value):
    """Another enrollment of the customer that has not ended."""

    journey: str
    lane: Lane
    priority: int


class GateFacts(Value):
    """What the store knows about the customer at `now`, read inside the transaction that will claim the message."""

    now: Instant
    has_address: bool
    unconfirmed: bool = False
    """It began with what a browser's key alone has reported, as far as is known; asked of owed mail only."""
    suppression: str | None = None
    """Why nothing at all may go to the address: hard bounce, complaint, erasure."""
    sunset: str | None = None
    """Why a journey gave the customer up: no marketing until they return."""
    opted_out: bool = False
    """Unsubscribed from this topic or from all marketing."""
    wants_none: bool = False
    """A backend reports that they want no marketing (`email_frequency`: never), and they said nothing else to us."""
    consent: bool | None = None
    """As recorded for the topic or for all marketing. None: never asked, or not reported."""
    consent_misreported: bool = False
    """Something was reported as consent, in a form that does not count; see `domain.ignored`."""
    closed: str | None = None
    """Why the enrollment counts as ended, where its workflow does not know, e.g. because an operator ended it."""
    ended_by: str | None = None
    """Name of an event that ends the journey and is already committed, though its signal may still be under way."""
    zone: str | None = None
    """IANA name as reported, not checked."""
    last_seen_at: Instant | None = None
    """Last activity on the site; a click in a mail counts. None: not known, and nothing is held back for it."""
    best_hour: int | None = Field(default=None, ge=0, le=23)
    """The hour of the customer's day in which they read mail, where it is known."""
    at_most_every: timedelta | None = None
    """The customer's own wish: no more than one marketing mail in such a span."""
    paused_until: Instant | None = None
    """Until when they asked for no marketing; it may be over."""
    segment: str | None = None
    """Which of the shop's segments the customer is in, as reported; some have caps of their own."""
    rivals: tuple[Rival, ...] = ()
    """The customer's other open enrollments."""
    recent: tuple[PastMessage, ...] = ()
    """Marketing mails of the last `GatePolicy.horizon`, and of `at_most_every`, in any order."""
