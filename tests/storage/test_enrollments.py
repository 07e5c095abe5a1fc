import asyncio
from datetime import timedelta

from domain.enrollment import Outcome, OutcomeKind, State
from storage.database import Database
from storage.enrollments import EnrollmentCount, Enrollments
from tests.storage.samples import MINUTE, NOON, enrollment

CONVERTED = Outcome(kind=OutcomeKind.CONVERTED, why="order 1001", revenue=120.0, order_id="1001", mails=2)
CANCELLED = Outcome(kind=OutcomeKind.CANCELLED, why="by an operator")
ROW = enrollment()


async def open_row(database: Database) -> None:
    async with database.transaction() as session:
        assert await Enrollments(session).open(ROW)


async def test_an_enrollment_is_opened_once_and_read_as_it_was(database: Database) -> None:
    await open_row(database)
    async with database.transaction() as session:
        enrollments = Enrollments(session)
        assert not await enrollments.open(ROW.model_copy(update={"started_at": NOON + MINUTE}))
        assert await enrollments.get(ROW.id) == ROW
        assert await enrollments.get("e-none") is None


async def test_the_run_that_was_admitted_is_admitted_again(database: Database) -> None:
    await open_row(database)
    async with database.transaction() as session:
        enrollments = Enrollments(session)
        first = await enrollments.admit(ROW.id, ROW.workflow_id, "run-1", NOON)
        again = await enrollments.admit(ROW.id, ROW.workflow_id, "run-1", NOON + MINUTE)
        other = await enrollments.admit(ROW.id, ROW.workflow_id, "run-2", NOON)
        row = await enrollments.get(ROW.id)

    assert (first.admitted, again.admitted, other.admitted) == (True, True, False)
    assert other.why == "another run of this enrollment was admitted"
    assert row is not None
    assert (row.state, row.run_id) == (State.RUNNING, "run-1")


async def test_of_concurrent_runs_one_is_admitted(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(6)]
    await open_row(databases[0])

    async def admit(database: Database, run: str) -> bool:
        async with database.transaction() as session:
            return (await Enrollments(session).admit(ROW.id, ROW.workflow_id, run, NOON)).admitted

    admitted = await asyncio.gather(*(admit(each, f"run-{number}") for number, each in enumerate(databases)))

    assert sum(admitted) == 1
    await asyncio.gather(*(each.aclose() for each in databases))


async def test_who_has_ended_or_was_never_decided_is_not_admitted(database: Database) -> None:
    await open_row(database)
    async with database.transaction() as session:
        enrollments = Enrollments(session)
        missing = await enrollments.admit("e-none", ROW.workflow_id, "run-1", NOON)
        elsewhere = await enrollments.admit(ROW.id, "cart-recovery/ben", "run-1", NOON)
        await enrollments.close(ROW.id, CANCELLED, NOON)
        ended = await enrollments.admit(ROW.id, ROW.workflow_id, "run-1", NOON)

    assert [missing.why, elsewhere.why] == ["there is no such enrollment"] * 2
    assert (ended.admitted, ended.why) == (False, "the enrollment has ended")


async def test_the_first_outcome_stays(database: Database) -> None:
    await open_row(database)
    async with database.transaction() as session:
        enrollments = Enrollments(session)
        assert await enrollments.close(ROW.id, CONVERTED, NOON + MINUTE)
        assert not await enrollments.close(ROW.id, CANCELLED, NOON + 2 * MINUTE)
        assert not await enrollments.close("e-none", CANCELLED, NOON)
        row = await enrollments.get(ROW.id)

    assert row is not None
    assert (row.state, row.outcome, row.ended_at) == (State.ENDED, CONVERTED, NOON + MINUTE)


async def test_running_are_those_that_have_not_ended(database: Database) -> None:
    rows = [
        enrollment("cart-recovery", "anna", started_at=NOON + MINUTE),
        enrollment("welcome", "anna"),
        enrollment("sunset", "anna"),
        enrollment("welcome", "ben"),
        enrollment("welcome", "carla"),
    ]
    async with database.transaction() as session:
        enrollments = Enrollments(session)
        for row in rows:
            await enrollments.open(row)
        await enrollments.admit(rows[0].id, rows[0].workflow_id, "run-1", NOON)
        await enrollments.close(rows[2].id, CONVERTED, NOON)

        running = await enrollments.running({"anna", "ben"})

        assert [(row.customer, row.journey) for row in running[:2]] in (
            [("anna", "welcome"), ("ben", "welcome")],
            [("ben", "welcome"), ("anna", "welcome")],
        )
        assert (running[2].journey, running[2].state) == ("cart-recovery", State.RUNNING)
        assert await enrollments.running([]) == []
        assert len(await enrollments.of_customer("anna")) == 3


async def test_the_earlier_ones_of_a_key_are_told_oldest_first(database: Database) -> None:
    rows = [
        enrollment(event_id="1", started_at=NOON),
        enrollment(event_id="2", started_at=NOON + timedelta(days=7)),
        enrollment(event_id="3", started_at=NOON + timedelta(days=9), key="order-1"),
        enrollment("welcome", event_id="4", started_at=NOON + timedelta(days=10)),
    ]
    async with database.transaction() as session:
        enrollments = Enrollments(session)
        for row in rows:
            await enrollments.open(row)
        assert await enrollments.earlier("cart-recovery", "anna") == rows[:2]
        assert await enrollments.earlier("cart-recovery", "anna", "order-1") == rows[2:3]
        assert await enrollments.earlier("cart-recovery", "anna", "order-2") == []


async def test_counts_are_by_journey_state_and_outcome(database: Database) -> None:
    async with database.transaction() as session:
        enrollments = Enrollments(session)
        for customer in ("anna", "ben", "carla"):
            await enrollments.open(enrollment(customer=customer))
        await enrollments.open(enrollment("welcome"))
        await enrollments.close(ROW.id, CONVERTED, NOON)

        counts = await enrollments.counts()

    assert counts == [
        EnrollmentCount(journey="cart-recovery", state=State.ENDED, outcome=OutcomeKind.CONVERTED, count=1),
        EnrollmentCount(journey="cart-recovery", state=State.STARTING, outcome=None, count=2),
        EnrollmentCount(journey="welcome", state=State.STARTING, outcome=None, count=1),
    ]
