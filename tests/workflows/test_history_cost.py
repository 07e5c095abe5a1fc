"""What one stepped mail and one signal cost in Temporal's history (P1), counted on the real server."""

from datetime import timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from domain.signals import Revisit
from storage.database import Database
from tests.house import ANNA, House, opened_house, real_server

CART = f"cart-recovery/{ANNA}"
HOUR = timedelta(hours=1)
FOUR_HOURS_A_SECOND = 14_400.0
"""Faster, and a machine that is busy for a second or two makes mails stale, which are dropped then."""

STEPPED_MAIL = [
    "TIMER_STARTED",
    "TIMER_FIRED",
    "WORKFLOW_TASK_SCHEDULED",
    "WORKFLOW_TASK_STARTED",
    "WORKFLOW_TASK_COMPLETED",
    "MARKER_RECORDED",  # score
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES",  # step and tier
    "MARKER_RECORDED",  # gate
    "MARKER_RECORDED",  # render
    "ACTIVITY_TASK_SCHEDULED",
    "ACTIVITY_TASK_STARTED",
    "ACTIVITY_TASK_COMPLETED",
    "WORKFLOW_TASK_SCHEDULED",
    "WORKFLOW_TASK_STARTED",
    "WORKFLOW_TASK_COMPLETED",
]
"""15 events: timer 2, workflow tasks 6, markers 3, upsert 1, activity 3."""

SIGNAL_DURING_A_WAIT = [
    "WORKFLOW_EXECUTION_SIGNALED",
    "WORKFLOW_TASK_SCHEDULED",
    "WORKFLOW_TASK_STARTED",
    "WORKFLOW_TASK_COMPLETED",
]
"""4 events."""


def name_of(event: HistoryEvent) -> str:
    return EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")


async def history(house: House) -> list[str]:
    return [name_of(event) for event in (await house.handle(CART).fetch_history()).events]


async def test_a_stepped_mail_and_a_signal_cost_what_was_promised(sqlite_database: Database) -> None:
    async with real_server() as env, opened_house(env, sqlite_database, pace=FOUR_HOURS_A_SECOND) as house:
        await house.identify()
        await house.add_to_cart()
        await house.ended(CART)
        events = await history(house)
        # social_proof: a wait, then a mail that no cap defers. It is the last send but one.
        *_, send, _ = [place for place, name in enumerate(events) if name == "ACTIVITY_TASK_SCHEDULED"]
        timer = max(place for place, name in enumerate(events[:send]) if name == "TIMER_STARTED")
        done = events.index("WORKFLOW_TASK_COMPLETED", events.index("ACTIVITY_TASK_COMPLETED", send))
        assert events[timer : done + 1] == STEPPED_MAIL
        assert len(STEPPED_MAIL) <= 15
        assert STEPPED_MAIL.count("ACTIVITY_TASK_SCHEDULED") == 1


async def test_a_signal_that_ends_no_wait_costs_what_was_promised(house: House) -> None:
    await house.identify()
    await house.add_to_cart()
    await house.advance(30 * timedelta(minutes=1))
    before = await history(house)
    await house.handle(CART).signal("revisit", Revisit(event_id="r-1"))
    await house.advance(timedelta(minutes=1))
    assert (await history(house))[len(before) :] == SIGNAL_DURING_A_WAIT
    assert len(SIGNAL_DURING_A_WAIT) <= 5
