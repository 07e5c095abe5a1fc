"""One run, from the first shopper to the last look."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from domain.errors import UnavailableError
from storage.database import Database
from tests.faults.crowd import all_live, remembered
from tests.faults.evidence import gather, is_quiet
from tests.faults.floor import Floor, open_floor
from tests.faults.importing import Importing
from tests.faults.inspector import inspect
from tests.faults.killer import kill_by_seed
from tests.faults.line import open_line
from tests.faults.plan import RunPlan
from tests.faults.provider import Provider
from tests.faults.report import Report

LOOK_EVERY = 0.5


async def run_once(plan: RunPlan, folder: Path) -> Report:
    """Kill, shop, import, report; wait until all is quiet; inspect."""
    began = time.monotonic()
    async with open_floor(plan, folder) as floor, open_line(floor) as line:
        provider, importing = Provider(floor, line), Importing(floor, line, remembered(plan))
        reporting = asyncio.create_task(provider.run())
        imports = importing.run() if plan.imported else asyncio.sleep(0)
        try:
            diary, *_ = await asyncio.gather(all_live(floor, line), kill_by_seed(floor), imports)
            await until_quiet(floor)
            await provider.finish()
            await until_quiet(floor)  # a report may be told to a journey
        finally:
            await cancelled(reporting)
        diary.add(provider.diary)
        evidence = await gather(floor, diary, imported=plan.imported, import_kills=importing.kills)
        return Report(plan, evidence, inspect(evidence), dict(floor.restarts), time.monotonic() - began)


async def cancelled(task: "asyncio.Task[None]") -> None:
    """End a task; whatever it failed with is raised."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until_quiet(floor: Floor) -> None:
    """Wait until nothing is under way any more, or time is over: what still lives then is found by the inspector."""
    database = Database(floor.database)
    deadline = time.monotonic() + floor.plan.quiet_within
    try:
        while time.monotonic() < deadline:
            try:
                if await is_quiet(floor, database):
                    return
            except UnavailableError:
                pass  # the database has just been started again
            await asyncio.sleep(LOOK_EVERY)
    finally:
        await database.aclose()
