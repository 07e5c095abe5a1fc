"""Erasures on a real server: whatever is away or dies meanwhile, in the end nobody is there any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import cast

import pytest
from sqlalchemy import text
from temporalio import workflow
from temporalio.client import Client, WorkflowExecution
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.clock import SystemClock
from domain.enrollment import EnrollmentRow, State
from domain.errors import UnavailableError
from starter.dispatch.enrolling import ENROLLMENT_MEMO
from starter.embedded import dev_server, find_temporal, free_port
from starter.erasing import Eraser
from starter.privacy import Privacy
from storage.customers import Customers
from storage.database import Database
from storage.enrollments import Enrollments
from storage.erasures import Erasures
from temporal import TASK_QUEUE, connect
from tests.stack.waiting import until
from tests.storage.samples import commit, enrollment, identify
from workflows.vocabulary import search

QUICKLY = 'history.transferProcessorUpdateAckInterval="500ms"'
"""Until then the server does not delete what has just ended; half a minute by default."""


@workflow.defn(name="cart-recovery")
class Waiting:
    """Stands for a journey: waits until it is cancelled."""

    @workflow.run
    async def run(self) -> None:
        """Wait."""
        await workflow.sleep(timedelta(days=30))


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@asynccontextmanager
async def temporal(port: int) -> AsyncIterator[Client]:
    """A server, and a worker that ends what is cancelled."""
    async with dev_server(binary=find_temporal(), file=None, ui_port=0, port=port, tuning=(QUICKLY,)) as server:
        client = await connect(server.address, namespace="default", embedded=True)
        async with Worker(
            client, task_queue=TASK_QUEUE, workflows=[Waiting], workflow_runner=UnsandboxedWorkflowRunner()
        ):
            yield client


async def enroll(client: Client, database: Database, row: EnrollmentRow) -> None:
    """Let a customer be in a journey."""
    who = TypedSearchAttributes([SearchAttributePair(search.CUSTOMER, row.customer)])
    handle = await client.start_workflow(
        "cart-recovery",
        id=row.workflow_id,
        task_queue=TASK_QUEUE,
        memo={ENROLLMENT_MEMO: row.id},
        search_attributes=who,
    )
    async with database.transaction() as session:
        await Enrollments(session).open(row)
        run_id = handle.first_execution_run_id or ""
        await Enrollments(session).admit(row.id, row.workflow_id, run_id, row.started_at)


async def is_known(database: Database, customer: str) -> bool:
    async with database.read() as session:
        return customer in await Customers(session).load([customer])


async def standing(database: Database) -> int:
    async with database.read() as session:
        return len(await Erasures(session).open())


@asynccontextmanager
async def erasing(database: Database, client: Client) -> AsyncIterator[None]:
    """An eraser at work."""
    task = asyncio.create_task(Eraser(database, SystemClock(), client).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def listed(client: Client) -> list[str]:
    """Workflow ids of all that the server knows."""
    return [found.id async for found in client.list_workflows()]


async def test_journeys_end_and_their_histories_go_before_the_rows_do(sqlite_database: Database, port: int) -> None:
    database = sqlite_database
    await commit(database, identify("anna", anonymous_id="a-1"), identify("ben"))
    privacy = Privacy(database, SystemClock())
    async with temporal(port) as client:
        before = enrollment(journey="browse-abandonment", customer="anon-a-1", event_id="event-0")
        await enroll(client, database, before)
        await enroll(client, database, enrollment())
        await enroll(client, database, enrollment(customer="ben"))
        await privacy.request_erasure("anna", "a test")
        await privacy.request_erasure("anna", "a test")

        async with erasing(database, client):
            await until(lambda: standing(database), lambda count: count == 0)
            await until(partial(listed, client), lambda found: found == ["cart-recovery/ben"])

        assert [await is_known(database, each) for each in ("anna", "anon-a-1", "ben")] == [False, False, True]
        async with database.read() as session:
            [left] = await Enrollments(session).running(["ben"])
        assert left.state is State.RUNNING
        await privacy.request_erasure("anna", "a test")
        assert await standing(database) == 0, "somebody who is not there was forgotten already"


async def test_a_request_stands_while_temporal_is_away_and_whatever_dies(database: Database) -> None:
    """Killed at each of its steps, the next one goes on."""
    port = free_port()
    await commit(database, identify("anna"))
    row = enrollment()
    await Privacy(database, SystemClock()).request_erasure("anna", "a test")
    async with AsyncExitStack() as parts:
        lazy = await connect(f"127.0.0.1:{port}", namespace="default", embedded=True, lazy=True)
        async with database.transaction() as session:
            await Enrollments(session).open(row)
        with pytest.raises(UnavailableError):
            await Eraser(database, SystemClock(), lazy).carry_out()
        assert await is_known(database, "anna")

        client = await parts.enter_async_context(temporal(port))
        await client.start_workflow(
            "cart-recovery", id=row.workflow_id, task_queue=TASK_QUEUE, memo={ENROLLMENT_MEMO: row.id}
        )
        assert await Eraser(database, SystemClock(), client).carry_out() == 1, "it has asked the journey to end"

        async def again() -> int:
            return await Eraser(database, SystemClock(), client).carry_out()  # each time another process

        await until(again, lambda waiting: waiting == 0)
    assert not await is_known(database, "anna")


async def test_one_that_fails_holds_up_no_other(sqlite_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    database, privacy = sqlite_database, Privacy(sqlite_database, SystemClock())
    await commit(database, identify("anna"), identify("ben"))
    async with database.transaction() as session:
        await Enrollments(session).open(enrollment(customer="anna"))
        broken = text('UPDATE enrollments SET occasion = \'{"name": "anna@example.com"}\'')
        await (await session.connection()).execute(broken)
    await privacy.request_erasure("anna", "a test")
    await privacy.request_erasure("ben", "a test")
    async with temporal(free_port()) as client:
        eraser = Eraser(database, SystemClock(), client)
        await eraser.carry_out()
        assert await eraser.carry_out() == 0

    assert [await is_known(database, each) for each in ("anna", "ben")] == [True, False]
    told = capsys.readouterr().out
    assert told.count("an erasure failed") == 1
    assert "anna@example.com" not in told


class Damaged:
    """A Temporal that has lost what it should know of one workflow, and answers all else."""

    namespace = "default"

    def get_workflow_handle(self, *_: object, **__: object) -> "Damaged":
        return self

    async def describe(self) -> None:
        raise RPCError("the shard is damaged", RPCStatusCode.DATA_LOSS, b"")

    async def list_workflows(self, _: str) -> AsyncIterator[WorkflowExecution]:
        for found in list[WorkflowExecution]():
            yield found


async def test_one_of_which_temporal_answers_oddly_holds_up_no_other(sqlite_database: Database) -> None:
    database, privacy = sqlite_database, Privacy(sqlite_database, SystemClock())
    await commit(database, identify("anna"), identify("ben"))
    async with database.transaction() as session:
        await Enrollments(session).open(enrollment(customer="anna"))
    await privacy.request_erasure("anna", "a test")
    await privacy.request_erasure("ben", "a test")
    await Eraser(database, SystemClock(), cast("Client", Damaged())).carry_out()
    assert [await is_known(database, each) for each in ("anna", "ben")] == [True, False]


async def test_an_enrollment_that_temporal_does_not_know_of_may_still_be_on_its_way(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decided, and its start is not there yet: its history must not be left behind."""
    database, row = sqlite_database, enrollment()
    await commit(database, identify("anna"), identify("ben"))
    async with database.transaction() as session:
        await Enrollments(session).open(row)
        await Enrollments(session).open(enrollment(customer="ben"))
    await Privacy(database, SystemClock()).request_erasure("anna", "a test")
    async with temporal(free_port()) as client:
        eraser = Eraser(database, SystemClock(), client)
        assert await eraser.carry_out() == 1
        assert await is_known(database, "anna")
        await enroll(client, database, row)
        await until(eraser.carry_out, lambda waiting: waiting == 0)
        await until(partial(listed, client), lambda found: found == [])

        await Privacy(database, SystemClock()).request_erasure("ben", "a test")
        assert await eraser.carry_out() == 1
        monkeypatch.setattr("starter.erasing.UNKNOWN_FOR", timedelta(0))
        assert await eraser.carry_out() == 0, "it never came"
    assert [await is_known(database, each) for each in ("anna", "ben")] == [False, False]


