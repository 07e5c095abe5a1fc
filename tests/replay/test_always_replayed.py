"""One scenario on a worker that remembers nothing: each wake-up replays the enrollment from its beginning.

What hides from recorded histories shows here: with `workflow_failure_exception_types` the run fails at once where it
would otherwise be tried for ever.
"""

from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from domain.enrollment import OutcomeKind
from temporal import TASK_QUEUE, workflow_runner
from tests.conftest import OpenHouse
from tests.house import ANNA, ActivityMethods
from workflows.catalogue import JOURNEYS

HOUR = timedelta(hours=1)


def forgetful(client: Client, activities: ActivityMethods) -> Worker:
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=list(JOURNEYS.values()),
        activities=activities,
        workflow_runner=workflow_runner(),
        max_cached_workflows=0,
        workflow_failure_exception_types=[Exception],
    )


async def test_a_worker_that_remembers_nothing_plays_both_journeys_as_any_other(open_house: OpenHouse) -> None:
    house = await open_house(build=forgetful)
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    await house.visit()
    await house.advance_to(20 * HOUR)
    await house.order()
    await house.advance_to(50 * 24 * HOUR)
    assert await house.sent() == [
        ("cart/reminder", 1 * HOUR),
        ("cart/urgency", 2 * HOUR),
        ("post_purchase/confirmation", 20 * HOUR),
        ("post_purchase/usage_guide", 92 * HOUR),
        ("post_purchase/complementary", 188 * HOUR),
        ("post_purchase/review_request", 356 * HOUR),
        ("post_purchase/loyalty", 740 * HOUR),
    ]
    converted, completed = await house.outcomes()
    assert (converted.kind, completed.kind) == (OutcomeKind.CONVERTED, OutcomeKind.COMPLETED)
    assert (await house.outcome(f"cart-recovery/{ANNA}")).mails == 2


async def test_an_enrollment_goes_on_where_it_was_when_the_worker_is_replaced(open_house: OpenHouse) -> None:
    house = await open_house()
    await house.identify()
    await house.add_to_cart()
    for hour in (1, 30, 60):
        await house.advance_to(hour * HOUR + timedelta(minutes=10))
        await house.stop_worker()
        await house.start_worker()
    await house.advance_to(80 * HOUR)
    assert [template for template, _ in await house.sent()] == [
        "cart/reminder",
        "cart/objections",
        "cart/social_proof",
        "cart/last_call",
    ]
