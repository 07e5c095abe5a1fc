"""A visitor who is not signed in, and then is."""

from typing import Any
from uuid import uuid4

from domain import event as names
from domain.event import Event, EventType
from tests.house import ANNA, House


async def visitor_adds_to_cart(house: House) -> None:
    """Somebody who is not signed in puts a lamp into the cart."""
    lamp = {"product_id": "lamp", "name": "Lamp", "price": 49.0}
    event = house.track(names.PRODUCT_ADDED, at=await house.now(), properties=lamp)
    await house.commit(event.model_copy(update={"user_id": None, "anonymous_id": "v1"}))


async def visitor_signs_in(house: House, customer: str | None = ANNA, **traits: Any) -> None:
    """On the visitor's browser; the shop reports both ids. Without a customer only the traits: a newsletter's form."""
    now = await house.now()
    call = Event(
        message_id=str(uuid4()),
        type=EventType.IDENTIFY,
        name="identify",
        user_id=customer,
        anonymous_id="v1",
        occurred_at=now,
        received_at=now,
        properties=traits,
    )
    await house.commit(call)
    await house.dispatch()  # what joined them is told with the next look
