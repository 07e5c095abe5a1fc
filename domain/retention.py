"""How long what is kept of people is kept, and the job that sees to it, on the wire. Names are frozen."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from domain.model import Value, WireValue

RETAIN: Final = "segue-retention"
"""The workflow type, and the schedule's id."""

RETAIN_BATCH: Final = "retain_batch"

SHORTEST_EVENTS: Final = timedelta(days=400)
"""What sources have told is remembered by events of up to a year, and intent looks back three months."""

Kept = Annotated[timedelta, Field(ge=timedelta(days=7), le=timedelta(days=36_500))]
LongKept = Annotated[timedelta, Field(ge=SHORTEST_EVENTS, le=timedelta(days=36_500))]


class RetentionPolicy(Value):
    """What a deployment keeps, and for how long. None: for ever. Product time."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    run: bool = True
    """Whether the job runs that clears what was kept long enough."""
    bodies: Kept | None = timedelta(days=400)
    """Subject and body of mails, after they were rendered. As long as links in mails lead anywhere, by default."""
    strangers: Kept | None = timedelta(days=180)
    """Visitors without an address and without an order, after they were last there."""
    events: LongKept | None = None
    """Events, after they occurred. What follows from them stays: facts, orders, counts."""
    customers: LongKept | None = None
    """Known customers, after the last event, order, mail, consent or choice. What they refused stays, as a hash."""


class Keeping(StrEnum):
    """What is kept for a time."""

    BODIES = "bodies"
    STRANGERS = "strangers"
    EVENTS = "events"
    CUSTOMERS = "customers"


class Retention(WireValue):
    """The job's input, and what it came to: how many rows were cleared or deleted."""

    bodies: int = 0
    strangers: int = 0
    events: int = 0
    customers: int = 0
    batches: int = 0


class Batch(WireValue):
    """What one batch came to."""

    keeping: str = ""
    """Of what; empty: nothing is left to be done."""
    rows: int = 0
