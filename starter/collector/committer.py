"""Group commit: the events of requests that arrive together are stored in one transaction.

A commit costs an fsync however many rows it holds, so one per request would bound the collector by the disk. Whoever
comes while a transaction is under way is in the next one; nobody waits for company.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from traceback import format_tb
from typing import Final, NamedTuple

import structlog

from domain.errors import ContendedError, SegueError, TransientError, UnavailableError
from domain.event import Event
from metrics.events import count_commit
from metrics.reports import count_responses
from storage.database import Database
from storage.events import EventStore

LARGEST_GROUP: Final = 500
"""Events in one transaction, unless one request alone brings more: some 50 ms of writing."""

MOST_WAITING: Final = 10_000
"""Events that may wait, ten seconds' worth on a slow disk. Beyond it a client does better to try again later."""

_log = structlog.get_logger("segue.committer")


class _Waiting(NamedTuple):
    events: Sequence[Event]
    stored: "asyncio.Future[None]"
    of_known: bool = False


class Committer:
    """Stores events for many requests at once. Belongs to one event loop; needs no start and no stop.

    Args:
        database: where they go.
        largest_group: events in one transaction.
        most_waiting: events that may wait for their transaction.
    """

    def __init__(
        self, database: Database, *, largest_group: int = LARGEST_GROUP, most_waiting: int = MOST_WAITING
    ) -> None:
        self._database = database
        self._largest_group = largest_group
        self._most_waiting = most_waiting
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self._writer: asyncio.Task[None] | None = None

    async def commit(self, events: Sequence[Event], *, of_known: bool = False) -> None:
        """Store events, all or none. Returns when they are safe; those stored before are left as they are.

        Args:
            events: of one request.
            of_known: whether they make nobody known. Of a customer who was erased meanwhile they are not stored.

        Raises:
            UnavailableError: the database is away, or too much waits already. Try again later.
            PermanentError: these events cannot be stored, whoever tries.
        """
        if not events:
            return
        if self._queued and self._queued + len(events) > self._most_waiting:
            raise UnavailableError("too many events wait to be stored: try again in a few seconds")
        mine = _Waiting(events, asyncio.get_running_loop().create_future(), of_known)
        self._queue.append(mine)
        self._queued += len(events)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_until_empty(), name="committer")
        await mine.stored

    async def _write_until_empty(self) -> None:
        group: list[_Waiting] = []
        try:
            while self._queue:
                group = self._take_group()
                await self._write(group)
        finally:
            self._writer = None
            self._abandon(group)

    def _take_group(self) -> list[_Waiting]:
        group = [self._queue.popleft()]
        size = len(group[0].events)
        while self._queue and size + len(self._queue[0].events) <= self._largest_group:
            group.append(self._queue.popleft())
            size += len(group[-1].events)
        self._queued -= size
        return group

    async def _write(self, group: list[_Waiting]) -> None:
        error = await self._store(group)
        if error is None or _is_everybodys(error) or len(group) == 1:
            for waiting in group:
                _answer(waiting, error)
            return
        # One of these requests cannot be stored, or not now. It must not take the others with it: each is tried alone.
        for waiting in group:
            _answer(waiting, await self._store([waiting]))

    async def _store(self, group: list[_Waiting]) -> Exception | None:
        events = [event for waiting in group for event in waiting.events]
        of_known = {event.message_id for waiting in group if waiting.of_known for event in waiting.events}
        began = time.perf_counter()
        try:
            async with self._database.transaction() as session:
                committed = await EventStore(session).commit(events, of_known=of_known)
        except Exception as error:  # the writer serves everybody, and must outlive any request
            if not isinstance(error, SegueError):
                # Where, but not what it says: messages of databases quote the values, which are people's.
                where = "".join(format_tb(error.__traceback__))
                _log.error("events could not be stored", requests=len(group), kind=type(error).__name__, where=where)
            return error
        took = timedelta(seconds=time.perf_counter() - began)
        count_commit(stored=committed.accepted, repeated=committed.duplicates, took=took)
        count_responses(event.name for event in events if event.message_id in committed.new)
        return None

    def _abandon(self, group: list[_Waiting]) -> None:
        """When the writer is cancelled, with its event loop: whoever still waits must not wait for ever."""
        for waiting in (*group, *self._queue):
            _answer(waiting, UnavailableError("the collector is stopping: try again"))
        self._queue.clear()
        self._queued = 0


def _is_everybodys(error: Exception) -> bool:
    """Whether no request could be stored now: something is away."""
    return isinstance(error, TransientError) and not isinstance(error, ContendedError)


def _answer(waiting: _Waiting, error: Exception | None) -> None:
    if waiting.stored.done():  # its request was cancelled
        return
    if error is None:
        waiting.stored.set_result(None)
    else:
        waiting.stored.set_exception(error)
