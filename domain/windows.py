"""Send windows: the hours of the week in which a shop lets its marketing mail arrive, on the customer's wall clock."""

from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from domain.model import Value


class Weekday(StrEnum):
    """A day of the week, as settings write it."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"

    @classmethod
    def of(cls, local: datetime) -> "Weekday":
        """The weekday that a local datetime falls on."""
        return list(cls)[local.weekday()]


def _without_offset(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("this is a wall-clock time of each customer's own zone: leave the offset out")
    return value


WallTime = Annotated[time, AfterValidator(_without_offset)]
"""What a customer's own clock shows, whatever their zone."""

MIDNIGHT = time(0)


class SendWindow(Value):
    """From `start` until before `end`, on these days. An `end` of 00:00 is the day's own end; none cross midnight."""

    days: frozenset[Weekday] = Field(default=frozenset(Weekday), min_length=1)
    start: WallTime = MIDNIGHT
    end: WallTime = MIDNIGHT

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end != MIDNIGHT and self.end <= self.start:
            raise ValueError(
                f"a send window ends after it starts, unlike {self.start:%H:%M} to {self.end:%H:%M}: use two"
            )
        return self

    def covers(self, local: datetime) -> bool:
        """Whether a local datetime lies in it."""
        wall = local.time()
        return Weekday.of(local) in self.days and self.start <= wall and (wall < self.end or self.end == MIDNIGHT)
