"""Sample values for the store's tests."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from domain import event as names
from domain.calls import GateRequest
from domain.customer import Customer
from domain.enrollment import EnrollmentRow, Occasion, State, enrollment_id, workflow_id
from domain.event import Event, EventType
from domain.gate import Ask
from domain.message import Decision, Kind, Stage, Verdict
from storage.customers import Customers
from storage.database import Database
from storage.events import Committed, EventStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

SEND = Decision(verdict=Verdict.SEND, reason="all rules of the gate hold")
DROP = Decision(verdict=Verdict.DROP, reason="no email address is known")

_numbers = itertools.count(1)


def track(name: str, user: str | None = "anna", *, at: datetime = NOON, **fields: Any) -> Event:
    """A track call. Without a message id it gets a new one."""
    values = {
        "message_id": f"event-{next(_numbers)}",
        "type": EventType.TRACK,
        "name": name,
        "user_id": user,
        "occurred_at": at,
        "received_at": at,
    }
    return Event(**(values | fields))


def identify(
    user: str | None = "anna", *, at: datetime = NOON, traits: dict[str, Any] | None = None, **fields: Any
) -> Event:
    """An identify call."""
    return track("identify", user, at=at, type=EventType.IDENTIFY, properties=traits or {}, **fields)


def added(product: str = "boots", user: str | None = "anna", *, at: datetime = NOON, **fields: Any) -> Event:
    """A product goes into the cart."""
    properties = {"product_id": product, "name": product.title(), "price": 120.0, "quantity": 1}
    return track(names.PRODUCT_ADDED, user, at=at, **({"properties": properties} | fields))


def ordered(order: str = "1001", user: str | None = "anna", *, at: datetime = NOON, **fields: Any) -> Event:
    """An order of 120."""
    properties = {"order_id": order, "revenue": 120.0, "currency": "EUR"}
    return track(names.ORDER_COMPLETED, user, at=at, **({"properties": properties} | fields))


async def commit(database: Database, *events: Event) -> Committed:
    """Commit a batch in a transaction of its own."""
    async with database.transaction() as session:
        return await EventStore(session).commit(events)


async def crash(database: Database, *events: Event) -> None:
    """Commit a batch in a transaction that then fails with ZeroDivisionError."""
    async with database.transaction() as session:
        await EventStore(session).commit(events)
        raise ZeroDivisionError


async def read_customer(database: Database, customer: str = "anna") -> Customer:
    """The facts now."""
    async with database.read() as session:
        return await Customers(session).get(customer)


def gate_request(
    step: str = "reminder", customer: str = "anna", *, kind: Kind = Kind.MARKETING, **fields: Any
) -> GateRequest:
    """A step asks the gate."""
    values = {
        "enrollment": f"enrollment-of-{customer}",
        "workflow_id": f"cart-recovery/{customer}",
        "journey": "cart-recovery",
        "customer": customer,
        "step": step,
        "template": f"cart/{step}",
        "ask": Ask(kind=kind, topic="cart reminders", stage=Stage.PURCHASE, due_at=NOON),
        "occasion": Occasion(event_id="event-1", name=names.PRODUCT_ADDED, seq=1, occurred_at=NOON),
        "ends_on": (names.ORDER_COMPLETED,),
        "at": NOON,
    }
    return GateRequest(**(values | fields))


def enrollment(
    journey: str = "cart-recovery", customer: str = "anna", event_id: str = "event-1", **fields: Any
) -> EnrollmentRow:
    """An enrollment that was decided and not admitted yet."""
    values = {
        "id": enrollment_id(journey, customer, event_id),
        "workflow_id": workflow_id(journey, customer),
        "journey": journey,
        "customer": customer,
        "state": State.STARTING,
        "occasion": Occasion(event_id=event_id, name=names.PRODUCT_ADDED, seq=1, occurred_at=NOON),
        "started_at": NOON,
    }
    return EnrollmentRow(**(values | fields))
