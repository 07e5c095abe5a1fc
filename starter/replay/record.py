"""Reads one run's history: how it began, whether it is over, what it does now, and what an event was about."""

from collections.abc import Iterable
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter

from domain.enrollment import Start

_OVER = {f"workflow_execution_{end}" for end in ("completed", "failed", "timed_out", "canceled", "terminated")}
_TIMER_OVER = {"timer_fired", "timer_canceled"}
_ACTIVITY_OVER = {f"activity_task_{end}" for end in ("completed", "failed", "timed_out", "canceled")}


class Record:
    """The history of one run, the newest event last."""

    def __init__(self, history: WorkflowHistory, converter: DataConverter) -> None:
        self.history, self._converter = history, converter

    @property
    def has_begun(self) -> bool:
        """Whether its code has ever run to a wait. Otherwise there is nothing to replay, and Temporal's would hang."""
        return any(_kind(event) == "workflow_task_completed" for event in self.history.events)

    @property
    def has_ended(self) -> bool:
        """Whether the enrollment is over."""
        return _kind(self.history.events[-1]) in _OVER

    @property
    def next_run(self) -> str:
        """The id of the run that goes on from this one; empty when this is the last."""
        return self.history.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id

    async def start(self) -> Start:
        """The input of the run.

        Raises:
            Exception: whatever the converter raises where the code of today cannot read it.
        """
        given = self.history.events[0].workflow_execution_started_event_attributes.input.payloads
        start: Start = (await self._converter.decode(given, [Start]))[0]
        return start

    async def doing(self) -> str:
        """What it waits for or has under way, in the words that the Temporal UI shows; empty when that is nothing."""
        going_on: dict[str | int, HistoryEvent] = {}
        halted: list[HistoryEvent] = []
        for event in self.history.events:
            kind = _kind(event)
            if kind == "timer_started":
                going_on[event.timer_started_event_attributes.timer_id] = event
            elif kind == "activity_task_scheduled":
                going_on[event.event_id] = event
            elif kind in _TIMER_OVER:
                begun = going_on.pop(_attributes(event).timer_id, None)
                # A pause cancels the timer, and not the wait.
                halted = [begun] if begun and kind == "timer_canceled" else []
            elif kind in _ACTIVITY_OVER:
                going_on.pop(_attributes(event).scheduled_event_id, None)
                halted = []
        return await self._summary(list(going_on.values())[-1:] or halted)

    async def words_at(self, event_id: int) -> str:
        """What an event was about; empty when it does not say."""
        return await self._summary(event for event in self.history.events if event.event_id == event_id)

    async def _summary(self, events: Iterable[HistoryEvent]) -> str:
        for event in events:
            if event.user_metadata.HasField("summary"):
                (words,) = await self._converter.decode([event.user_metadata.summary], [str])
                return str(words)
        return ""


def _kind(event: HistoryEvent) -> str:
    """E.g. `timer_started`."""
    return (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")


def _attributes(event: HistoryEvent) -> Any:
    return getattr(event, event.WhichOneof("attributes") or "")
