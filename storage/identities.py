"""Who is whom, written down: the aliases that `domain.identity` reads and changes.

When an anonymous id turns out to be somebody's, the known customer takes over what was folded under it: cart, orders,
consents, events (`domain.folding.absorb`), running enrollments and the ledger (`storage.joining`).
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, select, text, update

from domain.errors import ContendedError
from domain.event import Event
from domain.identity import (
    ANONYMOUS_PREFIX,
    Directory,
    IdKind,
    Key,
    Resolution,
    is_random_id,
    key_of,
    keys_of,
    lookups,
    may_travel,
    resolve,
)
from storage.locks import IDENTITY_LOCK
from storage.repository import Repository
from storage.tables import ALIASES


class Identities(Repository):
    """Resolves outside ids."""

    async def resolve(self, events: Sequence[Event]) -> Resolution:
        """Find the customers of a batch. Writes nothing; on PostgreSQL it takes the identity lock.

        Raises:
            InvalidEventError: an event has neither a user id nor an anonymous id.
            ContendedError: whose an id is has just changed, by an erasure say. Try the batch again.
        """
        keys = {key for event in events for key in keys_of(event)}
        resolution = resolve(events, await self._load(keys))
        if not self.is_postgresql:
            return resolution
        # Two transactions may learn of the same id at once. Whoever writes one down is alone; all others share.
        alone = bool(resolution.aliases)
        await self._lock(alone)
        resolution = resolve(events, await self._load(keys))
        if resolution.aliases and not alone:
            # Neither given back within a transaction, nor taken for oneself: two who share would wait for each other.
            raise ContendedError("whose an id is has just changed: try the batch again")
        return resolution

    async def hold_shared(self) -> None:
        """Keep aliases as they are until the transaction ends, as a commit of events does.

        For whoever locks a customer before they commit events: in the other order, a join would be waited for that
        waits for the customer.
        """
        if self.is_postgresql:
            await self._lock(alone=False)

    async def hold_alone(self) -> None:
        """Let no commit of events be under way until the transaction ends: it would find its customer gone."""
        if self.is_postgresql:
            await self._lock(alone=True)

    async def find(self, user_id: str | None = None, anonymous_id: str | None = None) -> str | None:
        """The canonical id of one pair of ids; None when it could only be made up now. Takes no lock."""
        kind, outside = (IdKind.USER, user_id) if user_id else (IdKind.ANONYMOUS, anonymous_id)
        if not outside:
            return None
        directory = Directory(await self._load(set(lookups(key_of(kind, outside)))))
        return directory.look_up(key_of(kind, outside))

    async def find_users(self, user_ids: Collection[str]) -> dict[str, str]:
        """The canonical ids of several user ids; those that could only be made up now are left out. Takes no lock."""
        keys = {each: key_of(IdKind.USER, each) for each in user_ids}
        directory = Directory(await self._load({key for each in keys.values() for key in lookups(each)}))
        found = {each: directory.look_up(key) for each, key in keys.items()}
        return {each: customer for each, customer in found.items() if customer is not None}

    async def former_ids(self, customer: str) -> tuple[str, ...]:
        """Canonical ids the customer may have had before: workflow ids of their enrollments may still bear them."""
        rows = await self.execute(select(ALIASES).where(ALIASES.c.customer_id == customer))
        former = [row.external_id if row.kind == IdKind.USER else ANONYMOUS_PREFIX + row.external_id for row in rows]
        return tuple(sorted({identifier for identifier in former if identifier != customer and may_travel(identifier)}))

    async def write(self, resolution: Resolution) -> None:
        """Write aliases down. Their customers' rows must be there."""
        for old, new in resolution.joins:
            await self.execute(update(ALIASES).where(ALIASES.c.customer_id == old).values(customer_id=new))
        if not resolution.aliases:
            return
        statement = self.insert(ALIASES)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "external_id"], set_={"customer_id": statement.excluded.customer_id}
        )
        rows = [
            {"kind": kind, "external_id": external, "customer_id": customer}
            for (kind, external), customer in resolution.aliases.items()
        ]
        await self.execute(statement, rows)

    async def _lock(self, alone: bool) -> None:
        lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        await self.execute(text(f"SELECT {lock}({IDENTITY_LOCK})"))

    async def _load(self, keys: Iterable[Key]) -> dict[Key, str]:
        externals = sorted({external for _, external in keys})
        if not externals:
            return {}
        found = await self._read(ALIASES.c.external_id.in_(externals))
        # Whose a made-up id is depends on what else leads there, see `Directory.link`.
        made_up = {customer for customer in found.values() if is_random_id(customer)}
        return found | await self._read(ALIASES.c.customer_id.in_(sorted(made_up))) if made_up else found

    async def _read(self, which: ColumnElement[bool]) -> dict[Key, str]:
        rows = await self.execute(select(ALIASES).where(which))
        return {(IdKind(row.kind), row.external_id): row.customer_id for row in rows}
