"""What activities count: decisions, hand-overs, ends of mails and of enrollments. Each once, whatever is retried."""

import pytest

from domain import calls
from domain.enrollment import Outcome, OutcomeKind
from domain.errors import DeferredByServerError, UnheardError
from domain.message import Kind
from storage.database import Database
from storage.enrollments import Enrollments
from tests.activities.crew import Crew, asking, sending
from tests.metrics.readings import Moved, moved
from tests.storage.samples import MINUTE, NOON, commit, enrollment, ordered

JOURNEY = "cart-recovery"


def ends(metrics: Moved) -> dict[tuple[str, ...], float]:
    """Mails by (end, journey)."""
    return metrics.of("segue_mails_total")


async def test_a_sent_mail_is_one_decision_asked_again_one_hand_over_and_one_end(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    with moved() as metrics:
        message = await crew.rendered()
        for _ in range(3):
            await crew.gate.decide_message(asking())
            await crew.sending.send_message(sending(message))
    assert metrics.of("segue_gate_decisions_total") == {
        ("first", JOURNEY, "", "send"): 1,
        ("again", JOURNEY, "", "send"): 1,
    }
    assert metrics.of("segue_handover_seconds_count") == {("accepted",): 1}
    assert ends(metrics) == {("sent", JOURNEY): 1}


async def test_who_has_bought_meanwhile_is_a_drop_with_its_rule(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    await commit(sqlite_database, ordered(at=NOON + MINUTE))
    with moved() as metrics:
        for _ in range(2):
            await crew.sending.send_message(sending(message))
            await crew.gate.decide_message(asking(enrollment="e-2"))
    decisions = metrics.of("segue_gate_decisions_total")
    assert {(asked, verdict): number for (asked, _, _, verdict), number in decisions.items()} == {
        ("again", "drop"): 1,
        ("first", "drop"): 1,
    }
    assert {rule for _, _, rule, _ in decisions} == {"exit event"}
    assert ends(metrics) == {("dropped", JOURNEY): 2}
    assert metrics.of("segue_handover_seconds_count") == {}


async def test_each_way_a_hand_over_ends_is_counted_apart(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered(kind=Kind.TRANSACTIONAL)
    request = sending(message, Kind.TRANSACTIONAL)
    with moved() as metrics:
        crew.server.away = True
        with pytest.raises(DeferredByServerError):
            await crew.sending.send_message(request)
        crew.server.away = False
        crew.server.defer_next()
        with pytest.raises(DeferredByServerError):
            await crew.sending.send_message(request)
        crew.server.lose_next()
        with pytest.raises(UnheardError):
            await crew.sending.send_message(request)
        crew.server.die_after_next()
        with pytest.raises(RuntimeError):
            await crew.sending.send_message(request)
        crew.server.refuse_next()
        await crew.sending.send_message(request)
    assert metrics.of("segue_mail_server_unreached_total") == {(): 1}
    assert metrics.of("segue_handover_seconds_count") == {
        ("put off",): 1,
        ("unknown",): 1,
        ("failed",): 1,
        ("refused",): 1,
    }
    assert ends(metrics) == {("unknown", JOURNEY): 1}, "one of the attempts before may have arrived"


async def test_an_enrollment_begins_and_ends_once_with_what_was_open(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    row = enrollment()
    async with sqlite_database.transaction() as session:
        await Enrollments(session).open(row)
    admitting = calls.AdmitRequest(enrollment=row.id, workflow_id=row.workflow_id, run_id="run-1")
    closing = calls.CloseRequest(
        enrollment=row.id, outcome=Outcome(kind=OutcomeKind.CONVERTED, why="an order"), at=NOON
    )
    with moved() as metrics:
        for _ in range(2):
            assert (await crew.enrollments.admit(admitting)).admitted
        await crew.enrollments.admit(admitting.model_copy(update={"run_id": "run-2"}))
        await crew.rendered(enrollment=row.id)
        for _ in range(2):
            await crew.enrollments.close(closing)
    assert metrics.of("segue_enrollments_begun_total") == {(row.journey,): 1}
    assert metrics.of("segue_enrollments_ended_total") == {(row.journey, "converted"): 1}
    assert ends(metrics) == {("dropped", JOURNEY): 1}
