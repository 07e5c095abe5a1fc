"""Plays journeys that only tests have: a worker for them, their beginning, and what their steps have seen."""

from datetime import datetime
from functools import partial
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from domain.enrollment import Occasion, Outcome
from storage.enrollments import Enrollments
from temporal import TASK_QUEUE, workflow_runner
from tests.house import ANNA, START, ActivityMethods, House, WorkerFactory
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import Journey
from workflows.vocabulary.routing import Routes


def worker_for(*journeys: type[Journey], **options: Any) -> WorkerFactory:
    """Makes workers that also run these journeys. An error in a journey's code fails it, unless told otherwise."""
    return partial(_build, journeys, {"workflow_failure_exception_types": [Exception], **options})


def _build(
    journeys: tuple[type[Journey], ...], options: dict[str, Any], client: Client, activities: ActivityMethods
) -> Worker:
    names = {journey.plan.name for journey in journeys}
    deployed = [journey for name, journey in JOURNEYS.items() if name not in names]
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[*deployed, *journeys],
        activities=activities,
        workflow_runner=workflow_runner(),
        **options,
    )


async def begin(
    house: House,
    journey: type[Journey],
    settings: dict[str, object] | None = None,
    *,
    customer: str = ANNA,
    at: datetime = START,
) -> WorkflowHandle[Any, Outcome]:
    """Begin a journey that is not deployed."""
    name = journey.plan.name
    routes = Routes({name: journey}, house.clock.paced, {name: settings or {}})
    occasion = Occasion(event_id=f"test-{name}-{customer}", name="Test", occurred_at=at)
    enrollment = routes.enroll(journey.plan, customer, occasion, await house.now())
    async with house.database.transaction() as session:
        await Enrollments(session).open(enrollment.row)
    await house.client.start_workflow(
        name, enrollment.start, id=enrollment.row.workflow_id, task_queue=TASK_QUEUE, result_type=Outcome
    )
    return house.handle(enrollment.row.workflow_id)


async def seen(handle: WorkflowHandle[Any, Outcome]) -> list[str]:
    """What the steps of a `Telling` journey have seen so far."""
    lines: list[str] = await handle.query("seen", result_type=list[str])
    return lines
