"""Joining two customers that turn out to be one: whatever was recorded of the old goes to the new.

Facts are joined by `domain.folding.absorb`; this is about the rows that point at a customer. They are found by their
column, so that a new table takes part without a word here: events, orders, consents, running enrollments, the ledger.
"""

from typing import Final

from sqlalchemy import Table, UniqueConstraint, delete, exists, update

from domain.event import Event
from domain.joining import settle, superseded_outcome
from storage.enrollments import Enrollments
from storage.joins import Joins
from storage.ledger import Ledger
from storage.repository import Repository
from storage.tables import EnrollmentRecord, Record

OWNER: Final = "customer_id"
"""The column that says whose a row is."""

OTHER_NAMES: Final = {"coupons": "customer"}
"""Tables in which that column has another name."""

APART: Final = frozenset({"aliases"})
"""Tables that are not moved row by row: `Identities.write` points aliases at the customer."""


class Joining(Repository):
    """Makes one customer of two. Both are held by the caller, so that no mail of theirs is decided about meanwhile."""

    async def join(self, old: str, new: str, cause: Event) -> None:
        """Give the new customer what was recorded of the old one, and write down that it was done.

        Of two enrollments in the same journey one goes on (`domain.joining`); the other has ended when this commits,
        and the gate lets nothing of it through any more. Workflows hear of it later (`starter.dispatch.joins`).
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
        moved, dropped = await self._move_all(old, new)
        ended = {each.enrollment for each in superseded}
        await Joins(self.session).record(
            old,
            new,
            cause=cause.message_id,
            at=at,
            moved=moved,
            dropped=dropped,
            carried=[row.id for row in running if row.customer == old and row.id not in ended],
            superseded=superseded,
            # Where nobody runs, nobody is to be told.
            is_told=not running,
        )

    async def _move_all(self, old: str, new: str) -> tuple[dict[str, int], dict[str, int]]:
        """How many rows were moved, and how many gave way, by table."""
        moved: dict[str, int] = {}
        dropped: dict[str, int] = {}
        for table in moved_tables():
            owner = table.c[OTHER_NAMES.get(table.name, OWNER)]
            for unique in _unique_with(table, owner.name):
                mine = table.alias("mine")
                theirs = [mine.c[name] == table.c[name] for name in unique]
                clash = exists().where(mine.c[owner.name] == new, *theirs)
                gone = await self.execute(delete(table).where(owner == old, clash))
                dropped[table.name] = dropped.get(table.name, 0) + gone.rowcount
            done = await self.execute(update(table).where(owner == old).values({owner.name: new}))
            moved[table.name] = done.rowcount
        return _some(moved), _some(dropped)


def moved_tables() -> list[Table]:
    """Every table whose rows go along with their customer; enrollments first, see `Enrollments.hold`."""
    tables = [
        table
        for table in Record.metadata.sorted_tables
        if table.name not in APART and OTHER_NAMES.get(table.name, OWNER) in table.c
    ]
    return sorted(tables, key=lambda table: table.name != EnrollmentRecord.__tablename__)


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
