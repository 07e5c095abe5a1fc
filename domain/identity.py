"""Whose events these are: from the ids a backend uses to the one id Segue uses. Pure; `storage.identities` keeps it.

The canonical id of a customer is the user id itself. Somebody who has none yet is `anon-` and the anonymous id. An id
that looks like an address, or cannot travel for its length or its characters, never does: a random `c-…` stands for it,
written down in the table of aliases. Calls that carry both ids, and alias calls, write down whose the anonymous id is;
later anonymous events are then the known customer's.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from domain.errors import InvalidEventError
from domain.event import Event, EventType
from domain.model import Value

ANONYMOUS_PREFIX = "anon-"

_LONGEST_ID = 190
_LONGEST_EXTERNAL_ID = 500


class IdKind(StrEnum):
    """Which of a call's ids it is."""

    USER = "user"
    ANONYMOUS = "anonymous"


Key = tuple[IdKind, str]
"""An outside id: its kind and itself."""


class Resolution(Value):
    """Whose the events are, and what has to be written down for it."""

    customers: tuple[str, ...]
    """The canonical id of each event's customer, in the events' order."""
    aliases: dict[Key, str]
    """New or changed aliases."""
    joins: tuple[tuple[str, str], ...]
    """Canonical ids that were somebody of their own and are now another's: (old, new)."""


def random_id(_key: Key) -> str:
    """An id that tells nothing of the one it stands for."""
    return f"c-{secrets.token_hex(8)}"


class Directory:
    """Aliases as they are, and as a batch of events changes them."""

    def __init__(self, known: Mapping[Key, str], made_up: Callable[[Key], str] = random_id) -> None:
        self.known = dict(known)
        self._made_up = made_up
        self.aliases: dict[Key, str] = {}
        self.joins: dict[str, str] = {}

    def look_up(self, key: Key) -> str | None:
        """The canonical id, unless a new one would have to be made up for it."""
        found = next((self.known[each] for each in lookups(key) if each in self.known), None)
        return found or _own_id(key)

    def canonical(self, key: Key) -> str:
        """The canonical id; for one that may not travel, one is made up."""
        found = self.look_up(key)
        if found is None:
            found = self._made_up(key)
            self._set(key, found)
        return found

    def link(self, key: Key, customer: str) -> None:
        """Write down that an id is the customer's. Its own row, if it was nobody else's so far, is joined.

        On a shared device the anonymous id goes from one customer to the next: then it only points elsewhere.
        """
        owner = self.look_up(key)
        if owner == customer:
            return
        if owner is not None and owner == _own_id(key):
            self.joins[owner] = customer
        self._set(key, customer)

    def _set(self, key: Key, customer: str) -> None:
        self.known[key] = self.aliases[key] = customer


def resolve(events: Sequence[Event], known: Mapping[Key, str], made_up: Callable[[Key], str] = random_id) -> Resolution:
    """Find the customers of a batch. Links first, then customers: what it tells of an id holds for all of it.

    Args:
        events: the batch.
        known: what is written down of the ids in it, see `keys_of`.
        made_up: makes ids for those that may not travel.

    Raises:
        InvalidEventError: an event has neither a user id nor an anonymous id.
    """
    directory = Directory(known, made_up)
    for event in events:
        _link(directory, event)
    customers = tuple(directory.canonical(_own_key(event)) for event in events)
    return Resolution(customers=customers, aliases=directory.aliases, joins=tuple(directory.joins.items()))


def _link(directory: Directory, event: Event) -> None:
    if event.user_id is None:
        return
    customer = directory.canonical(key_of(IdKind.USER, event.user_id))
    if event.anonymous_id is not None:
        directory.link(key_of(IdKind.ANONYMOUS, event.anonymous_id), customer)
    if event.type is EventType.ALIAS and event.previous_id is not None:
        # The spec allows either kind of id here, and nothing tells which it is.
        directory.link(key_of(IdKind.ANONYMOUS, event.previous_id), customer)
        directory.link(key_of(IdKind.USER, event.previous_id), customer)


def _own_key(event: Event) -> Key:
    if event.user_id is not None:
        return key_of(IdKind.USER, event.user_id)
    if event.anonymous_id is not None:
        return key_of(IdKind.ANONYMOUS, event.anonymous_id)
    raise InvalidEventError("userId", "an event needs a userId or an anonymousId")


def keys_of(event: Event) -> Iterable[Key]:
    """Every id under which something may be written down that an event's customer depends on."""
    if event.user_id is not None:
        yield from lookups(key_of(IdKind.USER, event.user_id))
    if event.anonymous_id is not None:
        yield key_of(IdKind.ANONYMOUS, event.anonymous_id)
    if event.previous_id is not None:
        yield from lookups(key_of(IdKind.USER, event.previous_id))
        yield key_of(IdKind.ANONYMOUS, event.previous_id)


def lookups(key: Key) -> Iterable[Key]:
    """Where an id may be written down. A canonical `anon-…` may come back as a user id, from our own links."""
    yield key
    kind, external = key
    if kind is IdKind.USER and external.startswith(ANONYMOUS_PREFIX):
        yield key_of(IdKind.ANONYMOUS, external.removeprefix(ANONYMOUS_PREFIX))


def key_of(kind: IdKind, outside: str) -> Key:
    """An outside id as it is written down."""
    external = outside.strip().lower() if "@" in outside else outside
    if len(external) > _LONGEST_EXTERNAL_ID:
        external = f"sha256:{hashlib.sha256(external.encode()).hexdigest()}"
    return kind, external


def _own_id(key: Key) -> str | None:
    """The canonical id that follows from an outside id itself, if one does."""
    kind, external = key
    identifier = external if kind is IdKind.USER else ANONYMOUS_PREFIX + external
    return identifier if may_travel(identifier) else None


def may_travel(identifier: str) -> bool:
    """Whether an id may stand in workflow ids, links and logs."""
    return (
        "@" not in identifier
        and len(identifier) <= _LONGEST_ID
        and identifier.isprintable()
        and bool(identifier.strip())
    )
