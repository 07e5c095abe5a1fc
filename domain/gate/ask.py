"""What asks: one message, about to go."""

from datetime import datetime, timedelta

from pydantic import Field

from domain.lane import Place
from domain.message import Kind, Stage
from domain.model import Instant, WireValue


class Ask(WireValue):
    """One message asks to go now."""

    kind: Kind
    topic: str
    stage: Stage
    urgent: bool = False
    """It answers what the customer did just now: the daily cap is waived, and that they are in the shop."""
    due_at: Instant
    """When the journey wanted it sent. Staleness counts from here; it defers nothing."""
    stale_after: timedelta | None = Field(default=None, ge=timedelta())
    """How long after `due_at` it still makes sense. None: always."""
    place: Place = Place()
    """Of the journey that asks."""

    @property
    def fresh_until(self) -> datetime | None:
        """The last moment at which it makes sense; None: there is none."""
        return None if self.stale_after is None else self.due_at + self.stale_after
