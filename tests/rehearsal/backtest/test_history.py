"""A recording folded: the same facts as the store has, and each as of any moment."""

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import InvalidEventError
from domain.event import Event
from rehearsal.backtest.events import read_call
from rehearsal.backtest.history import History
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from tests.rehearsal.backtest.recordings import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    added,
    call,
    event,
    identified,
    only,
    ordered,
    run,
    the_end,
)

ANNA = {"email": "anna@shop.example", "consent": True}


def anonymous(after: timedelta, name: str, **properties: Any) -> Event:
    return read_call({**call(after, name, **properties), "userId": None, "anonymousId": "visitor"})


def logs_in(after: timedelta) -> Event:
    made = {**call(after, ""), "type": "identify", "anonymousId": "visitor", "traits": ANNA}
    return read_call(made)


RECORDING = [
    anonymous(0 * HOUR, "Product Viewed", product_id="lamp"),
    anonymous(1 * MINUTE, "Product Added", product_id="lamp", price=49),
    added(2 * MINUTE, "bert"),
    event(3 * MINUTE, "Product Removed", "bert", product_id="lamp"),
    logs_in(5 * MINUTE),
    anonymous(6 * MINUTE, "Product Viewed", product_id="desk"),
    ordered(1 * DAY, "anna"),
    ordered(1 * DAY + HOUR, "anna"),  # the same order, reported again
    identified(2 * DAY, "bert@shop.example", timezone="Europe/Vienna"),  # an id that may not travel
    event(3 * DAY, "Unsubscribed", "bert"),
]


async def test_folding_a_recording_leads_to_what_the_store_has(database: Database) -> None:
    history = History(RECORDING)
    for each in RECORDING:
        async with database.transaction() as session:
            await EventStore(session).commit([each])
    async with database.read() as session:
        for customer in ("anna", "bert", "anon-visitor"):
            timeline = history.timelines[customer]
            assert timeline.newest == await Customers(session).get(customer)
            stored = await EventStore(session).recent(timeline.at(MONDAY + 9 * DAY).customer, MONDAY - DAY)
            assert timeline.events(MONDAY + 9 * DAY) == stored


def test_facts_are_those_of_the_moment() -> None:
    bert = History(RECORDING).timelines["bert"]

    assert not bert.facts(MONDAY + 2 * MINUTE).cart.is_empty
    assert bert.facts(MONDAY + 3 * MINUTE).cart.is_empty
    assert [told.stored.event.name for told in bert.told] == [
        "Product Added",
        "Product Removed",
        "Cart Emptied",  # concluded, as in the store
        "Unsubscribed",
    ]
    assert not bert.allowed("any", MONDAY + 2 * DAY).opted_out
    assert bert.allowed("any", MONDAY + 3 * DAY).opted_out


def test_an_id_that_may_not_travel_gets_the_same_one_each_time() -> None:
    ids = [[*History(RECORDING).timelines] for _ in range(2)]

    assert ids[0] == ids[1]
    assert not [customer for customer in ids[0] if "@" in customer]


def test_the_journey_of_a_visitor_goes_on_for_whom_they_turn_out_to_be() -> None:
    enrolled = only(*RECORDING[:2], logs_in(30 * MINUTE), the_end(20 * DAY), strict=True)

    assert enrolled.customer == "anna"
    assert [mail.template for mail in enrolled.mails][:1] == ["cart/reminder"]


def test_of_two_carts_of_one_person_one_journey_goes_on() -> None:
    courses = run(*RECORDING[:2], added(5 * MINUTE, "anna"), logs_in(30 * MINUTE), the_end(20 * DAY), strict=True)

    assert [course.customer for course in courses] == ["anna", "anna"]
    assert [course.result for course in courses] == ["completed", "superseded"]  # the visitor's began earlier
    assert [len(course.mails) > 0 for course in courses] == [True, False]


def test_a_mail_of_before_counts_for_whom_the_visitor_turns_out_to_be() -> None:
    kept = only(*RECORDING[:2], logs_in(3 * HOUR), event(30 * HOUR, "Product Added", "anna", product_id="desk"))

    assert kept.customer == "anna"
    assert len({mail.template for mail in kept.mails}) == len(kept.mails)


def test_lines_in_any_order_and_repeated_ones_count_once_in_the_order_of_time() -> None:
    first = added(0 * HOUR)
    assert run(the_end(DAY), first, first) == run(first, the_end(DAY))
    assert History([first, first]).events == 1


def test_a_call_must_say_when_it_happened() -> None:
    with pytest.raises(InvalidEventError, match="timestamp: is missing: a backtest must know when it happened"):
        read_call({**call(0 * HOUR, "Product Added"), "timestamp": None})
    with pytest.raises(InvalidEventError, match="timestamp: must be an ISO 8601 moment"):
        read_call({**call(0 * HOUR, "Product Added"), "timestamp": "yesterday"})
    with pytest.raises(InvalidEventError, match="messageId"):
        read_call({**call(0 * HOUR, "Product Added"), "messageId": ""})
