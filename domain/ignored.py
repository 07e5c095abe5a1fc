"""What a call says of a person and does not count: in another form, or with a key that may not say it.

The call is stored all the same: clients drop a refusal, and their users with it. But whoever sent it is told.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from domain.basket import read_number, read_text
from domain.civil import find_zone
from domain.event import Event, EventType
from domain.model import Value
from domain.preferences import FREQUENCIES, NEVER, Frequency
from domain.profile import CONSENTS, EVERY_CONSENT, normalise_email

HOW_OFTEN: Final = ("email_frequency", "emailFrequency")
"""Traits that are a yes or a no to mail, like consent."""

BACKENDS_ONLY: Final = (*EVERY_CONSENT, *HOW_OFTEN)
"""Traits that a browser's key may not say: anybody has it."""

_NOTHING: Final = (None, "")
_FREQUENCIES: Final = (*FREQUENCIES, Frequency.AS_SENT, NEVER)
_LANGUAGE: Final = re.compile(r"[a-z]{2,8}([-_][a-z0-9]{1,8})*", re.IGNORECASE)
"""Roughly BCP 47, also with the underscore that Apple's libraries write."""


class Why(StrEnum):
    """Why a trait does not count."""

    FORM = "form"
    """It is in no form that does."""
    KEY = "key"
    """A browser's key may not say it; it is not stored."""


class Ignored(Value):
    """One trait that does not count. Nothing in it is the sender's own word."""

    trait: str
    """One of `TRAITS`."""
    field: str
    """Where in the call it stands, e.g. `context.traits.consent`."""
    problem: str
    """What counts, or who may say it."""
    why: Why


def ignored_in(event: Event, *, by_page: bool = False) -> tuple[Ignored, ...]:
    """What does not count of the traits of a call. Null and the empty text say nothing, and are not told.

    Args:
        event: as it was read from the call.
        by_page: it came with a browser's key.
    """
    return tuple(_ignored(event, by_page=by_page))


def misreported_consent(traits: Mapping[str, Any]) -> bool:
    """Whether something was said about consent in a form that does not count."""
    return any(_FORMS[name](traits[name]) for name in EVERY_CONSENT if traits.get(name) not in _NOTHING)


def without(event: Event, names: tuple[str, ...]) -> Event:
    """An event less some traits of the person, wherever the call keeps them."""
    update: dict[str, Any] = {}
    if event.type is EventType.IDENTIFY:
        update["properties"] = _less(event.properties, names)
    if isinstance(traits := event.context.get("traits"), dict):
        update["context"] = event.context | {"traits": _less(traits, names)}
    return event.model_copy(update=update)


def _ignored(event: Event, *, by_page: bool) -> Iterator[Ignored]:
    for path, said in _said(event):
        for trait in (name for name in TRAITS if said.get(name) not in _NOTHING):
            if by_page and trait in BACKENDS_ONLY:
                yield Ignored(trait=trait, field=f"{path}{trait}", problem=_NOT_A_PAGES, why=Why.KEY)
            elif problem := _FORMS[trait](said[trait]):
                yield Ignored(trait=trait, field=f"{path}{trait}", problem=problem, why=Why.FORM)


def _said(event: Event) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if event.type is EventType.IDENTIFY:
        yield "traits.", event.properties
    if isinstance(traits := event.context.get("traits"), dict):
        yield "context.traits.", traits
    yield "context.", {name: event.context.get(name) for name in ("timezone", "locale")}


def _less(traits: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in traits.items() if name not in names}


# What counts, of each trait: None, or what to send instead ----------------------------------------------------------

_NOT_A_PAGES: Final = "a browser's key may not say this, and it was left out: report it from your backend"


def _consent(value: object) -> str | None:
    match value:
        case bool():
            counts = True
        case dict():
            counts = all(isinstance(_granted(each), bool) for each in value.values())
        case list():
            counts = all(isinstance(each, str) and each.strip() for each in value)
        case _:
            counts = False
    return None if counts else "only true or false count, for all marketing or for each topic: the rest is ignored"


def _granted(said: object) -> object:
    return said.get("granted") if isinstance(said, dict) else said


def _yes_or_no(value: object) -> str | None:
    return None if isinstance(value, bool) else "only true or false count: it is ignored"


def _email(value: object) -> str | None:
    return None if normalise_email(value) else "is no address that mail can go to: it is ignored"


def _zone(value: object) -> str | None:
    known = find_zone(read_text(value)) is not None
    return None if known else "is no time zone: send an IANA name, such as Europe/Vienna"


def _language(value: object) -> str | None:
    return None if _LANGUAGE.fullmatch(read_text(value)) else "is no language: send a tag such as de or de-AT"


def _frequency(value: object) -> str | None:
    known = read_text(value).lower() in _FREQUENCIES
    return None if known else f"is ignored: send {', '.join(_FREQUENCIES)}"


def _hour(value: object) -> str | None:
    return None if read_number(value) in range(24) else "is ignored: send a whole hour, from 0 to 23"


_FORMS: Final[Mapping[str, Callable[[object], str | None]]] = {
    "consent": _consent,
    **dict.fromkeys(CONSENTS, _yes_or_no),
    **dict.fromkeys(HOW_OFTEN, _frequency),
    "email": _email,
    "timezone": _zone,
    "locale": _language,
    "language": _language,
    "best_hour": _hour,
    "bestHour": _hour,
}

TRAITS: Final = tuple(_FORMS)
"""Traits of which it is told that they do not count."""
