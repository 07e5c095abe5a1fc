"""Temporal's replay: the code of today is run along recorded histories, in the sandbox, as a worker would."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Self

from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter, DefaultFailureConverter
from temporalio.worker import Replayer, WorkflowReplayResult

from temporal import workflow_runner
from workflows.vocabulary import Journey

_SAID = re.compile(r'message: "((?:[^"\\]|\\.)*)"')
"""In what Temporal's core says of a failed workflow task: the outermost message."""

_TOO_SLOW = "[TMPRL1101]"
"""Temporal gives a journey two seconds from one wait to the next."""

_IN_OTHER_WORDS = {"Failed decoding arguments": "an answer in it is none to what the code now asks"}

_AT_EVENT = re.compile(r"HistoryEvent\(id: (\d+)")


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a history does not replay."""

    said: str
    """By Temporal, or by the error that the code raised."""
    event: int | None = None
    """The event at which history and code part, where Temporal names it."""
    is_of_code: bool = False
    """The code raised an error; otherwise it asks for other things than the history holds."""


class Replays:
    """Replays one history after the other: Temporal has one replay at a time."""

    def __init__(self, results: AsyncIterator[WorkflowReplayResult], queue: "asyncio.Queue[WorkflowHistory]") -> None:
        self._results, self._queue = results, queue
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, journeys: Iterable[type[Journey]], converter: DataConverter) -> AsyncIterator[Self]:
        """A replayer of these journeys, until the block ends."""
        replayer = Replayer(
            workflows=list(journeys),
            workflow_runner=workflow_runner(),
            # Nobody but us reads what fails here, so it is not encoded as it is for Temporal.
            data_converter=dataclasses.replace(converter, failure_converter_class=DefaultFailureConverter),
        )
        queue: asyncio.Queue[WorkflowHistory] = asyncio.Queue()
        async with replayer.workflow_replay_iterator(_each(queue)) as results:
            yield cls(results, queue)

    async def failure(self, history: WorkflowHistory) -> Failure | None:
        """Replay the history of a run that has begun. None: it goes on."""
        async with self._turn:
            failure = await self._replay(history)
            if failure is not None and failure.said.startswith(_TOO_SLOW):
                # Perhaps it is this machine that is busy. Code that never ends does not end the second time either.
                failure = await self._replay(history)
        return failure

    async def _replay(self, history: WorkflowHistory) -> Failure | None:
        self._queue.put_nowait(history)
        result = await anext(self._results)
        return None if result.replay_failure is None else _read(str(result.replay_failure))


async def _each(queue: "asyncio.Queue[WorkflowHistory]") -> AsyncIterator[WorkflowHistory]:
    while True:
        yield await queue.get()


def _read(text: str) -> Failure:
    found = _SAID.search(text)
    message = " ".join((found[1] if found else text).replace("\\n", " ").replace("\\", "").split())
    _, nondeterminism, rest = message.partition("Nondeterminism error: ")
    event = _AT_EVENT.search(message)
    said = rest or _IN_OTHER_WORDS.get(message, message)
    return Failure(said, int(event[1]) if event else None, is_of_code=not nondeterminism)
