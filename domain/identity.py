"""Whose events these are: from the ids a backend uses to the one id Segue uses. Pure; `storage.identities` keeps it.

The canonical id of a customer is the user id itself. Somebody who has none yet is `anon-` and the anonymous id. An id
that looks like an address, or cannot travel for its length or its characters, never does: a random `c-…` stands for it,
written down in the table of aliases. Calls that carry both ids, and alias calls, write down whose the anonymous id is;
later anonymous events are then the known customer's.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from pydantic import Field

from domain.errors import InvalidEventError
from domain.event import Event, EventType
from domain.model import Value

ANONYMOUS_PREFIX = "anon-"

_LONGEST_CUSTOMER_ID = 190
_LONGEST_EXTERNAL_ID = 500
_RANDOM_ID = re.compile(r"c-[0-9a-f]{16}")


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
    causes: dict[str, str] = Field(default_factory=dict)
    """For each old id, the message id of the event that told it."""


def random_id(_key: Key) -> str:
    """An id that tells nothing of the one it stands for."""
    return f"c-{secrets.token_hex(8)}"


def is_random_id(customer: str) -> bool:
    """Whether a canonical id looks like one that was made up."""
    return _RANDOM_ID.fullmatch(customer) is not None


class Directory:
    """Aliases as they are, and as a batch of events changes them."""

    def __init__(self, known: Mapping[Key, str], made_up: Callable[[Key], str] = random_id) -> None:
        self.known = dict(known)
        self._made_up = made_up
        self.aliases: dict[Key, str] = {}
        self.joins: dict[str, str] = {}
        self.causes: dict[str, str] = {}

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

    def link(self, key: Key, customer: str, cause: str) -> None:
        """Write down that an id is the customer's. Its own row, if it was nobody else's so far, is joined.

        On a shared device the anonymous id goes from one customer to the next: then it only points elsewhere, and
        whatever was recorded under it stays with the one before.

        Args:
            key: the id.
            customer: the canonical id of whom it is.
            cause: message id of the event that says so.
        """
        owner = self.look_up(key)
        if owner == customer:
            return
        if owner is not None and self._is_own(key, owner):
            self._join(owner, customer, cause)
        self._set(key, customer)

    def settled(self, customer: str) -> str:
        """Whom a customer turned out to be, if anybody."""
        return self.joins.get(customer, customer)

    def _is_own(self, key: Key, owner: str) -> bool:
        """Whether the owner was made for this id, so that it is nobody else's."""
        own = _own_id(key)
        if own is not None:
            return own == owner
        # Made up for an id that may not travel. Where a second such id leads there, it may have been made for that one.
        others = (other for other, whose in self.known.items() if whose == owner and other != key)
        return is_random_id(owner) and all(_own_id(other) is not None for other in others)

    def _join(self, owner: str, customer: str, cause: str) -> None:
        # Whoever was joined to the owner, or led there, goes on to the customer: nothing may point at an emptied row.
        self.joins = {old: customer if new == owner else new for old, new in self.joins.items()} | {owner: customer}
        self.causes[owner] = cause
        for other, whose in [*self.known.items()]:
            if whose == owner:
                self._set(other, customer)

    def _set(self, key: Key, customer: str) -> None:
        self.known[key] = self.aliases[key] = customer


def resolve(events: Sequence[Event], known: Mapping[Key, str], made_up: Callable[[Key], str] = random_id) -> Resolution:
    """Find the customers of a batch. What it tells of a stranger's id holds for all of it, also for what came before.

    An id that passes from one customer to the next is, for each event, whoever's it was when its turn came.

    Args:
        events: the batch.
        known: what is written down of the ids in it, see `keys_of`.
        made_up: makes ids for those that may not travel.

    Raises:
        InvalidEventError: an event has neither a user id nor an anonymous id.
    """
    directory = Directory(known, made_up)
    owners: list[str] = []
    for event in events:
        _link(directory, event)
        owners.append(directory.canonical(_own_key(event)))
    return Resolution(
        customers=tuple(directory.settled(owner) for owner in owners),
        aliases=directory.aliases,
        joins=tuple(directory.joins.items()),
        causes=directory.causes,
    )


def _link(directory: Directory, event: Event) -> None:
    if event.user_id is None:
        return
    customer = directory.canonical(key_of(IdKind.USER, event.user_id))
    if event.anonymous_id is not None:
        directory.link(key_of(IdKind.ANONYMOUS, event.anonymous_id), customer, event.message_id)
    if event.type is EventType.ALIAS and event.previous_id is not None:
        # The spec allows either kind of id here, and nothing tells which it is.
        directory.link(key_of(IdKind.ANONYMOUS, event.previous_id), customer, event.message_id)
        directory.link(key_of(IdKind.USER, event.previous_id), customer, event.message_id)


def _own_key(event: Event) -> Key:
    if event.user_id is not None:
        return key_of(IdKind.USER, event.user_id)
    if event.anonymous_id is not None:
        return key_of(IdKind.ANONYMOUS, event.anonymous_id)
    raise InvalidEventError("userId", "an event needs a userId or an anonymousId")


def tells_of_ids(event: Event) -> bool:
    """Whether an event says that one id is another's."""
    return event.user_id is not None and (event.anonymous_id is not None or event.previous_id is not None)


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
        and len(identifier) <= _LONGEST_CUSTOMER_ID
        and identifier.isprintable()
        and bool(identifier.strip())
    )
