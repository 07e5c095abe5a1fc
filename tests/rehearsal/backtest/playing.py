"""Plays a script on the whole house, and says what came of it as a backtest predicts it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.civil import QuietHours
from domain.event import Event
from domain.gate import GatePolicy
from rehearsal.backtest.course import Course
from storage.events import EventStore
from tests.house import START, TOLERANCE, House

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

POLICY = GatePolicy(quiet=QuietHours())

BY_PAGE = "by page"
"""Property of what a page reports, with its own key."""

Scheduled = tuple[timedelta, str, str, dict[str, Any]]
"""When, who, what, with which properties."""

Played = dict[str, tuple[list[tuple[str, timedelta]], list[str]]]
"""By customer: the mails, to the minute after the beginning, and how each enrollment that has ended did."""


def predicted(courses: Iterable[Course], customers: Iterable[str], ends: datetime) -> Played:
    """What a backtest says of each customer, up to a moment."""
    by_customer: Played = {customer: ([], []) for customer in customers}
    for course in courses:
        sent, ended = by_customer[course.customer]
        sent += [(mail.template, _minute(mail.at)) for mail in course.mails if mail.at <= ends]
        if course.ended_at is not None and course.ended_at <= ends and course.outcome is not None:
            ended.append(f"{course.outcome.kind.value}: {course.outcome.why}, {course.outcome.mails} mails")
    return by_customer


async def play(
    house: House,
    customers: list[str],
    script: Iterable[Scheduled],
    until: timedelta,
    mailboxes: Mapping[str, str] | None = None,
) -> list[Event]:
    """Let it all happen, and return the events that were stored. `mailboxes`: whose is not their own."""
    for customer in customers if script else ():
        shared = (mailboxes or {}).get(customer)
        await house.identify(customer, **({"email": shared} if shared else {}))
    for after, customer, name, properties in script:
        await house.advance_to(after)
        event = house.track(name, customer, at=await house.now(), properties=properties)
        await house.commit(event.model_copy(update={"public": BY_PAGE in properties}))
        await house.dispatch_held()
    await house.advance_to(until)
    found = []
    async with house.database.read() as session:
        for customer in customers:
            found += await EventStore(session).recent(customer, START - DAY)
    return [stored.event for stored in sorted(found, key=lambda each: each.seq) if stored.event.name != "Cart Emptied"]


async def what_came_of_it(house: House, customers: list[str]) -> Played:
    """What the product did to each customer."""
    played: Played = {}
    for customer in customers:
        rows = [row for row in await house.ledger(customer) if row.sent_at is not None]
        outcomes = await house.outcomes(customer)
        played[customer] = (
            [(row.template, _minute(row.sent_at)) for row in rows if row.sent_at is not None],
            [f"{each.kind.value}: {each.why}, {each.mails} mails" for each in outcomes],
        )
    return played


def _minute(moment: datetime) -> timedelta:
    """To the minute, give or take what the work itself takes."""
    after = moment - START + TOLERANCE
    return after - after % MINUTE
