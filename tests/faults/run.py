"""One run, from the first shopper to the last look."""

import asyncio
import time
from pathlib import Path

from domain.errors import UnavailableError
from storage.database import Database
from tests.faults.evidence import gather, is_quiet
from tests.faults.floor import Floor, open_floor
from tests.faults.inspector import inspect
from tests.faults.killer import kill_by_seed
from tests.faults.plan import RunPlan
from tests.faults.report import Report
from tests.faults.shoppers import all_live

LOOK_EVERY = 0.5


async def run_once(plan: RunPlan, folder: Path) -> Report:
    """Kill, shop, wait until all is quiet, inspect."""
    began = time.monotonic()
    async with open_floor(plan, folder) as floor:
        diary, _ = await asyncio.gather(all_live(floor), kill_by_seed(floor))
        await until_quiet(floor)
        evidence = await gather(floor, diary.promises)
        return Report(plan, evidence, inspect(evidence), dict(floor.restarts), time.monotonic() - began)


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
