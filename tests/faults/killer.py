"""Kills by the seed: what, when, for how long. Some are aimed at a worker in the middle of a hand-over."""

import asyncio
import random
from contextlib import suppress

from tests.faults.floor import Floor
from tests.faults.sink_log import SinkLog
from tests.faults.trouble import WAITING

SHARES = {"worker-1": 4, "worker-2": 4, "serve": 5, "temporal": 3, "sink": 2, "database": 3}
"""How often each is chosen, where it is a process at all."""

PATIENCE = 5.0
"""Seconds until an aimed kill that sees no hand-over goes off anyway."""

DOWN_FOR = 1.5
"""Seconds at most until the process is started again."""


async def kill_by_seed(floor: Floor) -> None:
    """Kill as often as planned, and leave everything running."""
    lot = random.Random(f"{floor.plan.seed}/killer")
    names = [name for name in SHARES if name in floor.killable]
    while len(floor.kills) < floor.plan.kills:
        await asyncio.sleep(lot.uniform(0.5, 1.5) * floor.plan.every - DOWN_FOR / 2)
        victims = lot.choices(names, [SHARES[name] for name in names])
        down_for = lot.uniform(0, DOWN_FOR)
        if lot.random() < floor.plan.aimed:
            await _hand_over(floor.sink_log)
            victims = ["worker-1", "worker-2"]  # nobody knows whose it is
        await floor.kill(victims, down_for)


async def _hand_over(log: SinkLog) -> None:
    """Wait until somebody has written a mail and waits for the answer."""
    seen = len(log.all())
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while not any(each.what in WAITING for each in log.all()[seen:]):  # noqa: ASYNC110 -- it is a file
                await asyncio.sleep(0.01)
