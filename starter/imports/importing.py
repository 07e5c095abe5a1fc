"""Imports a file in batches, each a transaction that holds what was read and how far: killed anywhere, it goes on."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from domain.clock import Clock
from domain.errors import InvalidImportError
from starter.imports.kind import Item, Kind, Stored
from starter.imports.mistakes import MistakesFile
from starter.imports.rows import Mistake
from starter.lines import Lines
from storage.database import Database
from storage.imports import ImportProgress, Imports, finished

BATCH: Final = 500
"""Rows in one transaction: a tenth of a second. More would keep the collector waiting."""

Tell = Callable[[ImportProgress], None]
Open = Callable[[int], MistakesFile]
"""Opens the file of mistakes, given the line up to which those in it stay."""


class Importer:
    """Imports one file.

    Args:
        database: migrated.
        clock: product time.
        kind: of what.
        lines: an opened file.
        open_mistakes: where refused rows are told.
        tell: is told of the progress, batch by batch.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        kind: Kind[Any],
        lines: Lines,
        *,
        open_mistakes: Open,
        tell: Tell = lambda _: None,
    ) -> None:
        self._database, self._clock = database, clock
        self._kind, self._lines = kind, lines
        self._open_mistakes, self._tell = open_mistakes, tell
        self.was_done = False
        """The file was imported before, and nothing was done now."""

    async def run(self, *, strict: bool = False, again: bool = False) -> ImportProgress:
        """Import the file. One that was begun goes on where it was; one that was finished is left alone.

        Args:
            strict: read all of it first, and import nothing where a row is wrong.
            again: import a file from its first line that was imported before.

        Raises:
            InvalidImportError: it cannot be imported at all, or, if strict, has mistakes; nothing was imported.
            NotNowError: another process imports it now.
            UnavailableError: the database is away. What was committed stays; call it again.
        """
        progress = await self._begin(again=again)
        self.was_done = progress.finished_at is not None
        if self.was_done:
            return progress
        if strict and progress.line == 0:
            await self._require_faultless()
        with self._open_mistakes(progress.line) as mistakes:
            return await self._run(progress, mistakes)

    async def _begin(self, *, again: bool) -> ImportProgress:
        now = self._clock.now()
        self._kind.read(self._lines, 0, now)  # what is no file of the kind at all is told before anything else
        mark = await asyncio.to_thread(self._lines.fingerprint)
        identifier = hashlib.sha256(f"{self._kind.name}\n{mark.sha256}".encode()).hexdigest()
        fresh = ImportProgress(id=identifier, kind=self._kind.name, lines=mark.lines, begun_at=now, changed_at=now)
        async with self._database.transaction() as session:
            begun = await Imports(session).begin(fresh)
            if again and begun.finished_at is not None:
                await Imports(session).start_over(fresh)
                begun = fresh
        return begun

    async def _require_faultless(self) -> None:
        """Read all of it, and store nothing."""
        rows = self._kind.read(self._lines, 0, self._clock.now())
        with self._open_mistakes(0) as file:
            while batch := await asyncio.to_thread(_take, rows):
                items, mistakes = _apart(batch)
                async with self._database.read() as session:
                    mistakes += await self._kind.check(session, items)
                file.write(sorted(mistakes))
            if file.written:
                refused = f"{file.written} row{'s' * (file.written != 1)}"
                raise InvalidImportError(f"{refused} cannot be imported, see {file.path}; nothing was imported")

    async def _run(self, progress: ImportProgress, file: MistakesFile) -> ImportProgress:
        rows = self._kind.read(self._lines, progress.line, self._clock.now())
        self._tell(progress)
        while batch := await asyncio.to_thread(_take, rows):
            progress = await self._store(progress, batch, file)
            self._tell(progress)
        async with self._database.transaction() as session:
            done = finished(progress, self._clock.now())
            await Imports(session).advance(progress, done)
        return done

    async def _store(
        self, progress: ImportProgress, batch: Sequence[Item[Any] | Mistake], file: MistakesFile
    ) -> ImportProgress:
        items, mistakes = _apart(batch)
        async with self._database.transaction() as session:
            now = self._clock.now()
            stored = await self._kind.store(session, items, now) if items else Stored(0, 0)
            mistakes = sorted([*mistakes, *stored.mistakes])
            after = _further(progress, batch[-1].last, stored, len(mistakes), now)
            await Imports(session).advance(progress, after)
            # Before the commit: if that fails, whoever goes on drops what is told of later lines.
            file.write(mistakes)
        return after


def _take(rows: Iterator[Item[Any] | Mistake]) -> list[Item[Any] | Mistake]:
    return list(islice(rows, BATCH))


def _apart(batch: Sequence[Item[Any] | Mistake]) -> tuple[list[Item[Any]], list[Mistake]]:
    items = [each for each in batch if isinstance(each, Item)]
    return items, [each for each in batch if isinstance(each, Mistake)]


def _further(before: ImportProgress, line: int, stored: Stored, refused: int, at: datetime) -> ImportProgress:
    return before.model_copy(
        update={
            "line": line,
            "stored": before.stored + stored.stored,
            "unchanged": before.unchanged + stored.unchanged,
            "refused": before.refused + refused,
            "changed_at": at,
        }
    )
