"""Reads all runs of an enrollment that continued as new."""

from dataclasses import dataclass

from temporalio.client import WorkflowHistory

from tests.house import House


@dataclass(frozen=True)
class Run:
    """One run: its history, in numbers."""

    history: WorkflowHistory

    @property
    def run_id(self) -> str:
        return self.history.run_id

    @property
    def events(self) -> int:
        return len(self.history.events)

    @property
    def size(self) -> int:
        """Bytes, about."""
        return sum(event.ByteSize() for event in self.history.events)

    @property
    def told(self) -> int:
        """How many signals it got."""
        return sum(event.HasField("workflow_execution_signaled_event_attributes") for event in self.history.events)


async def runs_of(house: House, workflow_id: str) -> list[Run]:
    """The runs of an enrollment, the first one first."""
    found: list[Run] = []
    run_id = (await house.handle(workflow_id).describe()).run_id
    while run_id:
        history = await house.client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        found.insert(0, Run(history))
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return found
