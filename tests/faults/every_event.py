"""One shopper, whose workers are killed at every event of the cart journey's history that can be seen from outside.

Temporal writes several events at once; each time the history has grown, both workers are killed and started again. So
every place at which a worker can lose what it knows is met, from the first task to the last.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from domain import event as names
from temporal import connect
from tests.faults.evidence import Evidence, gather
from tests.faults.floor import Floor, open_floor
from tests.faults.inspector import inspect
from tests.faults.line import open_line
from tests.faults.plan import RunPlan
from tests.faults.run import until_quiet
from tests.faults.shoppers import Shopper
from tests.faults.violation import Violation

PLAN = RunPlan(seed=30, kills=0, shoppers=1, pace=600.0, slow=0.0)
"""Slow: a task that died with its worker is missed after ten seconds, and a mail is not to be stale for that."""
WORKERS = ("worker-1", "worker-2")
LOOK_EVERY = 0.02
ENDS_WITHIN = 1_800.0
"""Real seconds."""


async def kill_at_every_event(folder: Path) -> tuple[Sequence[str], Evidence, Sequence[Violation]]:
    """Play a shopper who fills a cart and does nothing more.

    Returns:
        the last event that was written before each kill, what the run left behind, and the promises it broke.
    """
    seen: list[str] = []
    async with open_floor(PLAN, folder) as floor:
        async with open_line(floor) as line:
            shopper = Shopper("shopper-000", floor, line)
            await shopper.identify()
            await shopper.say(names.PRODUCT_ADDED)
        client = await connect(floor.temporal.address, namespace="default")
        handle: WorkflowHandle[object, object] = client.get_workflow_handle(f"cart-recovery/{shopper.name}")
        async with asyncio.timeout(ENDS_WITHIN):
            await _kill_as_it_grows(floor, handle, seen)
        await until_quiet(floor)
        evidence = await gather(floor, shopper.diary)
        return seen, evidence, inspect(evidence)


async def _kill_as_it_grows(floor: Floor, handle: WorkflowHandle[object, object], seen: list[str]) -> None:
    length = 0
    while True:
        try:
            events = (await handle.fetch_history()).events
        except RPCError:
            events = ()  # not begun yet
        if len(events) > length:
            length = len(events)
            last = EventType.Name(events[-1].event_type).removeprefix("EVENT_TYPE_")
            if last == "WORKFLOW_EXECUTION_COMPLETED":
                return
            seen.append(f"{length} {last}")
            await floor.kill(WORKERS, 0.0)
        await asyncio.sleep(LOOK_EVERY)
