"""Looks at every enrollment that runs: asks it, replays it, judges it. Changes nothing."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from json import dumps

from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import UnavailableError
from starter.replay.finding import Finding, Running, Verdict
from starter.replay.interview import ANSWER_WITHIN, Interview
from starter.replay.judging import judge
from starter.replay.record import Record
from starter.replay.replays import Replays
from temporal import in_plain_words
from workflows.vocabulary import Journey, search

AT_ONCE = 8
"""Enrollments looked at together. To answer, workers replay whom they have forgotten, and customers go first."""

NOT_DEPLOYED = "no journey is deployed under this name: keep it beside the new one until nobody is in it"


class Checkup:
    """Holds the running enrollments of one deployment against code.

    Args:
        client: connected to its Temporal.
        journeys: the code of today, by name.
        answer_within: how long an enrollment may take to tell what it has been through.
    """

    def __init__(
        self,
        client: Client,
        journeys: Mapping[str, type[Journey]],
        *,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        self._client, self._journeys = client, journeys
        self._interview = Interview(client, answer_within)

    async def count(self, names: Sequence[str] = ()) -> int:
        """How many enrollments run, of these journeys or of all.

        Raises (all methods):
            UnavailableError: Temporal is away.
        """
        try:
            return (await self._client.count_workflows(_running(names))).count
        except (RPCError, RuntimeError) as error:
            raise _away(error) from error

    async def running(self, names: Sequence[str] = (), *, limit: int | None = None) -> list[Running]:
        """The enrollments that run, of these journeys or of all; those that began last first."""
        try:
            return [
                Running(each.workflow_type, each.id, each.run_id)
                async for each in self._client.list_workflows(_running(names), limit=limit)
            ]
        except (RPCError, RuntimeError) as error:
            raise _away(error) from error

    async def examine(
        self, enrollments: Sequence[Running], tell: Callable[[Finding], None] = lambda _: None
    ) -> list[Finding]:
        """Find out what would become of enrollments, in any order.

        Args:
            enrollments: who runs.
            tell: called with each finding as it is made.
        """
        waiting, findings = deque(enrollments), list[Finding]()

        async def work(replays: Replays) -> None:
            while waiting:
                finding = await self._look(waiting.popleft(), replays)
                findings.append(finding)
                tell(finding)

        async with Replays.open(self._journeys.values(), self._client.data_converter) as replays:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(AT_ONCE):
                        group.create_task(work(replays))
            except* UnavailableError as away:
                raise away.exceptions[0] from None
        return findings

    async def _look(self, running: Running, replays: Replays) -> Finding:
        journey = self._journeys.get(running.journey)
        if journey is None:
            return _finding(running, Verdict.BREAKS, NOT_DEPLOYED)
        # The journal first: the history is then at least as long, and nothing in the journal stays unreplayed.
        entries = await self._interview.journal(running)
        history = await self._history(running)
        if history is None:
            return _finding(running, Verdict.ENDED)
        record = Record(history, self._client.data_converter)
        if record.next_run:
            return await self._look(Running(running.journey, running.workflow_id, record.next_run), replays)
        if record.has_ended:
            return _finding(running, Verdict.ENDED)
        failure = await replays.failure(history) if record.has_begun else None
        return await judge(running, journey, record, entries, failure)

    async def _history(self, running: Running) -> WorkflowHistory | None:
        """The history of a run; None when Temporal no longer has it."""
        handle = self._client.get_workflow_handle(running.workflow_id, run_id=running.run_id)
        try:
            return await handle.fetch_history()
        except (RPCError, RuntimeError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise _away(error) from error


def _running(names: Sequence[str]) -> str:
    """Of enrollments alone: a namespace may have workflows of others."""
    listed = ", ".join(dumps(name, ensure_ascii=False) for name in names)
    which = f"IN ({listed})" if names else "IS NOT NULL"
    return f"ExecutionStatus = 'Running' AND {search.JOURNEY.name} {which}"


def _finding(running: Running, verdict: Verdict, *places: str) -> Finding:
    return Finding(journey=running.journey, workflow_id=running.workflow_id, verdict=verdict, places=places)


def _away(error: RPCError | RuntimeError) -> UnavailableError:
    return UnavailableError(f"Temporal is away: {in_plain_words(error)}")
