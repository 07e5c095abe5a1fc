"""The entrance: how a customer comes into a journey on stage. Its trigger is played where that is simple."""

from domain.enrollment import State
from domain.event import CART_VIEWED, StoredEvent
from domain.folding import fold
from rehearsal.stage.playhouse import Playhouse
from rehearsal.stage.samples import properties_of
from workflows.vocabulary.plan import Plan


async def enter(house: Playhouse, plan: Plan, customer: str) -> None:
    """Enroll a customer: report an event that the trigger wants, fill the cart if that helps, else do it by hand.

    Raises:
        SegueError: they are in it already, or it is about something of which the trigger names no event.
    """
    if await _is_in(house, plan, customer):
        return  # what was reported of them has begun it
    event = await _fitting(house, plan, customer)
    if event is None:
        await _fill_cart(house, customer)
        event = await _fitting(house, plan, customer)
    if event is not None:
        await house.report(event, customer, **properties_of(event, plan, await house.now()))
    else:
        await _enroll_by_hand(house, plan, customer)


async def _fitting(house: Playhouse, plan: Plan, customer: str) -> str | None:
    """An event that would begin the journey now."""
    known, events = await house.known(customer), await house.events(customer)
    for name in plan.trigger.in_order():
        now = await house.now()
        event = house.track(name, customer, at=now, properties=properties_of(name, plan, now))
        after = fold(known, event, customer_id=customer)
        stored = StoredEvent(seq=0, customer=customer, event=event, nth=after.nth, starts_visit=after.starts_visit)
        if house.routes.begin(plan, stored, after.customer, event.occurred_at, (*events, stored)) is not None:
            return name
    return None


async def _fill_cart(house: Playhouse, customer: str) -> None:
    """Put the sample product into an empty cart, without an event that begins a journey."""
    if (await house.known(customer)).cart.is_empty:
        await house.report(CART_VIEWED, customer, **properties_of(CART_VIEWED))


async def _enroll_by_hand(house: Playhouse, plan: Plan, customer: str) -> None:
    key = None
    if plan.one_per is not None:
        event = next(iter(plan.trigger.in_order()), CART_VIEWED)
        properties = properties_of(event, plan, await house.now())
        await house.report(event, customer, **properties)  # what the enrollment is about
        key = str(properties[plan.one_per])
    await house.operations.enroll(plan.name, customer, key=key)


async def _is_in(house: Playhouse, plan: Plan, customer: str) -> bool:
    rows = await house.enrollments(customer)
    return any(row.journey == plan.name and row.state is not State.ENDED for row in rows)
