import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from domain import event as names
from domain.enrollment import State
from domain.event import Event, StoredEvent
from domain.identity import ANONYMOUS_PREFIX
from domain.message import MessageStatus, ledger_id
from domain.retention import Keeping, RetentionPolicy
from mail.links import CLICK_MAX_AGE
from storage.customers import Customers
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.ledger import Ledger
from storage.retention import BATCH, CLICKED_FOR, Part, Place, Retaining, Sweep
from storage.tables import STRANGER, TELLING, EnrollmentRecord, EventRecord, MessageRecord, table_of
from tests.storage.retaining import retain
from tests.storage.samples import NOON, SEND, commit, enrollment, gate_request, identify, ordered, read_customer, track

DAY = timedelta(days=1)
MESSAGES, EVENTS = table_of(MessageRecord), table_of(EventRecord)


async def a_mail(database: Database, step: str, status: MessageStatus) -> str:
    message = ledger_id("enrollment-of-anna", step)
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(gate_request(step), SEND, NOON)
        body: dict[str, Any] = {"subject": "Still yours", "html": "<p>Anna</p>", "text": "Anna"}
        body |= {"links": ["https://shop.example/p"]}
        await ledger.store_body(message, **body, rfc_message_id=f"<{step}>", now=NOON)
        if status is not MessageStatus.RENDERED:
            await ledger.hand_over(message, NOON)
            await ledger.finish(message, status, "taken", NOON)
    return message


async def test_bodies_go_when_links_lead_nowhere_any_more(database: Database) -> None:
    sent, waiting = (
        await a_mail(database, "one", MessageStatus.SENT),
        await a_mail(database, "two", MessageStatus.RENDERED),
    )

    assert (await retain(database, NOON + CLICKED_FOR))[Keeping.BODIES] == 0
    assert (await retain(database, NOON + CLICKED_FOR + DAY))[Keeping.BODIES] == 1

    async with database.read() as session:
        connection = await session.connection()
        row = (await connection.execute(select(MESSAGES).where(MESSAGES.c.id == sent))).mappings().one()
        assert (row["subject"], row["html"], row["text"], row["links"]) == (None, None, None, [])
        assert row["status"] == MessageStatus.SENT, "that it was sent stays in the ledger"
        assert (await Ledger(session).body(waiting)).text == "Anna", "it is still to go"


async def test_links_outlive_a_body_that_goes_early(database: Database) -> None:
    sent = await a_mail(database, "one", MessageStatus.SENT)
    await retain(database, NOON + 31 * DAY, RetentionPolicy(bodies=30 * DAY))
    async with database.read() as session:
        assert await Ledger(session).links(sent) == ("https://shop.example/p",)
    shortly = RetentionPolicy(bodies=30 * DAY)
    assert (await retain(database, NOON + CLICKED_FOR, shortly))[Keeping.BODIES] == 0
    assert (await retain(database, NOON + CLICKED_FOR + DAY, shortly))[Keeping.BODIES] == 1
    async with database.read() as session:
        assert await Ledger(session).links(sent) == (), "nobody can click them any more"


async def test_strangers_go_with_all_that_is_theirs_and_nobody_else_does(database: Database) -> None:
    def visit(visitor: str, name: str = names.PRODUCT_VIEWED, **more: Any) -> Event:
        return track(name, None, anonymous_id=visitor, **more)

    await commit(
        database,
        *(visit(f"v-{number}") for number in range(BATCH + 20)),
        visit("buyer", names.ORDER_COMPLETED, properties={"order_id": "1", "revenue": 1}),
        identify(None, anonymous_id="reader", traits={"email": "reader@example.com"}),
        visit("enrolled"),
        visit("late", at=NOON + 100 * DAY),
        identify("anna", anonymous_id="of-anna"),
    )
    async with database.transaction() as session:
        pending = await EventStore(session).pending(1_000)
        await EventStore(session).mark_dispatched([each.seq for each in pending], NOON)
        await Enrollments(session).open(enrollment(customer="anon-enrolled"))
    await commit(database, visit("waits"))

    assert (await retain(database, NOON + 181 * DAY))[Keeping.STRANGERS] == BATCH + 20

    stay = ["anon-buyer", "anon-reader", "anon-enrolled", "anon-late", "anon-waits", "anna"]
    async with database.read() as session:
        assert sorted(await Customers(session).load([*stay, "anon-v-1", "anon-v-210"])) == sorted(stay)
        assert await EventStore(session).recent("anon-v-1", NOON - DAY) == []


