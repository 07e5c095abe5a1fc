"""What remains of an address that must be forgotten: enough to recognise it, not to write to it.

An address by itself is guessed within seconds from its SHA-256: there are not that many. So it is hashed once more
(HMAC-SHA256, RFC 2104) with a random salt of this database. Who steals hashes without the salt learns nothing. Who
steals the whole database has the salt too, and can ask of any address he guesses whether it is there; the salt only
spares those in it from lists of hashes made elsewhere, and keeps two databases from being compared.

Hashes of before the salt (`bare`) are recognised as long as there are any. `salt_bare_hashes` turns them all into
salted ones, without knowing an address: the salted hash is made of the bare one.
"""

import hashlib
import hmac
import secrets

from sqlalchemy import ScalarSelect, bindparam, case, exists, func, select, update

from domain.stand_ins import StandIns
from storage.repository import Repository
from storage.tables import ENROLLMENTS, EVENTS, SALT, SUPPRESSIONS

SALT_BYTES = 32

SALTED = "hmac-sha256:"
"""What salted hashes begin with; bare ones have no beginning of their own."""

_BARE = SUPPRESSIONS.c.email_hash.is_not(None) & ~SUPPRESSIONS.c.email_hash.startswith(SALTED)


class Salt(Repository):
    """The database's salt."""

    async def find(self) -> str | None:
        """The salt; None when it was never needed, and so nothing is salted."""
        found: str | None = (await self.execute(select(SALT.c.value))).scalar()
        return found

    async def get(self) -> str:
        """The salt, made now where there is none. Whoever makes it at the same time gets the same."""
        row = {"id": 1, "value": secrets.token_hex(SALT_BYTES)}
        if await self.find() is None:
            await self.execute(self.insert(SALT).on_conflict_do_nothing(index_elements=["id"]), [row])
        found: str = (await self.execute(select(SALT.c.value))).scalar_one()
        return found

    async def stand_ins(self) -> StandIns:
        """What stands for keys and ids that may not travel."""
        value = await self.get()
        events_from: int | None = (await self.execute(select(SALT.c.events_from))).scalar_one()
        return StandIns(salt=value, events_from=events_from)

    async def settle_stand_ins(self) -> StandIns:
        """The same; whoever asks first settles that events from now on are told by salted ids.

        Where no journey ever began, nobody was told anything by a bare one, and all are. To be called by the
        dispatcher, when no other one tells anything.
        """
        await self.get()
        stored = select(func.coalesce(func.max(EVENTS.c.seq), 0)).scalar_subquery()
        last = case((exists(select(ENROLLMENTS.c.id)), stored), else_=0)
        await self.execute(update(SALT).where(SALT.c.events_from.is_(None)).values(events_from=last))
        return await self.stand_ins()

    async def salt_bare_hashes(self) -> int:
        """Salt what was hashed without; how many hashes that were.

        To be called when no process of a version that does not know the salt is left: it would not recognise them.
        """
        rows = (await self.execute(select(SUPPRESSIONS.c.id, SUPPRESSIONS.c.email_hash).where(_BARE))).all()
        if not rows:
            return 0
        salt = await self.get()
        statement = update(SUPPRESSIONS).where(SUPPRESSIONS.c.id == bindparam("which"))
        statement = statement.values(email_hash=bindparam("salted"))
        await self.execute(statement, [{"which": row.id, "salted": _salted(row.email_hash, salt)} for row in rows])
        return len(rows)


def stored_salt() -> ScalarSelect[str | None]:
    """The salt, to be read along with something else; NULL where there is none."""
    return select(SALT.c.value).scalar_subquery()


def hash_email(email: str, salt: str) -> str:
    """What is kept of an address."""
    return _salted(bare_hash(email), salt)


def hashes_of(email: str, salt: str | None) -> tuple[str, ...]:
    """Everything that may stand for an address: its hash and, from before there was a salt, the bare one."""
    bare = bare_hash(email)
    return (bare,) if salt is None else (_salted(bare, salt), bare)


def bare_hash(email: str) -> str:
    """The SHA-256 of an address, as it was kept before there was a salt."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def _salted(bare: str, salt: str) -> str:
    return SALTED + hmac.new(bytes.fromhex(salt), bare.encode(), hashlib.sha256).hexdigest()
