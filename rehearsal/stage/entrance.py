"""The entrance: how a customer comes into a journey on stage. Its trigger is played where that is simple."""

from domain.event import CART_VIEWED
from rehearsal.stage.playhouse import Playhouse
from rehearsal.stage.samples import properties_of
from workflows.vocabulary.plan import Plan


async def enter(house: Playhouse, plan: Plan, customer: str) -> None:
    """Enroll a customer: report an event that the trigger wants, fill the cart if that helps, else do it by hand.

    Raises:
        NoOccasionError: the journey has one enrollment per something, and its trigger names no event to make it from.
    """
    events = sorted(plan.trigger.names() or ())
    if not await _reported(house, plan, customer, events):
        await fill_cart(house, customer)
        if not await _reported(house, plan, customer, events):
            key = str(properties_of("", plan)[plan.one_per]) if plan.one_per else None
            await house.operations.enroll(plan.name, customer, key=key)


async def fill_cart(house: Playhouse, customer: str) -> None:
    """Put the sample product into an empty cart, without an event that begins a journey."""
    if (await house.known(customer)).cart.is_empty:
        await house.report(CART_VIEWED, customer, **properties_of(CART_VIEWED))


async def _reported(house: Playhouse, plan: Plan, customer: str, events: list[str]) -> bool:
    """Report the first of the events, and see whether it begins the journey."""
    if not events:
        return False
    await house.report(events[0], customer, **properties_of(events[0], plan))
    return any(row.journey == plan.name for row in await house.enrollments(customer))
