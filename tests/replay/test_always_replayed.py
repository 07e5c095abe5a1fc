"""One scenario on a worker that remembers nothing: each wake-up replays the enrollment from its beginning.

What hides from recorded histories shows here: with `workflow_failure_exception_types` the run fails at once where it
would otherwise be tried for ever.
"""

from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from domain.enrollment import OutcomeKind
from domain.signals import Purchase
from temporal import TASK_QUEUE, workflow_runner
from tests.conftest import OpenHouse
from tests.house import ANNA, ActivityMethods
from workflows.catalogue import JOURNEYS

HOUR = timedelta(hours=1)
CART = f"cart-recovery/{ANNA}"


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
    # Told directly: an order would begin the other journey, and this worker holds up the second of two at once.
    await house.handle(CART).signal("purchase", Purchase(event_id="p-1", revenue=49.0))
    await house.advance_to(22 * HOUR)
    await house.identify("boris")
    await house.order("boris")
    await house.advance_to(50 * 24 * HOUR)
    assert await house.sent() == [("cart/reminder", 1 * HOUR), ("cart/urgency", 2 * HOUR)]
    assert await house.sent("boris") == [
        ("post_purchase/confirmation", 22 * HOUR),
        ("post_purchase/usage_guide", 94 * HOUR),
        ("post_purchase/complementary", 190 * HOUR),
        ("post_purchase/review_request", 358 * HOUR),
        ("post_purchase/loyalty", 742 * HOUR),
    ]
    assert (await house.outcome(CART)).kind is OutcomeKind.CONVERTED
    assert (await house.outcome("post-purchase/boris/o-1")).kind is OutcomeKind.COMPLETED
