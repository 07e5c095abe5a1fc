"""Reads a recorded history: what the enrollment asked of Temporal, in order, and every payload in it."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory


def fingerprint(history: WorkflowHistory) -> list[str]:
    """The enrollment's commands and what it was told, in words; workflow tasks and starts of activities left out."""
    return [words for event in history.events if (words := _in_words(event)) is not None]


def _in_words(event: HistoryEvent) -> str | None:
    name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    return _WORDS[name](event) if name in _WORDS else None


def _marker(event: HistoryEvent) -> str:
    marker = event.marker_recorded_event_attributes
    if marker.marker_name == "core_patch":
        return f"patch {json.loads(marker.details['patch-data'].payloads[0].data)['id']}"
    return f"local {json.loads(marker.details['data'].payloads[0].data)['activity_type']}"


def _timer(event: HistoryEvent) -> str:
    timeout = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
    return f"timer {round(timeout / timedelta(hours=1), 1):g} h"


def _upsert(event: HistoryEvent) -> str:
    attributes = event.upsert_workflow_search_attributes_event_attributes.search_attributes
    return f"upsert {' '.join(sorted(attributes.indexed_fields))}"


_WORDS: dict[str, Callable[[HistoryEvent], str]] = {
    "MARKER_RECORDED": _marker,
    "TIMER_STARTED": _timer,
    "TIMER_CANCELED": lambda _: "timer cancelled",
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": _upsert,
    "ACTIVITY_TASK_SCHEDULED": lambda event: (
        f"activity {event.activity_task_scheduled_event_attributes.activity_type.name}"
    ),
    "ACTIVITY_TASK_CANCEL_REQUESTED": lambda _: "activity cancelled",
    "WORKFLOW_EXECUTION_SIGNALED": lambda event: (
        f"told {event.workflow_execution_signaled_event_attributes.signal_name}"
    ),
    "WORKFLOW_EXECUTION_CANCEL_REQUESTED": lambda _: "told to cancel",
    "WORKFLOW_EXECUTION_COMPLETED": lambda _: "completed",
    "WORKFLOW_EXECUTION_CANCELED": lambda _: "canceled",
}


def payloads(value: Any) -> Iterator[str]:
    """Every payload in a history's JSON, decoded."""
    match value:
        case {"metadata": dict(), "data": str(data)}:
            yield base64.b64decode(data).decode(errors="replace")
        case dict():
            for each in value.values():
                yield from payloads(each)
        case list():
            for each in value:
                yield from payloads(each)
        case _:
            return


def load(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text())
