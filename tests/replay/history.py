"""Reads a recorded history: what the enrollment asked of Temporal, in order, and every payload in it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory


def fingerprint(history: WorkflowHistory) -> list[str]:
    """The enrollment's commands and what it was told, in words; workflow tasks and starts of activities left out."""
    return [words for event in history.events if (words := _in_words(event)) is not None]


def _in_words(event: HistoryEvent) -> str | None:
    match EventType.Name(event.event_type).removeprefix("EVENT_TYPE_"):
        case "MARKER_RECORDED":
            data = event.marker_recorded_event_attributes.details["data"].payloads[0].data
            return f"local {json.loads(data)['activity_type']}"
        case "TIMER_STARTED":
            timeout = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            return f"timer {round(timeout.total_seconds() / 360) / 10:g} h"
        case "TIMER_CANCELED":
            return "timer cancelled"
        case "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES":
            upsert = event.upsert_workflow_search_attributes_event_attributes.search_attributes
            return f"upsert {' '.join(sorted(upsert.indexed_fields))}"
        case "ACTIVITY_TASK_SCHEDULED":
            return f"activity {event.activity_task_scheduled_event_attributes.activity_type.name}"
        case "ACTIVITY_TASK_CANCEL_REQUESTED":
            return "activity cancelled"
        case "WORKFLOW_EXECUTION_SIGNALED":
            return f"told {event.workflow_execution_signaled_event_attributes.signal_name}"
        case "WORKFLOW_EXECUTION_CANCEL_REQUESTED":
            return "told to cancel"
        case "WORKFLOW_EXECUTION_COMPLETED" | "WORKFLOW_EXECUTION_CANCELED" | "WORKFLOW_EXECUTION_FAILED" as name:
            return name.removeprefix("WORKFLOW_EXECUTION_").lower()
        case _:
            return None


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
