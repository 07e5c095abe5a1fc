"""What is owed by the word of a page: it waits for a backend's word about the same thing."""

from datetime import timedelta
from typing import Any

import pytest

from domain import event as names
from domain.event import Event
from domain.gate import GatePolicy
from domain.message import Kind, Verdict
from storage.database import Database
from storage.events import EventStore
from tests.activities.crew import Crew, asking
from tests.house import NO_QUIET_HOURS
from tests.storage.samples import NOON, commit, identify, ordered, track
from workflows.vocabulary.routing import occasion_of

DAY = timedelta(days=1)


async def verdict(crew: Crew, began: Event, customer: str = "anna") -> Verdict:
    """What the gate says of a mail that the event owes."""
    async with crew.database.read() as session:
        [stored] = [
            each
            for each in await EventStore(session).of_names(customer, [began.name])
            if each.event.message_id == began.message_id
        ]
    request = asking(customer=customer, step="confirmation", kind=Kind.TRANSACTIONAL)
    request = request.model_copy(update={"occasion": occasion_of(stored), "ends_on": ()})
    return (await crew.gate.decide_message(request)).decision.verdict


def webinar(number: str, **fields: Any) -> Event:
    return track(names.WEBINAR_REGISTERED, properties={"webinar_id": number}, **fields)


@pytest.mark.parametrize(
    ("began", "others", "expected"),
    [
        (ordered(), (), Verdict.SEND),
        (ordered(public=True), (), Verdict.DEFER),
        (ordered(public=True), (ordered(public=True),), Verdict.DEFER),
        (ordered(public=True), (ordered("1002"),), Verdict.DEFER),
        (ordered(public=True), (ordered(at=NOON + 30 * DAY),), Verdict.SEND),
        (webinar("w1", public=True), (webinar("w2"),), Verdict.DEFER),
        (webinar("w1", public=True), (webinar("w1"),), Verdict.SEND),
        (track(names.TRIAL_STARTED, public=True), (track(names.TRIAL_STARTED, at=NOON - 300 * DAY),), Verdict.DEFER),
        (track(names.TRIAL_STARTED, public=True), (track(names.TRIAL_STARTED),), Verdict.SEND),
    ],
    ids=[
        "a backend's",
        "a page's alone",
        "another page's word is none",
        "of another order",
        "of the order, however late",
        "of another webinar",
        "of the webinar",
        "of a trial long ago",
        "of the trial",
    ],
)
async def test_it_takes_a_backends_word(
    sqlite_database: Database, began: Event, others: tuple[Event, ...], expected: Verdict
) -> None:
    crew = Crew(sqlite_database)
    await commit(sqlite_database, identify(traits={"email": "anna@shop.example"}), began, *others)
    assert await verdict(crew, began) is expected


async def test_a_backends_word_about_somebody_else_is_none(database: Database) -> None:
    crew, began = Crew(database), track(names.TRIAL_STARTED, public=True)
    await commit(database, identify(traits={"email": "anna@shop.example"}), began, track(names.TRIAL_STARTED, "ben"))
    assert await verdict(crew, began) is Verdict.DEFER


async def test_a_shop_may_trust_its_pages(sqlite_database: Database) -> None:
    crew, began = Crew(sqlite_database, policy=GatePolicy(quiet=NO_QUIET_HOURS, pages_owe=True)), ordered(public=True)
    await commit(sqlite_database, identify(traits={"email": "anna@shop.example"}), began)
    assert await verdict(crew, began) is Verdict.SEND
