"""A journey is changed while enrollments are in it: `since` keeps the old way for those who passed.

On the real server. Time stands almost still; an operator skips on.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from domain.carried import Entry
from domain.enrollment import Outcome, OutcomeKind
from domain.signals import Observation
from storage.database import Database
from tests.house import ActivityMethods, House, opened_house, real_server
from tests.scenarios.versions import AsItWas, Careless, Guarded
from tests.stack.waiting import until
from tests.workflows.playing import begin, seen, worker_for
from tests.workflows.samples import start
from workflows.vocabulary import Journey
from workflows.vocabulary.journal import fit

HOUR = timedelta(hours=1)
EARLY = "limit.historyCount.suggestContinueAsNew=40"

Handle = WorkflowHandle[Any, Outcome]


class Deployed:
    """Makes workers of whatever version is deployed. As in production, an error of the code fails no enrollment."""

    version: type[Journey] = AsItWas

    def __call__(self, client: Client, activities: ActivityMethods) -> Worker:
        return worker_for(self.version, workflow_failure_exception_types=[])(client, activities)

    async def deploy(self, house: House, version: type[Journey]) -> None:
        """Stop the old worker, and start one of the new version."""
        await house.stop_worker()
        self.version = version
        await house.start_worker()


@asynccontextmanager
async def opened(database: Database, deployed: Deployed) -> AsyncIterator[House]:
    async with real_server(EARLY) as env, opened_house(env, database, build=deployed) as house:
        for customer in ("passed", "waiting", "late"):
            await house.identify(customer)
        yield house


async def skip(house: House, customer: str) -> None:
    (one,) = await house.operations.skip(customer)
    assert one.refusal == ""


async def at_second_wait(house: House, customer: str) -> Handle:
    handle = await begin(house, house_version(house), customer=customer, at=await house.now())
    await until(lambda: house.progress(handle.id), lambda found: found.doing == "waiting 1 hour")
    await skip(house, customer)
    await until(lambda: house.progress(handle.id), lambda found: found.doing == "waiting 2 hours")
    return handle


def house_version(house: House) -> type[Journey]:
    deployed = house._build
    assert isinstance(deployed, Deployed)
    return deployed.version


async def failed_tasks(handle: Handle) -> int:
    history = await handle.fetch_history()
    return sum(event.HasField("workflow_task_failed_event_attributes") for event in history.events)


async def noise(handle: Handle, name: str) -> None:
    await handle.signal("observe", Observation(event_id=name, name="Noise"))


async def continue_as_new(handle: Handle) -> None:
    first = (await handle.describe()).run_id

    async def has_changed() -> bool:
        await noise(handle, f"noise-{next(numbers)}")
        return (await handle.describe()).run_id != first

    await until(has_changed)


numbers = iter(range(1_000_000))


async def test_who_passed_goes_the_old_way_and_who_comes_later_the_new(sqlite_database: Database) -> None:
    deployed = Deployed()
    async with opened(sqlite_database, deployed) as house:
        passed = await at_second_wait(house, "passed")
        waiting = await begin(house, AsItWas, customer="waiting", at=await house.now())
        await until(lambda: house.progress(waiting.id), lambda found: found.doing == "waiting 1 hour")
        await deployed.deploy(house, Guarded)
        late = await at_second_wait(house, "late")
        for customer in ("waiting", "passed", "waiting", "late"):
            await skip(house, customer)
        for handle in (passed, waiting, late):
            assert (await handle.result()).kind is OutcomeKind.COMPLETED
        assert await seen(passed) == ["first", "scored"]
        assert await seen(waiting) == ["first", "fact"]
        assert await seen(late) == ["first", "fact"]
        assert await since(passed) == [False]
        assert await since(late) == [True]


async def since(handle: Handle) -> list[object]:
    entries: list[Entry] = await handle.query("journal", result_type=list[Entry])
    return [entry.answer for entry in entries if entry.verb == "since"]


@pytest.mark.parametrize("is_continued", [False, True], ids=["in one history", "continued as new"])
async def test_a_careless_change_holds_an_enrollment_up_and_loses_nothing(
    sqlite_database: Database, is_continued: bool
) -> None:
    deployed = Deployed()
    async with opened(sqlite_database, deployed) as house:
        handle = await at_second_wait(house, "passed")
        if is_continued:
            await continue_as_new(handle)
            await until(lambda: house.progress(handle.id), lambda found: found.doing == "waiting 2 hours")
        due = (await house.progress(handle.id)).next_due
        await deployed.deploy(house, Careless)
        await noise(handle, "wakes it")
        await until(lambda: failed_tasks(handle))
        await deployed.deploy(house, Guarded)
        found = await until(lambda: house.progress(handle.id), lambda found: found.doing == "waiting 2 hours")
        assert found.next_due == due
        if is_continued:
            await continue_as_new(handle)
        await until(lambda: house.progress(handle.id), lambda found: found.doing == "waiting 2 hours")
        await skip(house, "passed")
        assert (await handle.result()).kind is OutcomeKind.COMPLETED
        assert await seen(handle) == ["first", "scored"]


async def test_a_careless_change_is_found_before_it_is_deployed(sqlite_database: Database) -> None:
    async with opened(sqlite_database, Deployed()) as house:
        handle = await at_second_wait(house, "passed")
        entries: list[Entry] = await handle.query("journal", result_type=list[Entry])
        assert fit(Guarded, start(), entries).breaks is None
        assert str(fit(Careless, start(), entries).breaks) == (
            "step 2: the journal has “scoring intent”, the code now asks for “reading whether has cart”"
        )
