"""How far files were read in: written in the transaction that stores what was read."""

from datetime import datetime

from sqlalchemy import select, update

from domain.errors import NotNowError
from domain.model import Instant, Value
from storage.repository import Repository
from storage.tables import IMPORTS


class ImportProgress(Value):
    """An import of one file. Counts are of its rows."""

    id: str
    kind: str
    lines: int
    """Of the file."""
    line: int = 0
    """Up to which it was read in."""
    stored: int = 0
    unchanged: int = 0
    """Were there already, or said nothing new."""
    refused: int = 0
    begun_at: Instant
    changed_at: Instant
    finished_at: Instant | None = None


class Imports(Repository):
    """Writes and reads the progress of imports."""

    async def begin(self, progress: ImportProgress) -> ImportProgress:
        """Begin an import, or find how far it came before."""
        statement = self.insert(IMPORTS).on_conflict_do_nothing(index_elements=["id"])
        await self.execute(statement, [progress.model_dump()])
        row = (await self.execute(select(IMPORTS).where(IMPORTS.c.id == progress.id))).mappings().one()
        return ImportProgress.model_validate(dict(row))

    async def start_over(self, progress: ImportProgress) -> None:
        """Read a file in again from its first line."""
        values = progress.model_dump(exclude={"id"})
        await self.execute(update(IMPORTS).where(IMPORTS.c.id == progress.id).values(values))

    async def advance(self, before: ImportProgress, after: ImportProgress) -> None:
        """Note that more was read in, in the transaction that stores it.

        Raises:
            NotNowError: somebody else reads the same file in.
        """
        still_there = (IMPORTS.c.id == before.id) & (IMPORTS.c.line == before.line)
        still_there &= IMPORTS.c.finished_at.is_(None)
        moved = await self.execute(update(IMPORTS).where(still_there).values(after.model_dump(exclude={"id"})))
        if moved.rowcount != 1:
            raise NotNowError("another process imports this file now: let it, or end it, and call the command again")

    async def latest(self, limit: int) -> list[ImportProgress]:
        """The imports that changed last, the newest first."""
        newest = select(IMPORTS).order_by(IMPORTS.c.changed_at.desc(), IMPORTS.c.id).limit(limit)
        return [ImportProgress.model_validate(dict(row)) for row in (await self.execute(newest)).mappings()]


def finished(progress: ImportProgress, at: datetime) -> ImportProgress:
    """The same, at its end."""
    return progress.model_copy(update={"line": progress.lines, "finished_at": at, "changed_at": at})
