"""What a customer prefers about mail, read from the traits that a backend reports. Anything else says nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from domain.basket import read_number, read_text
from domain.model import Value

FREQUENCIES = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=30)}
"""What the trait `email_frequency` may say: at most one marketing mail in such a span."""


class Preferences(Value):
    """Each None where nothing usable was reported. Fields as in `domain.gate.GateFacts`."""

    best_hour: int | None = None
    at_most_every: timedelta | None = None
    segment: str | None = None


def read_preferences(traits: Mapping[str, Any]) -> Preferences:
    """The preferences among traits: `best_hour` (0 to 23), `email_frequency`, `segment`."""
    hour = read_number(traits.get("best_hour", traits.get("bestHour")))
    frequency = read_text(traits.get("email_frequency", traits.get("emailFrequency")))
    return Preferences(
        best_hour=int(hour) if hour is not None and hour in range(24) else None,
        at_most_every=FREQUENCIES.get(frequency.lower()),
        segment=read_text(traits.get("segment")) or None,
    )
