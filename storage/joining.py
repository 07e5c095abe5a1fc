"""Joining two customers that turn out to be one: whatever was recorded of the old goes to the new.

Facts are joined by `domain.folding.absorb`; this is about the rows that point at a customer. They are found by their
column (`storage.personal`), so that a new table takes part without a word here: events, orders, consents, running
enrollments, the ledger.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, UniqueConstraint, delete, exists, update

from domain.event import Event
from domain.joining import NewJoin, settle, superseded_outcome
from domain.message import FOR_ANOTHER
from storage.enrollments import Enrollments
from storage.join_log import JoinLog
from storage.ledger import Ledger
from storage.mailboxes import OF_A_MAILBOX
from storage.personal import personal_columns
from storage.repository import Repository
from storage.salt import Salt, hashes_of
from storage.tables import ENROLLMENTS, MESSAGES

APART: Final = frozenset({"customers", "aliases"})
"""Tables that are not moved row by row: facts are absorbed, and `Identities.write` points aliases at the customer."""


class Joining(Repository):
    """Makes one customer of two. Both are held by the caller, so that no mail of theirs is decided about meanwhile."""

    async def join(
        self, old: str, new: str, cause: Event, email: str | None = None, *, goes_along: bool = True
    ) -> None:
        """Give the new customer what was recorded of the old one, and write down that it was done.

        Of two enrollments in the same journey one goes on (`domain.joining`); the other has ended when this commits,
        and the gate lets nothing of it through any more. Workflows hear of it later (`starter.dispatch.joins`).

        Args:
            old: whoever turned out to be the other.
            new: the customer.
            cause: what told of it.
            email: the address that the customer has.
            goes_along: whether what was said for a mailbox becomes the customer's (`domain.mailbox`). Else it stays
                with the old id: it is exported and erased as the customer's, and is no word of theirs.
        """
        enrollments, ledger, at = Enrollments(self.session), Ledger(self.session), cause.received_at
        # Held: one that ends just now must not be what another gives way to.
        running = await enrollments.hold_running([old, new])
        superseded = settle(running, await ledger.said([row.id for row in running]))
        for each in superseded:
            outcome = superseded_outcome(each.by)
            await ledger.end_open(each.enrollment, f"the journey ended: {outcome.why}", at)
            mails = await ledger.count_sent(each.enrollment)
            await enrollments.close(each.enrollment, superseded_outcome(each.by, mails), at)
        await ledger.put_off(old, FOR_ANOTHER, at)
        left = () if goes_along else OF_A_MAILBOX
        theirs = hashes_of(email, await Salt(self.session).find()) if email else ()
        moved, dropped = await self._move_all(old, new, left, {MESSAGES.name: {"inherited": _went_past(theirs)}})
        ended = {each.enrollment for each in superseded}
        join = NewJoin(
            customer=new,
            former=old,
            joined_to=new,
            event_id=cause.message_id,
            at=at,
            moved=moved,
            dropped=dropped,
            carried=tuple(row.id for row in running if row.customer == old and row.id not in ended),
            superseded=superseded,
            # Where nobody runs, nobody is to be told.
            told_at=None if running else at,
        )
        await JoinLog(self.session).record(join)

    async def _move_all(
        self,
        old: str,
        new: str,
        left: Collection[Table],
        marks: Mapping[str, Mapping[str, Any]],
    ) -> tuple[dict[str, int], dict[str, int]]:
        """How many rows were moved, and how many gave way, by table."""
        moved: dict[str, int] = {}
        dropped: dict[str, int] = {}
        for owner in moved_columns():
            table = owner.table
            if table in left:
                continue
            for unique in _unique_with(table, owner.name):
                mine = table.alias("mine")
                theirs = [mine.c[name] == table.c[name] for name in unique]
                clash = exists().where(mine.c[owner.name] == new, *theirs)
                gone = await self.execute(delete(table).where(owner == old, clash))
                dropped[table.name] = dropped.get(table.name, 0) + gone.rowcount
            moving = update(table).where(owner == old)
            done = await self.execute(moving.values({owner.name: new, **marks.get(table.name, {})}))
            moved[table.name] = done.rowcount
        return _some(moved), _some(dropped)


def moved_columns() -> list[Column[Any]]:
    """Columns that say whose a row is that goes along with its customer; enrollments first, see `Enrollments.hold`."""
    columns = [column for column in personal_columns() if column.table.name not in APART]
    return sorted(columns, key=lambda column: column.table is not ENROLLMENTS)


def _went_past(theirs: Collection[str]) -> ColumnElement[bool]:
    """Whether a message went to a mailbox that is not one of these, or may have: it is noted when it changes hands."""
    elsewhere = MESSAGES.c.address_hash.is_(None) | MESSAGES.c.address_hash.not_in(theirs)
    return MESSAGES.c.inherited | (MESSAGES.c.handed_over_at.is_not(None) & elsewhere)


def _unique_with(table: Table, owner: str) -> list[list[str]]:
    """For each key that the owner is part of, the other columns: two rows that agree in them cannot both be one's."""
    keys = [[column.name for column in table.primary_key]]
    keys += [[column.name for column in index.columns] for index in table.indexes if index.unique]
    keys += [
        [column.name for column in constraint.columns]
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    return [[name for name in key if name != owner] for key in keys if owner in key]


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
