"""A warm-up: how many mails a day may leave while mailbox providers do not know the sender yet. Pure."""

from datetime import UTC, date, datetime, time, timedelta

from pydantic import Field, PositiveInt

from domain.model import Value

WARMING_UP = "warm-up"
"""By this name the ledger tells what held a mail back, as it tells the gate's rules. Frozen."""


class WarmUp(Value):
    """A limit for each day from a first day on; after the last there is none. Days are UTC days of product time."""

    start: date
    per_day: tuple[PositiveInt, ...] = Field(min_length=1)

    def limit_at(self, now: datetime) -> int | None:
        """The limit of that day. Before the first day the first one holds: the sender is not better known by then."""
        number = max((now.astimezone(UTC).date() - self.start).days, 0)
        return self.per_day[number] if number < len(self.per_day) else None


def day_of(now: datetime) -> datetime:
    """When the day began."""
    return datetime.combine(now.astimezone(UTC).date(), time(0), UTC)


def next_day(now: datetime) -> datetime:
    """When the next day begins."""
    return day_of(now) + timedelta(days=1)
