"""Write keys: made, listed, revoked. A key itself is never kept."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update

from domain.errors import UnknownKeyError
from domain.write_key import Scope, WriteKey, hash_key, new_key, new_key_id
from storage.repository import Repository
from storage.tables import WRITE_KEYS

USED_AGAIN_AFTER = timedelta(hours=1)
"""A use is written down again only after so long: events come by the thousand, and the hour is enough."""

_COLUMNS = [column for column in WRITE_KEYS.c if column.name != "hash"]


class WriteKeys(Repository):
    """Writes and reads write keys."""

    async def create(self, name: str, scopes: Collection[Scope], at: datetime) -> tuple[WriteKey, str]:
        """Make a key. The text is the key itself, to be seen this once."""
        key = new_key()
        made = WriteKey(id=new_key_id(), name=name, scopes=frozenset(scopes), created_at=at)
        row = made.model_dump() | {"scopes": sorted(made.scopes), "hash": hash_key(key)}
        await self.execute(self.insert(WRITE_KEYS), [row])
        return made, key

    async def list(self) -> list[WriteKey]:
        """All keys, those that were revoked among them, the oldest first."""
        rows = await self.execute(select(*_COLUMNS).order_by(WRITE_KEYS.c.created_at, WRITE_KEYS.c.id))
        return [WriteKey.model_validate(dict(row)) for row in rows.mappings()]

    async def valid(self) -> Mapping[str, WriteKey]:
        """The keys that may be used, by the hash of each."""
        rows = await self.execute(select(WRITE_KEYS).where(WRITE_KEYS.c.revoked_at.is_(None)))
        found = [dict(row) for row in rows.mappings()]
        return {row.pop("hash"): WriteKey.model_validate(row) for row in found}

    async def revoke(self, key_id: str, at: datetime) -> WriteKey:
        """Let a key be used no more; of one that was revoked before, the first moment stays.

        Raises:
            UnknownKeyError: there is none of that id.
        """
        fresh = (WRITE_KEYS.c.id == key_id) & WRITE_KEYS.c.revoked_at.is_(None)
        await self.execute(update(WRITE_KEYS).where(fresh).values(revoked_at=at))
        row = (await self.execute(select(*_COLUMNS).where(WRITE_KEYS.c.id == key_id))).mappings().one_or_none()
        if row is None:
            raise UnknownKeyError(f"no write key has the id {key_id!r}: `segue keys list` shows all")
        return WriteKey.model_validate(dict(row))

    async def note_use(self, key_ids: Collection[str], at: datetime) -> None:
        """Write down that keys were used; see `USED_AGAIN_AFTER`."""
        stale = WRITE_KEYS.c.last_used_at.is_(None) | (WRITE_KEYS.c.last_used_at <= at - USED_AGAIN_AFTER)
        used = update(WRITE_KEYS).where(WRITE_KEYS.c.id.in_(sorted(key_ids)), stale)
        await self.execute(used.values(last_used_at=at))
