"""What a customer prefers about mail: their own choices, and what a backend reports in traits.

A choice is the recipient's own word, made on the pages behind the links of their mails (`storage.preferences`); a trait
is what a backend says of them. Where both speak of one thing the recipient is believed. Anything else says nothing.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from domain.basket import read_number, read_text
from domain.model import Instant, Value

PAUSE = timedelta(days=30)
"""How long marketing rests for whoever asks for a pause."""


class Frequency(StrEnum):
    """How often marketing may come."""

    AS_SENT = "as_sent"
    """As the shop's own caps have it."""
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


FREQUENCIES: Mapping[str, timedelta] = {
    Frequency.DAILY: timedelta(days=1),
    Frequency.WEEKLY: timedelta(days=7),
    Frequency.MONTHLY: timedelta(days=30),
}
"""At most one marketing mail in such a span. The trait `email_frequency` says the same words, and `never`."""

NEVER = "never"


class Choices(Value):
    """What the recipient chose themselves; each None where they chose nothing. Topics are opt-outs, not choices."""

    frequency: Frequency | None = None
    paused_until: Instant | None = None
    """A pause that has been asked for; it may be over."""
    language: str | None = None
    """In lower case, e.g. `de`."""


NO_CHOICES = Choices()


class Preferences(Value):
    """Each None where nothing usable was said. Fields as in `domain.gate.GateFacts`."""

    best_hour: int | None = None
    at_most_every: timedelta | None = None
    wants_none: bool = False
    segment: str | None = None
    paused_until: Instant | None = None


def read_preferences(traits: Mapping[str, Any], own: Choices = NO_CHOICES) -> Preferences:
    """The preferences of a customer.

    Args:
        traits: `best_hour` (0 to 23), `email_frequency`, `segment`.
        own: the recipient's own choices, which go before the traits.
    """
    hour = read_number(traits.get("best_hour", traits.get("bestHour")))
    reported = read_text(traits.get("email_frequency", traits.get("emailFrequency"))).lower()
    frequency = reported if own.frequency is None else own.frequency
    return Preferences(
        best_hour=int(hour) if hour is not None and hour in range(24) else None,
        at_most_every=FREQUENCIES.get(frequency),
        wants_none=frequency == NEVER,
        segment=read_text(traits.get("segment")) or None,
        paused_until=own.paused_until,
    )


def frequency_of(traits: Mapping[str, Any], own: Choices) -> Frequency:
    """How often mail comes as things stand, for whoever asks the recipient to choose."""
    every = read_preferences(traits, own).at_most_every
    return next((Frequency(name) for name, span in FREQUENCIES.items() if span == every), Frequency.AS_SENT)


def locale_of(reported: str | None, language: str | None) -> str | None:
    """The locale to write in (BCP 47): the chosen language, with the country that was reported, if any.

    Where the language is the reported one, the locale stays as it is.
    """
    if language is None:
        return reported
    first, *rest = (reported or "").replace("_", "-").split("-")
    if first.lower() == language:
        return reported
    country = next((part for part in rest if len(part) == 2 and part.isalpha()), None)  # noqa: PLR2004 -- ISO 3166
    return f"{language}-{country.upper()}" if country else language
