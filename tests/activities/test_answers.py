"""Small answers: which moment counts, draws that stay, admission and closing that can be repeated."""

from datetime import timedelta

import pytest

from activities.moment import moment_of
from domain import calls
from domain.draw import draw, share
from domain.enrollment import Outcome, OutcomeKind, State
from domain.message import MessageStatus
from storage.database import Database
from storage.enrollments import Enrollments
from tests.activities.crew import Crew, FixedClock, asking
from tests.storage.samples import MINUTE, NOON, enrollment

CUSTOMERS = [f"customer-{number}" for number in range(3000)]


@pytest.mark.parametrize(
    ("asked_at", "machine", "moment"),
    [
        (NOON, NOON - MINUTE, NOON),  # time is skipped: the workflow is ahead
        (NOON, NOON + MINUTE, NOON + MINUTE),  # a late retry: the machine is
        (NOON, NOON, NOON),
    ],
)
def test_the_later_of_the_workflows_time_and_the_machines_counts(
    asked_at: object, machine: object, moment: object
) -> None:
    clock = FixedClock()
    clock.moment = machine  # type: ignore[assignment]
    assert moment_of(asked_at, clock) == moment  # type: ignore[arg-type]


def test_a_draw_is_even_sticky_and_independent_of_others() -> None:
    first = [draw("subject", customer, ("a", "b", "c")) for customer in CUSTOMERS]
    assert first == [draw("subject", customer, ("a", "b", "c")) for customer in CUSTOMERS]
    assert all(900 < first.count(variant) < 1100 for variant in "abc")  # 1000 ± 4 standard deviations of 25.8
    other = [draw("layout", customer, ("a", "b", "c")) for customer in CUSTOMERS]
    alike = sum(one == another for one, another in zip(first, other, strict=True))
    assert 900 < alike < 1100


def test_shares_lie_from_0_to_1() -> None:
    shares = [share("holdout", customer) for customer in CUSTOMERS]
    assert (min(shares) >= 0.0, max(shares) < 1.0) == (True, True)
    assert 0.48 < sum(shares) / len(shares) < 0.52


async def test_a_customers_first_variant_stays_when_the_experiment_changes(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()

    async def choose(*variants: str) -> str:
        request = calls.VariantRequest(
            customer="anna", enrollment="e-1", experiment="subject", variants=variants, at=NOON
        )
        return (await crew.scoring.choose_variant(request)).name

    first = await choose("short", "long")
    assert await choose("short", "long") == first
    assert await choose("new", "newer") == first


async def test_one_run_of_an_enrollment_is_admitted_and_asked_again_it_still_is(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    row = enrollment()
    async with database.transaction() as session:
        await Enrollments(session).open(row)

    async def admit(run: str) -> bool:
        request = calls.AdmitRequest(enrollment=row.id, workflow_id=row.workflow_id, run_id=run)
        return (await crew.enrollments.admit(request)).admitted

    assert [await admit(run) for run in ("run-1", "run-1", "run-2", "run-1")] == [True, True, False, True]


async def test_closing_drops_what_was_still_to_go_and_the_first_outcome_stays(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    row = enrollment()
    async with database.transaction() as session:
        await Enrollments(session).open(row)
    sent = (await crew.gate.decide_message(asking(enrollment=row.id))).message
    waits = (await crew.gate.decide_message(asking(enrollment=row.id, step="objections"))).message
    elsewhere = (await crew.gate.decide_message(asking(enrollment="other", step="last_call"))).message

    async def close(kind: OutcomeKind, at: timedelta) -> bool:
        outcome = Outcome(kind=kind, why="order completed")
        return await crew.enrollments.close(calls.CloseRequest(enrollment=row.id, outcome=outcome, at=NOON + at))

    assert await close(OutcomeKind.CONVERTED, MINUTE)
    assert not await close(OutcomeKind.CANCELLED, 2 * MINUTE)
    async with database.read() as session:
        ended = await Enrollments(session).get(row.id)
    assert ended is not None
    assert ended.outcome is not None
    assert (ended.state, ended.outcome.kind, ended.ended_at) == (State.ENDED, OutcomeKind.CONVERTED, NOON + MINUTE)
    for message in (sent, waits):
        left = await crew.row(message)
        assert (left.status, left.reason) == (MessageStatus.DROPPED, "the journey ended: order completed")
    assert (await crew.row(elsewhere)).status is MessageStatus.DEFERRED
