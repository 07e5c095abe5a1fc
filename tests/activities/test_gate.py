"""The gate's transaction: two enrollments of one customer decide one after the other."""

import asyncio
from datetime import timedelta

from domain.calls import DropRequest
from domain.gate import Caps, GatePolicy
from domain.message import MessageStatus, Verdict
from storage.database import Database
from tests.activities.crew import Crew, asking
from tests.house import NO_QUIET_HOURS
from tests.storage.samples import NOON, commit, identify, ordered


async def test_enrollments_of_one_customer_that_ask_at_once_cannot_all_pass_the_cap(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    answers = await asyncio.gather(*(crew.gate.decide_message(asking(enrollment=f"e-{number}")) for number in range(8)))
    verdicts = [answer.decision.verdict for answer in answers]
    assert (verdicts.count(Verdict.SEND), verdicts.count(Verdict.DEFER)) == (1, 7)
    assert {answer.decision.until for answer in answers} == {None, NOON + timedelta(days=1)}


async def test_a_wider_cap_lets_exactly_as_many_through(database: Database) -> None:
    crew = Crew(database, policy=GatePolicy(quiet=NO_QUIET_HOURS, caps=Caps(per_day=3, per_48h=3)))
    await crew.shopper()
    answers = await asyncio.gather(*(crew.gate.decide_message(asking(enrollment=f"e-{number}")) for number in range(8)))
    assert [answer.decision.verdict for answer in answers].count(Verdict.SEND) == 3


async def test_customers_do_not_count_for_each_other(database: Database) -> None:
    crew = Crew(database)
    customers = ["anna", "boris", "clara"]
    for customer in customers:
        await crew.shopper(customer)
    answers = await asyncio.gather(
        *(crew.gate.decide_message(asking(customer=customer, enrollment=f"e-{customer}")) for customer in customers)
    )
    assert {answer.decision.verdict for answer in answers} == {Verdict.SEND}


async def test_a_claimed_message_stays_claimed_when_the_gate_is_asked_again(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    first = await crew.gate.decide_message(asking())
    await commit(sqlite_database, ordered(at=NOON))
    assert await crew.gate.decide_message(asking()) == first
    assert (await crew.row(first.message)).status is MessageStatus.CLAIMED


async def test_a_dropped_message_stays_dropped_when_the_gate_is_asked_again(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    await commit(sqlite_database, ordered(at=NOON))
    first = await crew.gate.decide_message(asking())
    assert (first.decision.verdict, first.decision.ended_by) == (Verdict.DROP, "Order Completed")
    assert await crew.gate.decide_message(asking()) == first  # what ended the journey, too
    assert (await crew.row(first.message)).reason == first.decision.reason


async def test_a_retry_after_a_drop_tells_of_an_ending_that_was_committed_since(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await commit(sqlite_database, identify(traits={"email": "anna@shop.example"}))
    first = await crew.gate.decide_message(asking())
    assert (first.decision.verdict, first.decision.ended_by) == (Verdict.DROP, None)  # no consent
    await commit(sqlite_database, ordered(at=NOON))
    again = await crew.gate.decide_message(asking())
    assert (again.decision.reason, again.decision.ended_by) == (first.decision.reason, "Order Completed")


async def test_a_deferred_message_is_decided_anew(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    await crew.gate.decide_message(asking(enrollment="e-1"))
    deferred = await crew.gate.decide_message(asking(enrollment="e-2"))
    assert deferred.decision.until is not None
    crew.clock.moment = deferred.decision.until
    again = await crew.gate.decide_message(asking(enrollment="e-2"))
    assert (again.message, again.decision.verdict) == (deferred.message, Verdict.SEND)


async def test_a_mail_that_waits_is_dropped_for_an_operator_and_stays_so(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    await crew.gate.decide_message(asking(enrollment="e-1"))
    deferred = await crew.gate.decide_message(asking(enrollment="e-2"))
    request = DropRequest(message=deferred.message, reason="skipped by an operator", at=NOON)
    assert await crew.gate.drop_message(request)
    assert await crew.gate.drop_message(request)
    row = await crew.row(deferred.message)
    assert (row.status, row.reason) == (MessageStatus.DROPPED, "skipped by an operator")
    again = await crew.gate.decide_message(asking(enrollment="e-2"))
    assert (again.decision.verdict, again.decision.reason) == (Verdict.DROP, "skipped by an operator")
