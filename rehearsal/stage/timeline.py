"""The timeline: what happened to one customer on stage, in order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.model import Instant, Value
from rehearsal.stage.spans import write_span

MINUTE = timedelta(minutes=1)

_BEHIND = timedelta(seconds=5)
"""An enrollment begins a moment after the second that the story names; what is due by the clock comes without delay."""


class What(StrEnum):
    """What an entry tells."""

    BEGAN = "began"
    HEARD = "heard"
    """The customer, or an operator, did something, and the journey was told."""
    IGNORED = "ignored"
    """Something happened that changed nothing for the journey."""
    WAITED = "waited"
    ASKED = "asked"
    """The journey asked for a fact, an offer or a variant."""
    HELD = "held"
    """The gate let a mail wait."""
    SENT = "sent"
    DROPPED = "dropped"
    """A mail that never goes, whoever refused it."""
    ENDED = "ended"


class Entry(Value):
    """One line of the timeline.

    `at` counts from the beginning of the first enrollment, to the minute below; `local` is the customer's wall clock.
    """

    at: timedelta
    local: Instant
    what: What
    template: str | None = None
    subject: str | None = None
    """Of a mail that was sent."""
    why: str = ""
    until: Instant | None = None
    """When a wait ended, or when a mail that is held goes again; the customer's wall clock."""
    journey: str | None = None

    def __str__(self) -> str:
        return " · ".join(part for part in (write_span(self.at), self.what.value, self.template, self.why) if part)


class _Note(Value):
    moment: Instant
    zone: str
    what: What
    template: str | None
    subject: str | None
    why: str
    until: Instant | None
    journey: str | None


class Timeline:
    """Collects what happens, from whoever sees it, and puts it in order.

    Args:
        zone: the customer's, at first.
        begins: the moment that counts as zero until an enrollment begins.
    """

    def __init__(self, zone: str, begins: datetime) -> None:
        self.zone = zone
        self.begins = begins
        self._notes: list[_Note] = []

    def note(
        self,
        moment: datetime,
        what: What,
        why: str = "",
        *,
        template: str | None = None,
        subject: str | None = None,
        until: datetime | None = None,
        journey: str | None = None,
    ) -> None:
        """Add an entry."""
        self._notes.append(
            _Note(
                moment=moment,
                zone=self.zone,
                what=what,
                template=template,
                subject=subject,
                why=why,
                until=until,
                journey=journey,
            )
        )

    def has_hold(self, until: datetime) -> bool:
        """Whether a mail is noted as held until that moment."""
        return any(note.what is What.HELD and note.until == until for note in self._notes)

    def entries(self) -> Sequence[Entry]:
        """Everything so far, in order."""
        return tuple(self._entry(note) for note in sorted(self._notes, key=self._place))

    def _place(self, note: _Note) -> datetime:
        """When it happened, by one clock: an end is dated by the workflow's, which lags behind what it asked."""
        if note.what is not What.ENDED:
            return note.moment
        asked = (each.moment for each in self._notes if each.what is What.ASKED)
        return max([note.moment, *(at for at in asked if at - note.moment < _BEHIND)])

    def _entry(self, note: _Note) -> Entry:
        zone = ZoneInfo(note.zone)
        return Entry(
            at=_to_minute(max(note.moment - self.begins, timedelta())),
            local=_local(note.moment, zone),
            what=note.what,
            template=note.template,
            subject=note.subject,
            why=note.why,
            until=None if note.until is None else _local(note.until, zone),
            journey=note.journey,
        )


def _to_minute(span: timedelta) -> timedelta:
    span += _BEHIND
    return span - span % MINUTE


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(second=0, microsecond=0)
