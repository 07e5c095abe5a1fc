"""Looks for what must not be there: of those who were erased anywhere, of others outside the database."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import quote

from sqlalchemy import select
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from storage.database import Database
from storage.tables import Record
from temporal import connect
from tests.faults.diary import Word
from tests.faults.floor import Floor
from tests.stack.traces import Traces
from tests.stack.waiting import until

ADDRESSES: Final = ("@shop.example", "@old.example")
"""Ends of the addresses of everybody on the floor."""

LOGS: Final = ("serve-*.out", "worker-*.out", "import/*.out")
"""What our own processes print."""


class Remains:
    """Looks once everything is quiet.

    Args:
        floor: where.
        erased: who asked to be forgotten; each word with what must be found nowhere.
    """

    def __init__(self, floor: Floor, erased: Sequence[Word]) -> None:
        self._floor, self._erased = floor, erased
        self._traces = {trace for word in erased for trace in word.traces}
        self._addresses = Traces(ADDRESSES)

    async def find(self) -> list[tuple[str, str]]:
        """What was found, and where."""
        found = [*await self._in_tables(), *self._in_logs()]
        client = await connect(self._floor.temporal.address, namespace="default")
        within = self._floor.plan.gone_within
        left = [(workflow, "Temporal") for workflow in await self._not_deleted(client, within)] if within else []
        return [*found, *left, *await self._in_histories(client)]

    async def _in_tables(self) -> list[tuple[str, str]]:
        database = Database(self._floor.database)
        found: list[tuple[str, str]] = []
        try:
            async with database.read() as session:
                for name, table in Record.metadata.tables.items():
                    rows = (await (await session.connection()).execute(select(table))).mappings()
                    found += _named(_within(repr([dict(row) for row in rows]), self._traces), f"table {name}")
        finally:
            await database.aclose()
        return found

    def _in_logs(self) -> Iterator[tuple[str, str]]:
        for pattern in LOGS:
            for file in sorted(self._floor.folder.glob(pattern)):
                printed = file.read_bytes()
                yield from _named(self._addresses.found_in(printed), f"log {file.name}")

    async def _in_histories(self, client: Client) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        async for each in client.list_workflows():
            told = await _history(client, each) + repr(each.raw_info).encode()
            found += _named(self._addresses.found_in(told), f"history {each.id}")
            # An id may stand in the history of a journey of their next life.
            names = self._traces - {word.customer for word in self._erased}
            found += _named(_within(told.decode(errors="replace"), names), f"history {each.id}")
        return found

    async def _not_deleted(self, client: Client, within: float) -> list[str]:
        """Journeys of lives that were erased, and that Temporal does not let go of."""
        done: Mapping[str, float] = {word.customer: word.done for word in self._erased}

        async def theirs() -> list[str]:
            return [each.id async for each in client.list_workflows() if _is_of(each, done)]

        with suppress(AssertionError):
            await until(theirs, lambda found: not found, within=within)
        return await theirs()


async def _history(client: Client, workflow: WorkflowExecution) -> bytes:
    """All of a history; nothing of one that has just been deleted."""
    handle = client.get_workflow_handle(workflow.id, run_id=workflow.run_id)
    try:
        return b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return b""


def _is_of(workflow: WorkflowExecution, done: Mapping[str, float]) -> bool:
    """Whether a workflow began for somebody, or for their other browser, before they were erased."""
    customer = workflow.id.split("/")[1]
    for name, at in done.items():
        if customer in (name, f"anon-browser-of-{name}"):
            return workflow.start_time.timestamp() < at
    return False


def _within(text: str, words: Iterable[str]) -> list[str]:
    """Which of the words are there, plain or quoted for the web. Bodies are long, and there are many words."""
    folded = text.casefold()
    return [word for word in words if any(form.casefold() in folded for form in {word, quote(word, safe="")})]


def _named(words: Iterable[str], where: str) -> list[tuple[str, str]]:
    return [(word, where) for word in words]
