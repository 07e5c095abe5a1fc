"""Asks running enrollments for their journals. The workers of the code that runs now answer."""

from datetime import timedelta

from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.service import RPCError

from domain.carried import Entry
from starter.replay.finding import Running

ANSWER_WITHIN = timedelta(seconds=10)
"""What one may take to answer: milliseconds, or a replay on a busy worker. Without a worker it never would."""

GIVE_UP_AFTER = 8
"""Silences in a row after which nobody is asked any more: thousands would be silent for seconds each."""


class Interview:
    """Asks one enrollment after the other, or several at once."""

    def __init__(self, client: Client, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self._client, self._answer_within = client, answer_within
        self._silences = 0

    async def journal(self, running: Running) -> tuple[Entry, ...] | None:
        """What it has been through; None when nobody answers, or its code cannot tell."""
        if self._silences >= GIVE_UP_AFTER:
            return None
        handle = self._client.get_workflow_handle(running.workflow_id, run_id=running.run_id)
        try:
            entries: tuple[Entry, ...] = await handle.query(
                "journal", result_type=tuple[Entry, ...], rpc_timeout=self._answer_within
            )
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
            return None  # a worker answers, with code that knows no journals or that breaks on this enrollment
        except RPCError:
            self._silences += 1
            return None
        self._silences = 0
        return entries
