"""What happens in the database when two customers turn out to be one."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Float, Integer, func, select, text
from temporalio.testing import ActivityEnvironment

from activities.enrollments import EnrollmentActivities
from domain.calls import CloseRequest
from domain.clock import SystemClock
from domain.enrollment import Outcome, OutcomeKind, State
from domain.event import Event, EventType
from domain.joining import CustomerJoin
from domain.message import MessageStatus
from storage.columns import UtcDateTime
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.export import Export
from storage.exposures import Exposures
from storage.join_log import JoinLog
from storage.joining import APART, Joining, moved_columns
from storage.ledger import Ledger
from storage.permissions import Permissions
from storage.tables import Record
from tests.stack.waiting import until
from tests.storage.samples import (
    DROP,
    MINUTE,
    NOON,
    SEND,
    added,
    commit,
    enrollment,
    gate_request,
    identify,
    ordered,
    read_customer,
    track,
)

VISITOR, ANNA = enrollment(customer="anon-v1"), enrollment(customer="anna")


def alias(previous: str, user: str) -> Event:
    return track("alias", user, type=EventType.ALIAS, previous_id=previous)


async def open_both(database: Database) -> None:
    """A visitor and Anna fill a cart each; a journey runs for each."""
    await commit(database, added("hat", None, anonymous_id="v1"), added("boots", "anna"))
    async with database.transaction() as session:
        for row in (VISITOR, ANNA):
            await Enrollments(session).open(row)
            await Enrollments(session).admit(row.id, row.workflow_id, "run-1", NOON)


async def write(database: Database, row: Any, step: str = "reminder", *, is_sent: bool = False) -> str:
    """A message of an enrollment, claimed or sent."""
    request = gate_request(step, row.customer, enrollment=row.id)
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(request, SEND, NOON)
        (message,) = [each.id for each in await ledger.list() if (each.enrollment, each.step) == (row.id, step)]
        if is_sent:
            await ledger.store_body(
                message, subject="s", html="h", text="t", links=(), rfc_message_id=f"<{message}@x>", now=NOON
            )
            await ledger.hand_over(message, NOON)
            await ledger.finish(message, MessageStatus.SENT, "accepted", NOON)
    return message


async def joins_of(database: Database, customer: str = "anna") -> list[CustomerJoin]:
    async with database.read() as session:
        return await JoinLog(session).of_customer(customer)


async def states(database: Database, customer: str = "anna") -> dict[str, State]:
    async with database.read() as session:
        return {row.workflow_id: row.state for row in await Enrollments(session).of_customer(customer)}


async def test_two_carts_and_one_person_are_one_journey(database: Database) -> None:
    await open_both(database)
    waiting, sent = await write(database, VISITOR), await write(database, ANNA, is_sent=True)
    sign_in = identify("anna", anonymous_id="v1", at=NOON + MINUTE)

    await commit(database, sign_in)

    assert await states(database) == {"cart-recovery/anon-v1": State.ENDED, "cart-recovery/anna": State.RUNNING}
    async with database.read() as session:
        ended = await Enrollments(session).get(VISITOR.id)
        rows = {row.id: row for row in await Ledger(session).list(customer="anna")}
    assert ended is not None
    assert ended.outcome is not None
    assert (ended.outcome.kind, ended.outcome.mails) == (OutcomeKind.SUPERSEDED, 0)
    assert ended.outcome.why == "two customers turned out to be one: cart-recovery/anna goes on for both"
    assert {waiting: rows[waiting].status, sent: rows[sent].status} == {waiting: "dropped", sent: "sent"}
    (join,) = await joins_of(database)
    assert (join.former, join.joined_to, join.event_id, join.told_at) == ("anon-v1", "anna", sign_in.message_id, None)
    assert join.moved == {"events": 1, "enrollments": 1, "messages": 1}
    assert [each.enrollment for each in join.superseded] == [VISITOR.id]
    assert join.carried == ()


async def test_a_journey_that_is_just_ending_and_a_join_do_not_wait_in_a_circle(
    postgresql_database: Database,
) -> None:
    """Both want the visitor's enrollment and its message, which somebody else holds until both are under way."""
    database = postgresql_database
    await open_both(database)
    message = await write(database, VISITOR)
    outcome = Outcome(kind=OutcomeKind.EXITED, why="cart emptied")
    request = CloseRequest(enrollment=VISITOR.id, outcome=outcome, at=NOON)
    close = EnrollmentActivities(database, SystemClock()).close
    async with asyncio.TaskGroup() as both, database.transaction() as session:
        held = text("SELECT id FROM messages WHERE id = :message FOR UPDATE")
        await (await session.connection()).execute(held, {"message": message})
        both.create_task(ActivityEnvironment().run(close, request))
        await until(lambda: waiting_for_locks(database), lambda count: count == 1)
        both.create_task(commit(database, identify("anna", anonymous_id="v1")))
        await until(lambda: waiting_for_locks(database), lambda count: count == 2)

    assert await states(database) == {"cart-recovery/anon-v1": State.ENDED, "cart-recovery/anna": State.RUNNING}
    assert [join.superseded for join in await joins_of(database)] == [()]


