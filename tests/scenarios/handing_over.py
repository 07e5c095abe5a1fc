"""Has an enrollment hand over to another run, soon."""

from typing import Any

from temporalio.client import WorkflowHandle

from domain.enrollment import Outcome
from domain.signals import Observation
from tests.house import House
from tests.stack.waiting import until

EARLY = "limit.historyCount.suggestContinueAsNew=40"

numbers = iter(range(1_000_000))


async def hand_over(house: House, handle: WorkflowHandle[Any, Outcome]) -> None:
    """Tell the enrollment what it does not listen to, until another run has taken over."""
    first = (await handle.describe()).run_id

    async def has_changed() -> bool:
        if (await handle.describe()).run_id != first:
            return True
        await handle.signal("observe", Observation(event_id=f"noise-{next(numbers)}", name="Noise"))
        return False

    await until(has_changed)
