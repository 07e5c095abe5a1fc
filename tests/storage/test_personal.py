"""Whatever table tells something of a customer is exported, and is empty of them once they are erased."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from domain import event as names
from domain.enrollment import State
from domain.errors import UnknownCustomerError
from domain.feedback import Happening
from storage.customers import Customers
from storage.database import Database
from storage.erasures import Erasure, Erasures, StillEnrolledError
from storage.events import EventStore
from storage.export import Export
from storage.personal import IMPERSONAL, erased_columns, personal_columns
from storage.salt import SALTED
from storage.suppressions import Suppressions
from storage.tables import Record
from tests.storage.everything import contents, fill
from tests.storage.samples import NOON, added, commit, identify, ordered, read_customer, track

ADDRESS = "anna@example.com"
LATER = NOON + timedelta(hours=1)


async def request(database: Database, customer: str = "anna") -> Erasure:
    async with database.transaction() as session:
        assert await Erasures(session).request(customer, "a test", NOON)
    async with database.read() as session:
        [erasure] = await Erasures(session).open()
    return erasure


async def forget(database: Database, erasure: Erasure) -> dict[str, int]:
    async with database.transaction() as session:
        return (await Erasures(session).forget(erasure, LATER)).rows


def test_every_table_is_personal_or_says_why_not() -> None:
    personal = {column.table.name for column in personal_columns()}
    assert personal.isdisjoint(IMPERSONAL)
    assert personal | IMPERSONAL.keys() == {table.name for table in Record.metadata.sorted_tables}, (
        "name the column of the customer's id `customer_id`, or say in storage.personal why there is none"
    )
    assert personal - {column.table.name for column in erased_columns()} == {"suppressions", "erasures"}


async def test_an_export_tells_everything_about_one_customer_and_nothing_of_another(database: Database) -> None:
    await fill(database, "anna", ADDRESS)
    await fill(database, "ben", "ben@example.com")
    await request(database)

    async with database.read() as session:
        tables = await Export(session).of("anna")

    assert tables.keys() == {column.table.name for column in personal_columns()}
    assert all(tables.values()), [name for name, rows in tables.items() if not rows]
    assert tables["customers"][0]["email"] == ADDRESS
    assert [event["name"] for event in tables["events"]] == ["identify", "Product Added", "Order Completed"]
    assert tables["events"][0]["occurred_at"] == NOON.isoformat()
    assert "ben" not in str(tables)


async def test_forgetting_leaves_a_salted_hash_and_a_date(database: Database) -> None:
    await fill(database, "anna", ADDRESS)
    await fill(database, "ben", "ben@example.com")
    before = await contents(database)
    erasure = await request(database)

    rows = await forget(database, erasure)
    again = await forget(database, erasure)

    assert all(rows.values()), rows
    assert not any(again.values())
    after = await contents(database)
    assert "anna" not in str(after).replace("visitor-of-", "")
    for column in erased_columns():
        mine = [row for row in before[column.table.name] if row[column.name] == "ben"]
        assert [row for row in after[column.table.name] if row[column.name] == "ben"] == mine != []
    [left] = after["erasures"]
    assert left == {"id": erasure.id, "customer_id": None, "source": "a test", "asked_at": NOON, "done_at": LATER}
    kept = [row for row in after["suppressions"] if row["customer_id"] is None]
    assert {row["source"] for row in kept} == {erasure.id}
    assert any(row["email_hash"].startswith(SALTED) and row["reason"] == "erasure" for row in kept)


async def test_asking_twice_is_asking_once_and_suppresses_at_once(database: Database) -> None:
    await commit(database, identify(traits={"email": ADDRESS}))
    await request(database)
    async with database.transaction() as session:
        assert not await Erasures(session).request("anna", "another place", LATER)
        assert await Suppressions(session).reason("anna") == "erasure"
        with pytest.raises(UnknownCustomerError):
            await Erasures(session).request("nobody", "a test", NOON)
    async with database.read() as session:
        assert len(await Erasures(session).open()) == 1


async def test_nothing_goes_while_an_enrollment_runs(database: Database) -> None:
    await fill(database, "anna", ADDRESS)
    erasure = await request(database)
    enrollments = Record.metadata.tables["enrollments"]
    async with database.transaction() as session:
        await (await session.connection()).execute(update(enrollments).values(state=State.RUNNING))
    before = await contents(database)

    with pytest.raises(StillEnrolledError):
        await forget(database, erasure)

    assert await contents(database) == before


async def test_events_of_the_same_moment_are_forgotten_or_are_a_strangers(database: Database) -> None:
    await commit(database, identify(traits={"email": ADDRESS}, anonymous_id="visitor"))
    erasure = await request(database)

    async def report(number: int) -> None:
        of_either = {"user": None, "anonymous_id": "visitor"} if number % 2 else {"user": "anna"}
        await commit(database, added(**of_either))

    await asyncio.gather(*(report(n) for n in range(10)), forget(database, erasure), *(report(n) for n in range(10)))

    async with database.read() as session:
        known = await Customers(session).load(["anna", "anon-visitor"])
        stored = {each: len(await EventStore(session).recent(each, NOON)) for each in known}
    assert {each: sum(customer.counts.values()) for each, customer in known.items()} == stored
    assert all(customer.email is None for customer in known.values())
    assert sum(stored.values()) <= 20


async def test_an_erasure_follows_a_visitor_to_whom_they_turn_out_to_be(database: Database) -> None:
    await commit(database, track(names.PRODUCT_VIEWED, None, anonymous_id="visitor"))
    erasure = await request(database, "anon-visitor")
    await commit(database, identify(traits={"email": ADDRESS}, anonymous_id="visitor"))

    async with database.read() as session:
        [standing] = await Erasures(session).open()
    assert (standing.id, standing.customer) == (erasure.id, "anna")
    await forget(database, standing)

    await commit(database, identify("new", traits={"email": ADDRESS}))
    async with database.read() as session:
        assert await Customers(session).load(["anna", "anon-visitor"]) == {}
        assert await Suppressions(session).reason("new") == "erasure"


async def test_an_address_that_changed_meanwhile_is_suppressed_as_well(database: Database) -> None:
    await commit(database, identify(traits={"email": ADDRESS}))
    erasure = await request(database)
    await commit(database, identify(traits={"email": "new@example.com"}, at=LATER))
    await forget(database, erasure)

    await commit(database, identify("new", traits={"email": "new@example.com"}))
    await commit(database, identify("old", traits={"email": ADDRESS}))

    async with database.read() as session:
        assert [await Suppressions(session).reason(each) for each in ("new", "old")] == ["erasure", "erasure"]


async def test_who_comes_back_is_a_stranger_and_gets_mail_once_they_are_readmitted(database: Database) -> None:
    await commit(database, identify(traits={"email": ADDRESS}), ordered())
    await forget(database, await request(database))
    await commit(database, identify(traits={"email": ADDRESS}, at=LATER))

    stranger = await read_customer(database)
    assert (stranger.orders, stranger.first_seen_at) == (0, LATER)
    async with database.transaction() as session:
        suppressions = Suppressions(session)
        assert await suppressions.reason("anna") == "erasure"
        assert await suppressions.readmit("Anna@Example.com", LATER) == 1
        assert await suppressions.readmit("Anna@Example.com", LATER) == 0
        assert await suppressions.reason("anna") is None
    async with database.read() as session:
        assert await Customers(session).find(ADDRESS) == "anna"
        assert await EventStore(session).latest_seq("anna") > 1


async def test_a_bounced_address_stays_suppressed_when_it_is_readmitted(database: Database) -> None:
    await commit(database, identify(traits={"email": ADDRESS}))
    async with database.transaction() as session:
        await Suppressions(session).suppress("anna", "hard bounce", NOON, "m1")
    erasure = await request(database)
    async with database.transaction() as session:
        assert await Suppressions(session).readmit(ADDRESS, NOON) == 0, "the erasure still stands"
    await forget(database, erasure)
    await commit(database, identify("new", traits={"email": ADDRESS}))

    async with database.transaction() as session:
        assert await Suppressions(session).readmit(ADDRESS, LATER) == 1
        assert await Suppressions(session).reason("new") == "hard bounce"


async def test_a_complaint_after_an_erasure_outlives_it(database: Database) -> None:
    await commit(database, identify(traits={"email": ADDRESS}))
    erasure = await request(database)
    await commit(database, track(names.EMAIL_COMPLAINED))
    await forget(database, erasure)
    async with database.transaction() as session:
        for _ in range(2):  # of a mail whose customer is gone
            await Suppressions(session).suppress_address(ADDRESS, Happening.BOUNCED_HARD, LATER, "a provider")
        assert await Suppressions(session).readmit(ADDRESS, LATER) >= 1
    await commit(database, identify("new", traits={"email": ADDRESS}, at=LATER))
    async with database.transaction() as session:
        assert await Suppressions(session).reason("new") == "complaint"
        reasons = (await (await session.connection()).execute(text("SELECT reason FROM suppressions"))).scalars().all()
    assert sorted(reasons) == ["complaint", "erasure", "hard bounce"]
