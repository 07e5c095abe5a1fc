"""Customers: who they are. What is known already, and newer, stays.

Each row is stored as an identify call would be, so that an export tells where a fact came from.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.civil import find_zone
from domain.customer import Customer
from domain.event import Event, EventType
from domain.identity import Resolution
from domain.model import Instant, Value
from domain.profile import EVERY_CONSENT
from starter.imports.fields import (
    FieldError,
    read_address,
    read_identifier,
    read_moment,
    read_words,
    require_known,
    require_storable,
)
from starter.imports.kind import Item, Kind, Stored, item_of
from starter.imports.rows import Columns, Mistake, read_rows
from starter.lines import Lines
from storage.customers import Customers
from storage.events import EventStore
from storage.identities import Identities

TRAIT: Final = "traits."
COLUMNS: Final = Columns(("id", "email", "first_name", "timezone", "locale", "at"), prefix=TRAIT)
_PROFILE: Final = {"email": "email", "firstName": "first_name", "timezone": "timezone", "locale": "locale"}
"""Traits of an identify call, and the customer's fields that they fill."""

_LONGEST_NAME: Final = 100
_LONGEST_LOCALE: Final = 35
_TRUTHS: Final = {"true": True, "false": False}


class Person(Value):
    """One row."""

    user_id: str | None
    email: str | None
    traits: dict[str, Any] = Field(default_factory=dict)
    """As an identify call has them, the address among them."""
    at: Instant | None = None
    """As of when it was so. Without, it only fills in what is not known."""


class CustomerImport(Kind[Person]):
    """Rows of `id`, `email`, `first_name`, `timezone`, `locale`, `at` and `traits.…`."""

    name = "customers"

    def read(self, lines: Lines, after: int, now: datetime) -> Iterator[Item[Person] | Mistake]:
        """People behind a line."""
        rows = read_rows(lines, COLUMNS, after)
        return (row if isinstance(row, Mistake) else item_of(row, partial(_person, now=now)) for row in rows)

    async def store(self, session: AsyncSession, items: Sequence[Item[Person]], now: datetime) -> Stored:
        """Store what is new of them."""
        events = await _events(session, [item.value for item in items], now)
        # The lock of all commits first, then rows for new customers, then locks of all in their order, as the commit
        # itself takes them: so nobody waits in a circle.
        resolution = await Identities(session).resolve(events)
        others = {old for old, _ in resolution.joins}
        rows = await Customers(session).hold_or_create(_first_seen(events, resolution), others)
        # The commit finds these ids, too: it would make up others for whoever is known by an address.
        await Identities(session).write(resolution)
        held = {each: customer for each, customer in rows.items() if customer is not None}
        told = await EventStore(session).last_identified([*held])
        news = _News(held, told)
        told_now = [
            news.of(event, whose, dated=item.value.at is not None)
            for item, event, whose in zip(items, events, resolution.customers, strict=True)
        ]
        done = await EventStore(session).commit_past([event for event in told_now if event is not None], now)
        return Stored(stored=done.accepted, unchanged=len(items) - done.accepted)


class _News:
    """Tells what of an event is not known, or is known to be older."""

    def __init__(self, held: dict[str, Customer], told: dict[str, datetime]) -> None:
        self._told = told
        self._known = {each: _known_of(customer) for each, customer in held.items()}

    def of(self, event: Event, whose: str, *, dated: bool) -> Event | None:
        """The event with what it has to say; None when that is nothing."""
        known = self._known.setdefault(whose, set())
        told_at = self._told.get(whose)
        is_newer = dated and (told_at is None or event.occurred_at >= told_at)
        traits = {name: value for name, value in event.properties.items() if is_newer or name not in known}
        known.update(traits)
        if dated:
            self._told[whose] = max(told_at or event.occurred_at, event.occurred_at)
        is_new = bool(traits) or not known
        return event.model_copy(update={"properties": traits}) if is_new else None


def _first_seen(events: Sequence[Event], resolution: Resolution) -> dict[str, datetime]:
    """All customers that the commit creates or locks, and since when somebody new is known."""
    seen = dict.fromkeys(resolution.aliases.values(), events[0].occurred_at)
    return seen | {
        whose: event.occurred_at for event, whose in zip(events[::-1], resolution.customers[::-1], strict=True)
    }


def _known_of(customer: Customer) -> set[str]:
    return {*customer.traits, *(trait for trait, field in _PROFILE.items() if getattr(customer, field))}


async def _events(session: AsyncSession, people: Sequence[Person], now: datetime) -> list[Event]:
    """Identify calls. Who has no id is the customer with that address, or one to be known by it."""
    nameless = {person.email for person in people if person.user_id is None and person.email}
    by_address = await Customers(session).of_addresses(nameless) if nameless else {}
    return [
        Event(
            message_id=_message_id(person),
            type=EventType.IDENTIFY,
            name=EventType.IDENTIFY.value,
            user_id=person.user_id or next(iter(by_address.get(person.email or "", ())), person.email),
            occurred_at=person.at or now,
            received_at=now,
            properties=person.traits,
            context={"import": "customers"},
        )
        for person in people
    ]


def _message_id(person: Person) -> str:
    said = json.dumps(person.model_dump(mode="json"), sort_keys=True).encode()
    return f"import:customer:{hashlib.sha256(said).hexdigest()[:40]}"


def _person(fields: dict[str, Any], now: datetime) -> Person:
    nested = fields.pop("traits", {}) if isinstance(fields.get("traits"), dict) else {}
    require_known(fields, COLUMNS)
    require_storable(fields | {"traits": nested})
    identifier, email = read_identifier(fields), read_address(fields)
    if identifier is None and email is None:
        raise FieldError("id", "is missing", "give an id, or at least an email")
    more = {name.removeprefix(TRAIT): _typed(each) for name, each in fields.items() if name.startswith(TRAIT)}
    traits = nested | more
    for name in traits:
        if name in EVERY_CONSENT:  # here it would come without a source
            raise FieldError(f"{TRAIT}{name}", "is a consent", "import it with its source: `segue import consent`")
    profile = {
        "email": email,
        "firstName": read_words(fields, "first_name", _LONGEST_NAME),
        "timezone": _zone(fields),
        "locale": read_words(fields, "locale", _LONGEST_LOCALE),
    }
    traits |= {name: value for name, value in profile.items() if value is not None}
    return Person(user_id=identifier, email=email, traits=traits, at=read_moment(fields, now))


def _typed(value: Any) -> Any:
    return _TRUTHS.get(value.lower(), value) if isinstance(value, str) else value


def _zone(fields: dict[str, Any]) -> str | None:
    zone = read_words(fields, "timezone", _LONGEST_NAME)
    if zone is not None and find_zone(zone) is None:
        raise FieldError("timezone", "is no time zone", "write an IANA name, such as Europe/Berlin, or leave it empty")
    return zone
