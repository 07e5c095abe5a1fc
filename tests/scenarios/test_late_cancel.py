"""An operator's cancel that comes when the ending is known already: it changes nothing, and nothing is lost."""

from datetime import timedelta

import pytest

from domain import calls
from domain.enrollment import OutcomeKind
from domain.signals import Purchase
from tests.conftest import OpenHouse
from tests.house import ANNA, House
from tests.workflows.playing import worker_for

CART = f"cart-recovery/{ANNA}"
HOUR = timedelta(hours=1)


@pytest.fixture
async def forgetful(open_house: OpenHouse) -> House:
    """Its worker remembers no run, so that none waits for a worker that was stopped."""
    return await open_house(build=worker_for(max_cached_workflows=0))


async def begin(house: House) -> None:
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)


async def purchase(house: House) -> None:
    """Told directly: an order begins another journey, and such a worker holds up the second of two at once."""
    await house.handle(CART).signal("purchase", Purchase(event_id="p-1", revenue=49.0))


async def require_conversion(house: House) -> None:
    outcome = await house.ended(CART)
    assert (outcome.kind, outcome.why, outcome.revenue) == (OutcomeKind.CONVERTED, "order completed", 49)
    await house.heard(CART, "WORKFLOW_EXECUTION_COMPLETED")


async def test_a_cancel_that_is_read_together_with_an_order_loses_no_conversion(forgetful: House) -> None:
    await begin(forgetful)
    await forgetful.stop_worker()
    await purchase(forgetful)
    await forgetful.handle(CART).cancel()
    await forgetful.start_worker()
    await require_conversion(forgetful)


async def test_a_cancel_that_is_read_before_the_order_it_follows_loses_no_conversion(forgetful: House) -> None:
    """The worker reads signals first, whatever came first."""
    await begin(forgetful)
    await forgetful.stop_worker()
    await forgetful.handle(CART).cancel()
    await purchase(forgetful)
    await forgetful.start_worker()
    await require_conversion(forgetful)


async def test_a_cancel_while_the_conversion_is_being_recorded_does_not_cut_the_recording(house: House) -> None:
    await begin(house)
    house.hooks.before(calls.CLOSE, house.handle(CART).cancel)
    await house.order()
    await require_conversion(house)


async def test_a_cancel_while_the_last_mail_of_an_ended_journey_is_handed_over_keeps_the_ending(house: House) -> None:
    await house.identify()
    await house.add_to_cart()

    async def order_and_cancel() -> None:
        await house.order()
        await house.handle(CART).cancel()

    house.hooks.before(calls.SEND, order_and_cancel)
    await house.advance_to(2 * HOUR)
    await require_conversion(house)
