"""Moments that a journey waits for: dates that customers have, as backends report them, and that may move."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from domain import basket
from domain import event as names
from domain.civil import zone_or_default
from domain.event import StoredEvent
from domain.portrait import Portrait

_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(datetime)


class Timing(StrEnum):
    """How a moment came about that a journey asked to wait for."""

    ON_TIME = "on time"
    """It waited until then, or until so long before."""
    LATE = "late"
    """So long before the moment had passed when it was asked; the moment itself is ahead."""
    PASSED = "passed"
    """The moment was over."""
    NEVER = "never"
    """Nothing says when it is."""


class Moment:
    """A date that events report. `name` is frozen: it stands in journals.

    It is the property `property` of the newest event among `said_by`; of those that name another thing than the event
    that began the enrollment, by the property `same`, none counts. A date without a time is its midnight where the
    customer lives.
    """

    def __init__(self, name: str, *, said_by: tuple[str, ...], property: str, same: str | None = None) -> None:  # noqa: A002 -- the word of Segment's spec
        self.name, self.said_by, self.property, self.same = name, said_by, property, same
        known = MOMENTS.setdefault(name, self)
        if (known.said_by, known.property, known.same) != (said_by, property, same):
            raise ValueError(f"two moments are named {name!r}: give one of them another name")

    def __repr__(self) -> str:
        return f"Moment({self.name!r})"

    def read(
        self, events: Sequence[StoredEvent], began: StoredEvent | None, zone: str | None, default_zone: str
    ) -> datetime | None:
        """The moment, by a customer's events of the names in `said_by`, in the order of the store."""
        about = None if began is None or self.same is None else _id(began, self.same)
        said = [each for each in events if about is None or _id(each, self.same or "") == about]
        reported = (each.event.properties.get(self.property) for each in reversed(said))
        return next((_read(value, zone, default_zone) for value in reported if value is not None), None)

    def at_first(self, portrait: Portrait) -> datetime | None:
        """The moment as the event that began the enrollment named it. A date without a zone known is one of UTC."""
        began = next((stored for stored in portrait.events if stored.seq == portrait.occasion.seq), None)
        return None if began is None else self.read((began,), began, portrait.customer.timezone, "UTC")


MOMENTS: dict[str, Moment] = {}
"""All moments, by name."""


def _id(stored: StoredEvent, name: str) -> str | None:
    return basket.read_id(stored.event.properties.get(name)) or None


def _read(value: Any, zone: str | None, default_zone: str) -> datetime | None:
    """A moment as JSON has it: ISO 8601 or seconds since 1970. What cannot be read is no moment."""
    try:
        moment = _MOMENT.validate_python(value)
    except (ValidationError, OverflowError):
        return None
    if moment.tzinfo is None:
        # In a gap of daylight saving the clock's time before the change counts (PEP 495, fold=0).
        moment = moment.replace(tzinfo=zone_or_default(zone, default_zone))
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


RENEWAL = Moment(
    "renewal",
    said_by=(names.SUBSCRIPTION_STARTED, names.SUBSCRIPTION_UPDATED, names.SUBSCRIPTION_RENEWED),
    property="renews_at",
    same="subscription_id",
)
"""A subscription goes on, and is paid for."""

TRIAL_END = Moment("end of the trial", said_by=(names.TRIAL_STARTED,), property="ends_at", same="trial_id")

EVENT_START = Moment("start of the event", said_by=(names.WEBINAR_REGISTERED,), property="starts_at", same="webinar_id")

EVENT_END = Moment("end of the event", said_by=(names.WEBINAR_REGISTERED,), property="ends_at", same="webinar_id")
