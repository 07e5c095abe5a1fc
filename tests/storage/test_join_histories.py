"""Whatever is told of a few people in whatever order, and however often: each is one, with one journey of each kind."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domain.enrollment import State
from domain.event import Event, EventType
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.ledger import Ledger
from storage.tables import AliasRecord, CustomerRecord, JoinRecord, table_of
from tests.storage.samples import NOON, SEND, added, commit, enrollment, gate_request, identify, track

USERS, VISITORS = ("anna", "ben", "carla"), ("v1",)

users, visitors = st.sampled_from(USERS), st.sampled_from(VISITORS)

Call = tuple[str, ...]

calls = st.one_of(
    st.tuples(st.just("identify"), users, visitors),
    st.tuples(st.just("alias"), users, st.sampled_from((*USERS, *VISITORS))),
    st.tuples(st.just("cart"), users),
    st.tuples(st.just("visit"), visitors),
)

Owners = dict[str, str]


def event_of(number: int, call: Call) -> Event:
    """The call as an event, the same each time."""
    match call:
        case ("identify", user, visitor):
            event = identify(user, anonymous_id=visitor)
        case ("alias", user, previous):
            event = track("alias", user, type=EventType.ALIAS, previous_id=previous)
        case ("cart", user):
            event = added("boots", user)
        case (_, visitor):
            event = added("hat", None, anonymous_id=visitor)
    return event.model_copy(update={"message_id": f"e-{number}"})


async def dispatch(database: Database) -> None:
    """Begin a journey with a mail for whoever fills a cart and is in none, as the dispatcher and a worker do."""
    async with database.transaction() as session:
        enrollments, store = Enrollments(session), EventStore(session)
        events = await store.pending(100)
        for stored in events:
            if stored.event.name == "Product Added" and not await enrollments.running([stored.customer]):
                row = enrollment(customer=stored.customer, event_id=stored.event.message_id, state=State.RUNNING)
                await enrollments.open(row)
                asked = gate_request(customer=row.customer, enrollment=row.id)
                await Ledger(session).decide(asked, SEND, NOON)
        await store.mark_dispatched([stored.seq for stored in events], NOON)


async def require_order(database: Database, mails: int) -> int:
    """What must hold at any time. Returns how many mails there are: none is ever lost."""
    async with database.read() as session:
        execute = (await session.connection()).execute
        former = set((await execute(select(table_of(JoinRecord).c.former_id))).scalars())
        everybody = set((await execute(select(table_of(CustomerRecord).c.id))).scalars())
        rows = [row for each in sorted(everybody) for row in await Enrollments(session).of_customer(each)]
        ledger = await Ledger(session).list()
    open_ones = Counter(row.customer for row in rows if row.state is not State.ENDED)
    assert set(open_ones.values()) <= {1}
    whose = {row.id: row for row in rows}
    assert all(mail.customer == whose[mail.enrollment].customer for mail in ledger)
    assert not former & {row.customer for row in rows}
    for mail in ledger:
        assert (mail.status == "dropped") == (whose[mail.enrollment].state is State.ENDED)
    assert len(ledger) >= mails
    return len(ledger)


async def ends_with(template: Path, batches: Sequence[Sequence[Event]]) -> tuple[Owners, Owners, list[tuple[str, str]]]:
    """Whose each event and each id is in the end, and which joins were made."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(template, Path(folder) / "segue.db")
        database = Database(str(Path(folder) / "segue.db"))
        mails = 0
        for batch in batches:
            await commit(database, *batch)
            mails = await require_order(database, mails)
            await dispatch(database)
            mails = await require_order(database, mails)
        async with database.read() as session:
            execute = (await session.connection()).execute
            store = EventStore(session)
            events = {
                stored.event.message_id: stored.customer
                for each in (await execute(select(table_of(CustomerRecord).c.id))).scalars()
                for stored in await store.recent(each, NOON)
            }
            aliases = {
                f"{row.kind} {row.external_id}": row.customer_id for row in await execute(select(table_of(AliasRecord)))
            }
            joins = [(row.former_id, row.joined_to) for row in await execute(select(table_of(JoinRecord)))]
        await database.aclose()
    return events, aliases, joins


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(calls, min_size=2, max_size=9), data=st.data())
def test_repetitions_change_nothing_and_everybody_is_one(
    sqlite_template: Path, told: list[Call], data: st.DataObject
) -> None:
    events = [event_of(number, call) for number, call in enumerate(told)]
    once = [[event] for event in events]

    def told_again(number: int) -> list[Event]:
        return [events[earlier] for earlier in data.draw(st.lists(st.integers(0, number), max_size=2))]

    again = [[*told_again(number), event, *told_again(number)] for number, event in enumerate(events)]

    assert asyncio.run(ends_with(sqlite_template, again)) == asyncio.run(ends_with(sqlite_template, once))
