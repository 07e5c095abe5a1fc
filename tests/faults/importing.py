"""An import beside it all: customers, what they agreed to, what they did. Its command is killed, and called again."""

import asyncio
import csv
import json
import random
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from storage.imports import Imports
from tests.faults.floor import Floor
from tests.faults.line import Line
from tests.stack.processes import Process, running

COMMAND: Final = (sys.executable, "-m", "tests.faults.part", "import")
"""`segue import`."""

AMONG: Final = "import-"
"""What the ids of the people in it begin with. Nobody else is called so, and nobody writes to them."""

TRAIT: Final = "tier"
"""What the file knows of the shoppers, too."""

AT_ANY_TIME = 0.3
"""Share of the kills that do not wait for a batch to be stored."""

PATIENCE = 20.0
"""Real seconds until it is killed whatever it has done: on a busy machine the interpreter alone starts for some."""

A_BATCH = 0.5
"""Real seconds, about."""

LOOK_EVERY = 0.05


class Importing:
    """One import of three files."""

    def __init__(self, floor: Floor, line: Line, shoppers: Iterable[str]) -> None:
        self._floor, self._line = floor, line
        self._folder = floor.folder / "import"
        self._shoppers = [*shoppers]
        self._lot = random.Random(f"{floor.plan.seed}/import")
        self.kills = 0

    async def run(self) -> None:
        """Import one file after the other, spread over the time in which things are killed."""
        self._folder.mkdir()
        files = self._write()
        for place, (kind, file) in enumerate(files, start=1):
            await asyncio.sleep(self._lot.uniform(0, self._floor.plan.lasts / len(files) / 2))
            while not await self._attempt(kind, file, self._floor.plan.import_kills * place // len(files)):
                pass

    async def _attempt(self, kind: str, file: Path, kills: int) -> bool:
        """Call the command; whether it came through before it was killed, or could not go on for want of a database."""
        output = self._folder / f"{kind}-{self.kills}.out"
        with running([*COMMAND, kind, str(file)], output, **self._floor.settings) as process:
            if self.kills < kills:
                await self._amid(process)
                if process.runs:
                    self.kills += 1
                    return False
            while process.runs:  # noqa: ASYNC110 -- it is a process
                await asyncio.sleep(LOOK_EVERY)
            return self._came_through(process)

    async def _amid(self, process: Process) -> None:
        """Wait for a moment to kill it: mostly amid a batch, some time after another was stored."""
        patience = self._lot.uniform(0, PATIENCE) if self._lot.random() < AT_ANY_TIME else PATIENCE
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                before = await self._line.until_done(self._progress)
                while process.runs and await self._line.until_done(self._progress) == before:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY)
                await asyncio.sleep(self._lot.uniform(0, A_BATCH))

    async def _progress(self) -> list[tuple[str, int]]:
        async with self._line.database.read() as session:
            return [(each.kind, each.line) for each in await Imports(session).latest(3)]

    def _came_through(self, process: Process) -> bool:
        status = process.status()
        # A row that is refused is told by 1, too: it is in the output, and nothing to try again for.
        return status == 0 or " as they were, " in process.output

    def _write(self) -> Sequence[tuple[str, Path]]:
        people = [f"{AMONG}{number:05}" for number in range(self._floor.plan.imported)]
        customers, consents, events = (self._folder / name for name in ("people.csv", "consent.csv", "events.ndjson"))
        with customers.open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(["id", "email", f"traits.{TRAIT}"])
            rows.writerows([each, f"{each}@old.example", "silver"] for each in people)
            rows.writerows([each, "", "gold"] for each in self._shoppers)
        then = datetime.now(UTC) - timedelta(days=30)
        with consents.open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(["id", "topic", "granted", "source", "at"])
            rows.writerows([each, "*", "true", "an old shop", then.isoformat()] for each in people)
        with events.open("w") as stream:
            for each in people:
                call = {"type": "track", "userId": each, "event": "Product Viewed", "messageId": f"{each}-viewed"}
                stream.write(f"{json.dumps(call | {'timestamp': then.isoformat()})}\n")
        return [("customers", customers), ("consent", consents), ("events", events)]