async def waiting_for_locks(database: Database) -> int:
    """How many transactions wait for another."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with database.read() as session:
        return int((await (await session.connection()).execute(text(waiting))).scalar_one())


async def test_a_visitors_journey_goes_on_for_whom_they_turn_out_to_be(database: Database) -> None:
    await commit(database, added("hat", None, anonymous_id="v1"))
    async with database.transaction() as session:
        await Enrollments(session).open(VISITOR)
    await commit(database, identify("anna", anonymous_id="v1"))

    assert await states(database) == {"cart-recovery/anon-v1": State.STARTING}
    assert [join.carried for join in await joins_of(database)] == [(VISITOR.id,)]
    assert await states(database, "anon-v1") == {}


async def test_told_again_nothing_is_joined_again(database: Database) -> None:
    await open_both(database)
    sign_in, to_ben = identify("anna", anonymous_id="v1"), identify("ben", anonymous_id="v1")
    await commit(database, sign_in)
    await commit(database, to_ben)
    before = await joins_of(database)

    for again in ([sign_in], [sign_in, to_ben], [sign_in, added("scarf", None, anonymous_id="v1")]):
        await commit(database, *again)

    assert await joins_of(database) == before
    assert [line.product_id for line in (await read_customer(database, "ben")).cart.lines] == ["scarf"]


async def test_who_uses_the_device_next_gets_nothing_of_who_was_there_before(database: Database) -> None:
    await open_both(database)
    await write(database, VISITOR)
    await commit(database, identify("anna", anonymous_id="v1"))
    await commit(database, identify("ben", anonymous_id="v1"), added("scarf", None, anonymous_id="v1"))

    assert await states(database, "ben") == {}
    async with database.read() as session:
        assert await Ledger(session).list(customer="ben") == []
        assert [each.event.name for each in await EventStore(session).recent("ben", NOON - MINUTE)] == [
            "identify",
            "Product Added",
        ]
    assert await joins_of(database, "ben") == []


async def test_a_chain_keeps_its_story_and_ends_with_one_journey(database: Database) -> None:
    await open_both(database)
    await commit(database, identify("anna", anonymous_id="v1"))
    await commit(database, alias("anna", "customer-42"))

    joins = await joins_of(database, "customer-42")
    assert [(join.former, join.joined_to) for join in joins] == [("anon-v1", "anna"), ("anna", "customer-42")]
    assert [*(await states(database, "customer-42")).values()].count(State.RUNNING) == 1
    assert await joins_of(database, "anna") == []


async def test_the_known_customers_variant_stays(database: Database) -> None:
    await open_both(database)
    async with database.transaction() as session:
        exposures = Exposures(session)
        await exposures.assign("anon-v1", "subject", "b", VISITOR.id, NOON - MINUTE)
        await exposures.assign("anon-v1", "offer", "b", VISITOR.id, NOON)
        await exposures.assign("anna", "subject", "a", ANNA.id, NOON)
    await commit(database, identify("anna", anonymous_id="v1"))
    async with database.transaction() as session:
        given = [await Exposures(session).assign("anna", each, "c", ANNA.id, NOON) for each in ("subject", "offer")]
    assert given == ["a", "b"]
    (join,) = await joins_of(database)
    assert (join.dropped, join.moved["exposures"]) == ({"exposures": 1}, 1)


@pytest.mark.parametrize(
    ("known", "visitor", "by_page", "goes_along"),
    [
        ("anna@shop.example", "other@shop.example", False, False),
        ("anna@shop.example", "anna@shop.example", True, True),
        (None, "other@shop.example", True, True),
        ("anna@shop.example", None, False, True),
        ("anna@shop.example", None, True, False),
    ],
)
async def test_what_was_said_for_another_mailbox_stays_there(
    database: Database, known: str | None, visitor: str | None, by_page: bool, goes_along: bool
) -> None:
    said = {"consent": {"news": True}} | ({"email": visitor} if visitor else {})
    await commit(database, identify("anna", traits={"email": known} if known else {}))
    await commit(database, identify(None, anonymous_id="v1", traits=said))
    await commit(database, track("Unsubscribed", None, anonymous_id="v1", properties={"topic": "offers"}))

    await commit(database, identify("anna", anonymous_id="v1", at=NOON + MINUTE, public=by_page))

    assert (await read_customer(database, "anna")).email == (known or visitor)
    whose, others = ("anna", "anon-v1") if goes_along else ("anon-v1", "anna")
    async with database.read() as session:
        permissions = Permissions(session)
        assert [await permissions.consent(each, "news") for each in (whose, others)] == [True, None]
        assert [await permissions.opt_outs(each) for each in (whose, others)] == [{"offers"}, frozenset()]
        exported = await Export(session).of("anna")
    assert [len(exported[table]) for table in ("consents", "opt_outs")] == [1, 1]
    (join,) = await joins_of(database)
    assert ({"consents", "opt_outs"} <= {*join.moved}) is goes_along


async def test_two_that_sign_in_at_once_are_joined_once_each(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    await open_both(databases[0])
    await commit(databases[0], added("scarf", None, anonymous_id="v2"))
    sign_ins = [identify("anna", anonymous_id="v1"), identify("anna", anonymous_id="v2"), alias("anna", "customer-42")]

    await asyncio.gather(
        *(commit(each, sign_in) for each, sign_in in zip(databases, [*sign_ins, sign_ins[0]], strict=True))
    )

    joins = await joins_of(databases[0], "customer-42")
    assert {join.former for join in joins} >= {"anon-v1", "anna"}
    assert len({join.former for join in joins}) == len(joins)
    assert [*(await states(databases[0], "customer-42")).values()].count(State.RUNNING) == 1
    await asyncio.gather(*(each.aclose() for each in databases))


async def test_an_order_of_before_counts_for_the_one_they_turn_out_to_be(database: Database) -> None:
    await open_both(database)
    await commit(database, ordered("1", None, anonymous_id="v1", at=NOON + MINUTE))
    await commit(database, identify("anna", anonymous_id="v1", at=NOON + 2 * MINUTE))
    async with database.read() as session:
        ended_by = await EventStore(session).ended_by("anna", ["Order Completed"], ANNA.occasion)
    assert ended_by == "Order Completed"


async def test_a_dropped_message_is_no_mail(database: Database) -> None:
    await open_both(database)
    async with database.transaction() as session:
        await Ledger(session).decide(gate_request("reminder", "anna", enrollment=ANNA.id), DROP, NOON)
        assert await Ledger(session).said([ANNA.id, VISITOR.id]) == {}


def test_every_table_that_names_a_customer_is_moved_or_set_apart() -> None:
    """A new table with a customer's id in a column of another name must be known to `storage.personal`."""
    named = {
        table.name
        for table in Record.metadata.sorted_tables
        if table.name == "customers" or any(column.name in ("customer_id", "customer") for column in table.c)
    }
    moved = {column.table.name for column in moved_columns()}
    assert moved | APART == named
    assert not APART & moved