async def test_what_does_not_end_is_terminated(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a worker nothing ends by itself."""
    monkeypatch.setattr("starter.erasing.TERMINATE_AFTER", timedelta(seconds=0))
    await commit(sqlite_database, identify("anna"))
    await Privacy(sqlite_database, SystemClock()).request_erasure("anna", "a test")
    async with dev_server(binary=find_temporal(), file=None, ui_port=0, port=free_port()) as server:
        client = await connect(server.address, namespace="default", embedded=True)
        await enroll(client, sqlite_database, enrollment())
        async with erasing(sqlite_database, client):
            await until(lambda: standing(sqlite_database), lambda count: count == 0)
    assert not await is_known(sqlite_database, "anna")


class Counted(Database):
    """Counts how often its log was to be emptied, and each time somebody reads it."""

    scrubs = 0

    async def scrub(self) -> bool:
        self.scrubs += 1
        return False


async def test_a_log_that_is_read_is_emptied_later_and_not_at_every_look(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with temporal(free_port()) as client, aclosing(Counted(sqlite_url)) as database:
        await commit(database, identify("anna"))
        await Privacy(database, SystemClock()).request_erasure("anna", "a test")
        monkeypatch.setattr("starter.erasing.SCRUB_AGAIN_AFTER", timedelta(milliseconds=100))
        eraser, begun = Eraser(database, SystemClock(), client), asyncio.get_running_loop().time()
        async with asyncio.timeout(30):
            while database.scrubs < 4:
                await eraser.carry_out()
                await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() - begun > 0.7, "after 0.1, 0.2 and 0.4 s"
