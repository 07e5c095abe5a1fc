"""What both databases can hold, and mails can show. Backends report anything JSON allows, and a little more.

PostgreSQL refuses NUL in text and JSON, both refuse lone surrogates, and JSON has no NaN. One such value must not stop
the hundred events it came with: it is made harmless, and the event kept. So are the words in it that mails show: see
`domain.wording`.
"""

import math
import re
from typing import Any

from domain.event import Event
from domain.soundness import MAX_DEPTH
from domain.wording import legible, with_words

LARGEST_INT = 1024
"""Bits. Python refuses to write or read an integer of thousands of digits."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable_event(event: Event) -> Event:
    """The event as it can be stored: the same one, in all but very odd cases."""
    return event.model_copy(
        update={
            "message_id": storable_text(event.message_id),
            "name": storable_text(event.name),
            "user_id": _text_or_none(event.user_id),
            "anonymous_id": _text_or_none(event.anonymous_id),
            "previous_id": _text_or_none(event.previous_id),
            "properties": with_words(storable(event.properties), legible),
            "context": _with_traits(storable(event.context)),
        }
    )


def storable_text(text: str) -> str:
    """The text without characters that cannot be stored."""
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def storable(value: Any, depth: int = 0) -> Any:
    """A JSON value as it can be stored. What JSON does not know becomes text."""
    match value:
        case None | bool():
            return value
        case int():
            return value if value.bit_length() <= LARGEST_INT else None
        case str():
            return storable_text(value)
        case float():
            return value if math.isfinite(value) else None
        case _ if depth >= MAX_DEPTH:
            return None  # the collector refuses it; what comes by another way keeps the rest
        case dict():
            return {storable_text(str(key)): storable(item, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [storable(item, depth + 1) for item in value]
        case _:
            return storable_text(str(value))


def _with_traits(context: dict[str, Any]) -> dict[str, Any]:
    """Names of browsers, systems and libraries are shown to nobody, and stay as they are."""
    return context | {"traits": with_words(context["traits"], legible)} if "traits" in context else context


def _text_or_none(text: str | None) -> str | None:
    return storable_text(text) if text else None
