"""What traits say about a person: address, name, zone, language, and what they agreed to.

Traits are those of the Segment spec for identify, in both of its spellings, at the top of an identify call or in
`context.traits` of any other call.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.basket import read_text
from domain.event import Event, EventType
from domain.model import Instant, Value

ALL_MARKETING = "*"
"""The topic that stands for every one."""

CONSENTS = ("marketing_consent", "marketingConsent", "email_opt_in", "emailOptIn")
"""Traits that are a yes or a no to all marketing. The trait `consent` may be one to topics as well."""

EVERY_CONSENT = ("consent", *CONSENTS)
"""Traits by which marketing is agreed to, in whatever form."""

MOST_TRAITS = 300
"""Different traits kept of one person. A backend that invents names for them would fill the database."""

_LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
_ADDRESS = re.compile(
    r"[^@\s<>\"(),:;\\\[\]\x00-\x1f\x7f]+@[^@\s<>\"(),:;\\\[\]\x00-\x1f\x7f.]+(\.[^@\s<>\"(),:;\\\[\]\x00-\x1f\x7f.]+)+"
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")
_LONGEST_NAME = 100
_LONGEST_WORDING = 10_000
_LONGEST_SOURCE = 200


class Permission(Value):
    """One thing a person agreed to, or refused. Topic `*` is all marketing."""

    topic: str
    granted: bool
    wording: str | None = None
    """What they were asked, in the words that they read."""
    source: str | None = None
    """Where they said so, e.g. `checkout form`; None: as the event tells it."""
    at: Instant | None = None
    """When they said so; None: when the event occurred."""


def read_traits(event: Event) -> dict[str, Any]:
    """The traits an event carries, wherever the call keeps them. A group's traits are not the person's."""
    carried = event.context.get("traits")
    traits = dict(carried) if isinstance(carried, dict) else {}
    return traits | event.properties if event.type is EventType.IDENTIFY else traits


def read_profile(event: Event, traits: Mapping[str, Any]) -> dict[str, str]:
    """The fields of `domain.customer.Customer` that an event tells, by name. Unusable ones are left out."""
    said = {
        "email": normalise_email(traits.get("email")),
        "first_name": _first_name(traits),
        "timezone": read_text(traits.get("timezone") or event.context.get("timezone")),
        "locale": read_text(traits.get("locale") or traits.get("language") or event.context.get("locale")),
    }
    return {name: value for name, value in said.items() if value}


def normalise_email(value: object) -> str | None:
    """An address in lower case, or None when it cannot be one. The domain as name servers know it (RFC 5891).

    A part before the @ that is not ASCII makes it unusable: many mail servers would not take it (RFC 6531).
    Whether anybody reads mail there is not asked. Nothing in it can break out of a mail's header.
    """
    text = read_text(value).lower()
    if not _ADDRESS.fullmatch(text):
        return None
    mailbox, _, host = text.rpartition("@")
    address = f"{mailbox}@{_as_named(host)}"
    usable = address.isascii() and len(address) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(address)
    is_number = host.rpartition(".")[2].isdigit()  # an IP address, where our own mail server would go
    return address if usable and not is_number else None


def _as_named(host: str) -> str:
    """A domain in the letters that name servers take (RFC 5891): each other label in Punycode."""
    labels = unicodedata.normalize("NFKC", host).split(".")
    return ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)


def read_permissions(traits: Mapping[str, Any]) -> tuple[Permission, ...]:
    """What the traits grant or refuse.

    `consent`: true or false for all marketing, a list of granted topics, or an object of topic → bool. In place of the
    bool may stand an object with `granted` and, as proof, `wording`, `source` and `at`.
    `marketing_consent` and `email_opt_in`: true or false for all marketing. Only a real bool counts: what a form sent
    as the text "false" must not become a yes.
    """
    return tuple({each.topic: each for each in _permissions(traits)}.values())


def _permissions(traits: Mapping[str, Any]) -> Iterator[Permission]:
    for name in CONSENTS:
        if isinstance(granted := traits.get(name), bool):
            yield Permission(topic=ALL_MARKETING, granted=granted)
    match traits.get("consent"):
        case bool(granted):
            yield Permission(topic=ALL_MARKETING, granted=granted)
        case dict(topics):
            found = (_permission(read_text(key), value) for key, value in topics.items() if key)
            yield from (each for each in found if each is not None)
        case list(topics):
            named = (read_text(item) for item in topics if isinstance(item, str))
            yield from (Permission(topic=topic, granted=True) for topic in named if topic)


def _permission(topic: str, said: object) -> Permission | None:
    match said:
        case bool(granted):
            return Permission(topic=topic, granted=granted)
        case dict() if isinstance(said.get("granted"), bool):
            granted = bool(said["granted"])
            wording = read_text(said.get("wording"))[:_LONGEST_WORDING] or None
            source = read_text(said.get("source"))[:_LONGEST_SOURCE] or None
            return Permission(topic=topic, granted=granted, wording=wording, source=source, at=_moment(said.get("at")))
        case _:
            return None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _first_name(traits: Mapping[str, Any]) -> str:
    given = read_text(traits.get("firstName") or traits.get("first_name"))
    words = (given or read_text(traits.get("name")).split(" ")[0]).strip()
    return _UNPRINTABLE.sub(" ", words)[:_LONGEST_NAME]
