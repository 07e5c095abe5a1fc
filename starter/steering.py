"""An operator's hand on one running enrollment: pause it, let it go on, pass over what it waits for."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from domain.enrollment import Progress
from domain.errors import UnavailableError
from domain.model import Value
from domain.pause import PauseRequest
from temporal import in_plain_words

ANSWER_WITHIN = timedelta(seconds=10)
"""What an enrollment may take to answer; it takes milliseconds, and without a worker it never would."""


class Steered(Value):
    """What came of it: how the enrollment stands now, or why it refused."""

    workflow_id: str
    progress: Progress | None = None
    refusal: str = ""


class Steering:
    """Sends Temporal updates, whose names are frozen."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def pause(self, workflow_id: str, reason: str) -> Steered | None:
        """Hold an enrollment still. None: it no longer runs.

        Raises (all methods):
            UnavailableError: Temporal is away, or no worker answers.
        """
        return await self._update(workflow_id, "pause", [PauseRequest(reason=reason)])

    async def resume(self, workflow_id: str) -> Steered | None:
        """Let a paused enrollment go on. None: it no longer runs."""
        return await self._update(workflow_id, "resume", [])

    async def skip(self, workflow_id: str) -> Steered | None:
        """Pass over what an enrollment waits for. None: it no longer runs."""
        return await self._update(workflow_id, "skip", [])

    async def _update(self, workflow_id: str, name: str, arguments: list[Any]) -> Steered | None:
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            progress: Progress = await handle.execute_update(
                name, args=arguments, result_type=Progress, rpc_timeout=ANSWER_WITHIN
            )
        except WorkflowUpdateFailedError as refused:
            return Steered(workflow_id=workflow_id, refusal=getattr(refused.cause, "message", str(refused.cause)))
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            seconds = f"{ANSWER_WITHIN.total_seconds():g} s"
            raise UnavailableError(
                f"{workflow_id}: no answer to {name} within {seconds}: is a worker running? It may still be done then; "
                "`segue status` tells"
            ) from error
        except (RPCError, RuntimeError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise UnavailableError(f"Temporal is away: {in_plain_words(error)}") from error
        return Steered(workflow_id=workflow_id, progress=progress)
