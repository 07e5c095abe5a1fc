"""Enrollments at every place of one journey, on the real server, and the deploys that come over them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.worker import Worker

from domain.enrollment import Occasion, Outcome
from domain.signals import Observation
from starter.replay.checkup import Checkup
from starter.replay.finding import Finding
from storage.database import Database
from storage.enrollments import Enrollments
from temporal import TASK_QUEUE
from tests.house import ActivityMethods, House, opened_house, real_server
from tests.replay.deploys import AsItWas
from tests.stack.waiting import until
from tests.workflows.playing import worker_for
from workflows.vocabulary import Journey, search
from workflows.vocabulary.routing import Routes

Handle = WorkflowHandle[Any, Outcome]

LONG = 200
"""Events after which a run is to continue as new: more than any but the one that is told so much."""


TRIED_AGAIN_AFTER = timedelta(seconds=5)
"""A workflow task that fails again and again is over only when it times out, by default after ten."""


class Deployed:
    """Makes workers of whatever version is deployed. As in production, an error of the code fails no enrollment."""

    def __init__(self, *version: type[Journey]) -> None:
        self.version = version

    def __call__(self, client: Client, activities: ActivityMethods) -> Worker:
        return worker_for(*self.version, workflow_failure_exception_types=[])(client, activities)


class Town:
    """Customers in the journey, each standing still at a place of their own: time hardly passes."""

    def __init__(self, house: House, running: Deployed) -> None:
        self.house, self._running = house, running

    async def deploy(self, *version: type[Journey]) -> None:
        """Let a new worker take over."""
        await self.house.stop_worker()
        self._running.version = version
        await self.house.start_worker()

    async def enroll(self, customer: str, journey: type[Journey] = AsItWas) -> Handle:
        """Begin the journey for a new customer."""
        await self.house.identify(customer)
        now = await self.house.now()
        occasion = Occasion(event_id=f"test-{customer}", name="Test", occurred_at=now)
        routes = Routes({journey.plan.name: journey}, self.house.clock.paced, {})
        begin = routes.enroll(journey.plan, customer, occasion, now)
        async with self.house.database.transaction() as session:
            await Enrollments(session).open(begin.row)
        await self.house.client.start_workflow(
            journey.plan.name,
            begin.start,
            id=begin.row.workflow_id,
            task_queue=TASK_QUEUE,
            task_timeout=TRIED_AGAIN_AFTER,
            search_attributes=TypedSearchAttributes([SearchAttributePair(search.JOURNEY, journey.plan.name)]),
        )
        await until(lambda: self._listed(begin.row.workflow_id))
        return self.house.handle(begin.row.workflow_id)

    async def _listed(self, workflow_id: str) -> bool:
        """Whether Temporal lists an enrollment: it does a moment after it began."""
        found = Checkup(self.house.client, {}).running()
        return workflow_id in {each.workflow_id for each in await found}

    async def walk(self, customer: str, *waits: str) -> Handle:
        """Begin, and skip on until the last of these waits is open."""
        handle = await self.enroll(customer)
        for doing in waits:
            await self.comes_to(handle, doing)
            if doing != waits[-1]:
                (skipped,) = await self.house.operations.skip(customer)
                assert skipped.refusal == ""
        return handle

    async def comes_to(self, handle: Handle, doing: str) -> None:
        """Wait until an enrollment does that."""
        await until(lambda: self.house.progress(handle.id), lambda found: found.doing.startswith(doing))

    async def standing_still(self, people: Mapping[str, Handle]) -> set[str]:
        """Who does not go on."""
        going_on = await asyncio.gather(*(self.goes_on(handle) for handle in people.values()))
        return {who for who, goes in zip(people, going_on, strict=True) if not goes}

    async def goes_on(self, handle: Handle) -> bool:
        """Wake an enrollment by what it does not listen to, and see whether its code gets over what its history holds.

        What it is told stands in the history once the workflow task before is over. One that failed again is over when
        it times out.
        """
        noise = Observation(event_id=str(uuid4()), name="Noise")
        await handle.signal("observe", noise)

        async def tried() -> list[HistoryEvent]:
            events = iter((await handle.fetch_history()).events)
            was_told = any(_tells(event, noise) for event in events)
            return [event for event in events if was_told and _is_tried(event)]

        return (await until(tried, within=100))[0].HasField("workflow_task_completed_event_attributes")

    async def continue_as_new(self, handle: Handle) -> None:
        """Make its history so long that another run goes on."""
        first = (await handle.describe()).run_id

        async def has_changed() -> bool:
            for _ in range(20):
                await handle.signal("observe", Observation(event_id=str(uuid4()), name="Noise"))
            return (await handle.describe()).run_id != first

        await until(has_changed)

    async def findings(self, *version: type[Journey], **options: timedelta) -> dict[str, Finding]:
        """What is found about each customer's enrollment."""
        checkup = Checkup(self.house.client, {each.plan.name: each for each in version}, **options)
        found = await checkup.examine(await checkup.running())
        return {each.workflow_id.partition("/")[2]: each for each in found}


def _tells(event: HistoryEvent, signal: Observation) -> bool:
    payloads = event.workflow_execution_signaled_event_attributes.input.payloads
    return any(signal.event_id.encode() in payload.data for payload in payloads)


def _is_tried(event: HistoryEvent) -> bool:
    return event.HasField("workflow_task_completed_event_attributes") or event.HasField(
        "workflow_task_failed_event_attributes"
    )


@asynccontextmanager
async def opened_town(folder: Path) -> AsyncIterator[Town]:
    """A town without enrollments, where the version that runs is deployed."""
    database = Database(str(folder / "segue.db"))
    await database.migrate()
    running = Deployed(AsItWas)
    try:
        async with (
            real_server(f"limit.historyCount.suggestContinueAsNew={LONG}") as env,
            opened_house(env, database, build=running) as house,
        ):
            yield Town(house, running)
    finally:
        await database.aclose()