async def test_events_go_and_what_follows_from_them_stays(database: Database) -> None:
    await commit(database, track(names.PRODUCT_VIEWED), ordered("o-1"), track(names.PRODUCT_VIEWED, "ben"))
    async with database.transaction() as session:
        await EventStore(session).mark_dispatched([1, 2, 3], NOON)
        await Enrollments(session).open(enrollment(customer="ben"))
    await commit(database, track(names.PRODUCT_VIEWED))
    policy = RetentionPolicy(events=400 * DAY)

    assert (await retain(database, NOON + 401 * DAY))[Keeping.STRANGERS] == 0
    assert (await retain(database, NOON + 401 * DAY, policy))[Keeping.EVENTS] == 2

    anna = await read_customer(database)
    assert (anna.orders, anna.lifetime_value, anna.counts[names.PRODUCT_VIEWED]) == (1, 120.0, 2)
    async with database.read() as session:
        left = [(each.customer, each.event.name, each.event.properties) for each in await _all(session)]
    assert left == [
        ("anna", names.ORDER_COMPLETED, {}),
        ("ben", names.PRODUCT_VIEWED, {}),
        ("anna", names.PRODUCT_VIEWED, {}),
    ]

    async with database.transaction() as session:
        ended = update(table_of(EnrollmentRecord)).values(state=State.ENDED)
        await (await session.connection()).execute(ended)
    assert (await retain(database, NOON + 401 * DAY, policy))[Keeping.EVENTS] == 1, "ben's, whose journey has ended"


async def _all(session: AsyncSession) -> list[StoredEvent]:
    store = EventStore(session)
    return [each for seq in range(1, 5) if (each := await store.at(seq)) is not None]


def test_where_links_lead_is_kept_as_long_as_they_may_be_clicked() -> None:
    assert CLICKED_FOR == CLICK_MAX_AGE
    assert RetentionPolicy().bodies == CLICK_MAX_AGE


def test_events_are_kept_as_long_as_sources_need_them() -> None:
    with pytest.raises(ValidationError, match="events"):
        RetentionPolicy(events=30 * DAY)


# Who is gone is looked for by the customers' own ids, see `storage.departed`.
@pytest.mark.parametrize("part", [part for part in Part if part is not Part.CUSTOMERS])
async def test_what_is_due_is_found_by_its_index_alone(database: Database, part: Part) -> None:
    index = {
        Part.BODIES: "ix_messages_with_body",
        Part.LINKS: "ix_messages_with_links_alone",
        Part.STRANGERS: "ix_customers_stranger",
        Part.EVENTS: "ix_events_telling",
    }[part]
    async with database.read() as session:
        connection = await session.connection()
        retaining = Retaining(session, RetentionPolicy(events=400 * DAY), NOON)
        statement = retaining.select(part, Place(NOON - 500 * DAY, 1 if part is Part.EVENTS else "a"))
        assert statement is not None
        asked = statement.limit(BATCH).compile(connection.engine, compile_kwargs={"literal_binds": True})
        if database.is_sqlite:
            plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")]
            assert any(f"INDEX {index} (" in step for step in plan), plan
        else:
            # Which is cheapest while nobody is there.
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = [row[0] for row in await connection.exec_driver_sql(f"EXPLAIN {asked}")]
            assert any(f"Scan using {index} " in step for step in plan), plan
        assert not any("SORT" in step.upper() or step.startswith("SCAN") or "TEMP B-TREE" in step for step in plan), (
            plan
        )


async def test_where_nothing_is_due_no_writer_is_waited_for(sqlite_database: Database) -> None:
    await a_mail(sqlite_database, "one", MessageStatus.SENT)
    async with sqlite_database.transaction(), asyncio.timeout(20):
        assert (await Sweep(sqlite_database, RetentionPolicy(events=400 * DAY)).step(NOON)).keeping == ""


async def test_a_sweep_goes_on_behind_what_has_to_stay(sqlite_database: Database) -> None:
    """However much of it there is: it is looked at once."""
    await commit(sqlite_database, *(track(names.PRODUCT_VIEWED, "ben", at=NOON - DAY) for _ in range(BATCH)))
    await commit(sqlite_database, *(track(names.PRODUCT_VIEWED) for _ in range(BATCH + 1)))
    policy, at = RetentionPolicy(events=400 * DAY), NOON + 401 * DAY
    sweep = Sweep(sqlite_database, policy)
    async with sqlite_database.transaction() as session:
        await EventStore(session).mark_dispatched(range(1, 2 * BATCH + 2), NOON)
        found = await Retaining(session, policy, at).find(Part.EVENTS)
        await Enrollments(session).open(enrollment(customer="ben"))
        assert await Retaining(session, policy, at).clear(Part.EVENTS, [place.key for place in found]) == 0
    assert [(await sweep.step(at)).rows for _ in range(3)] == [BATCH, 1, 0]


def test_who_is_a_stranger_is_told_by_their_id() -> None:
    assert f"substr(id, 1, {len(ANONYMOUS_PREFIX)}) = '{ANONYMOUS_PREFIX}'" in STRANGER
    assert f"name <> '{names.ORDER_COMPLETED}'" in TELLING
