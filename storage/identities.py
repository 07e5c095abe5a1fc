"""Whose events these are: from the ids a backend uses to the one id Segue uses.

The canonical id of a customer is the user id itself. Somebody who has none yet is `anon-` and the anonymous id. An id
that looks like an address, or cannot travel for its length or its characters, never does: a random `c-…` stands for it,
written down in the table of aliases. Calls that carry both ids, and alias calls, write down whose the anonymous id is;
later anonymous events are then the known customer's.

When an anonymous id turns out to be somebody's, the known customer takes over what was folded under it: cart, orders,
consents, events (`domain.folding.absorb`). Limit: enrollments that run under the anonymous id are not carried over.
They go on under it, with an empty cart and without an address, so that nothing is sent twice.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from sqlalchemy import select, text, update

from domain.errors import InvalidEventError
from domain.event import Event, EventType
from domain.model import Value
from storage.repository import Repository
from storage.tables import AliasRecord, table_of

ANONYMOUS_PREFIX = "anon-"
IDENTITY_LOCK = 0x5E60E002
"""Key of the PostgreSQL advisory lock: shared by commits of events, exclusive for those that write aliases down."""

_LONGEST_ID = 190
_LONGEST_EXTERNAL_ID = 500
_ALIASES = table_of(AliasRecord)


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


class Identities(Repository):
    """Resolves outside ids."""

    async def resolve(self, events: Sequence[Event]) -> Resolution:
        """Find the customers of a batch. Writes nothing; on PostgreSQL it takes the identity lock.

        Raises:
            InvalidEventError: an event has neither a user id nor an anonymous id.
        """
        keys = {key for event in events for key in _keys_of(event)}
        resolution = _resolve(events, await self._load(keys))
        if not self.is_postgresql:
            return resolution
        # Two transactions may learn of the same id at once. Whoever writes one down is alone; all others share.
        lock = "pg_advisory_xact_lock" if resolution.aliases else "pg_advisory_xact_lock_shared"
        await self.execute(text(f"SELECT {lock}({IDENTITY_LOCK})"))
        return _resolve(events, await self._load(keys))

    async def find(self, user_id: str | None = None, anonymous_id: str | None = None) -> str | None:
        """The canonical id of one pair of ids; None when it could only be made up now. Takes no lock."""
        kind, outside = (IdKind.USER, user_id) if user_id else (IdKind.ANONYMOUS, anonymous_id)
        if not outside:
            return None
        directory = Directory(await self._load(set(_lookups(_key(kind, outside)))))
        return directory.look_up(_key(kind, outside))

    async def of(self, customer: str) -> tuple[str, ...]:
        """Canonical ids the customer may have had before: running enrollments may still bear them."""
        rows = await self.execute(select(_ALIASES).where(_ALIASES.c.customer_id == customer))
        former = [row.external_id if row.kind == IdKind.USER else ANONYMOUS_PREFIX + row.external_id for row in rows]
        return tuple(
            sorted({identifier for identifier in former if identifier != customer and _may_travel(identifier)})
        )

    async def write(self, resolution: Resolution) -> None:
        """Write aliases down. Their customers' rows must be there."""
        for old, new in resolution.joins:
            await self.execute(update(_ALIASES).where(_ALIASES.c.customer_id == old).values(customer_id=new))
        if not resolution.aliases:
            return
        statement = self.insert(_ALIASES)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "external_id"], set_={"customer_id": statement.excluded.customer_id}
        )
        rows = [
            {"kind": kind, "external_id": external, "customer_id": customer}
            for (kind, external), customer in resolution.aliases.items()
        ]
        await self.execute(statement, rows)

    async def _load(self, keys: Iterable[Key]) -> dict[Key, str]:
        externals = sorted({external for _, external in keys})
        if not externals:
            return {}
        rows = await self.execute(select(_ALIASES).where(_ALIASES.c.external_id.in_(externals)))
        return {(IdKind(row.kind), row.external_id): row.customer_id for row in rows}


class Directory:
    """Aliases as they are, and as a batch of events changes them."""

    def __init__(self, known: Mapping[Key, str]) -> None:
        self.known = dict(known)
        self.aliases: dict[Key, str] = {}
        self.joins: dict[str, str] = {}

    def look_up(self, key: Key) -> str | None:
        """The canonical id, unless a new one would have to be made up for it."""
        found = next((self.known[each] for each in _lookups(key) if each in self.known), None)
        return found or _own_id(key)

    def canonical(self, key: Key) -> str:
        """The canonical id; one that may not travel gets a random one."""
        found = self.look_up(key)
        if found is None:
            found = f"c-{secrets.token_hex(8)}"
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


def _resolve(events: Sequence[Event], known: Mapping[Key, str]) -> Resolution:
    """Links first, then customers: what a batch tells of an id holds for the whole batch."""
    directory = Directory(known)
    for event in events:
        _link(directory, event)
    customers = tuple(directory.canonical(_own_key(event)) for event in events)
    return Resolution(customers=customers, aliases=directory.aliases, joins=tuple(directory.joins.items()))


def _link(directory: Directory, event: Event) -> None:
    if event.user_id is None:
        return
    customer = directory.canonical(_key(IdKind.USER, event.user_id))
    if event.anonymous_id is not None:
        directory.link(_key(IdKind.ANONYMOUS, event.anonymous_id), customer)
    if event.type is EventType.ALIAS and event.previous_id is not None:
        # The spec allows either kind of id here, and nothing tells which it is.
        directory.link(_key(IdKind.ANONYMOUS, event.previous_id), customer)
        directory.link(_key(IdKind.USER, event.previous_id), customer)


def _own_key(event: Event) -> Key:
    if event.user_id is not None:
        return _key(IdKind.USER, event.user_id)
    if event.anonymous_id is not None:
        return _key(IdKind.ANONYMOUS, event.anonymous_id)
    raise InvalidEventError("userId", "an event needs a userId or an anonymousId")


def _keys_of(event: Event) -> Iterable[Key]:
    if event.user_id is not None:
        yield from _lookups(_key(IdKind.USER, event.user_id))
    if event.anonymous_id is not None:
        yield _key(IdKind.ANONYMOUS, event.anonymous_id)
    if event.previous_id is not None:
        yield from _lookups(_key(IdKind.USER, event.previous_id))
        yield _key(IdKind.ANONYMOUS, event.previous_id)


def _lookups(key: Key) -> Iterable[Key]:
    """Where an id may be written down. A canonical `anon-…` may come back as a user id, from our own links."""
    yield key
    kind, external = key
    if kind is IdKind.USER and external.startswith(ANONYMOUS_PREFIX):
        yield _key(IdKind.ANONYMOUS, external.removeprefix(ANONYMOUS_PREFIX))


def _key(kind: IdKind, outside: str) -> Key:
    external = outside.strip().lower() if "@" in outside else outside
    if len(external) > _LONGEST_EXTERNAL_ID:
        external = f"sha256:{hashlib.sha256(external.encode()).hexdigest()}"
    return kind, external


def _own_id(key: Key) -> str | None:
    """The canonical id that follows from an outside id itself, if one does."""
    kind, external = key
    identifier = external if kind is IdKind.USER else ANONYMOUS_PREFIX + external
    return identifier if _may_travel(identifier) else None


def _may_travel(identifier: str) -> bool:
    return (
        "@" not in identifier
        and len(identifier) <= _LONGEST_ID
        and identifier.isprintable()
        and bool(identifier.strip())
    )