async def test_no_row_of_any_table_stays_behind(database: Database) -> None:
    """A row of each for the old one, and one like it for the new one: what cannot be both is one, the rest are two."""
    cause = identify("anna", anonymous_id="v1")
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(
            Record.metadata.tables["customers"].insert(), [_customer("anon-v1"), _customer("anna")]
        )
        for number, whose in enumerate(("anon-v1", "anna"), start=1001):  # no number that is given out
            for owner in moved_columns():
                await connection.execute(owner.table.insert(), [_row(owner, whose, number)])
        await Joining(session).join("anon-v1", "anna", cause)
        for owner in moved_columns():
            counted = await connection.execute(select(owner, func.count()).group_by(owner))
            found = {row[0]: row[1] for row in counted}
            assert set(found) == {"anna"}, owner.table.name


def _customer(identifier: str) -> dict[str, Any]:
    blank = {"traits": {}, "cart": {}, "counts": {}, "orders": 0, "lifetime_value": 0.0}
    return blank | {"id": identifier, "first_seen_at": NOON, "last_seen_at": NOON}


def _row(owner: Column[Any], whose: str, number: int) -> dict[str, Any]:
    """A row that says nothing but whose it is, and is like no other where it must not be."""
    table = owner.table
    row = {column.name: _value(column.type, f"{number}", number) for column in table.c if not column.nullable}
    for column in table.c:
        for key in column.foreign_keys:
            row[column.name] = number if key.column.name == "seq" else whose
    return row | {owner.name: whose} | ({"state": "ended", "outcome": None} if table.name == "enrollments" else {})


def _value(kind: Any, text: str, number: int) -> Any:
    match kind:
        case Boolean():
            return False
        case Integer() | Float():
            return number
        case UtcDateTime():
            return NOON
        case JSON():
            return {}
        case _:
            return text
