"""What operators have to do by hand: requests about data that no mail could answer."""

from datetime import timedelta
from typing import Any

from domain.clock import SystemClock
from domain.gate import Ask
from domain.message import Kind, MessageStatus, Stage, ledger_id
from starter.privacy import Privacy
from storage.database import Database
from storage.ledger import Ledger
from tests.starter.mails import sent_message
from tests.storage.samples import DROP, NOON, commit, gate_request, identify

OWED = Ask(kind=Kind.TRANSACTIONAL, topic="your data", stage=Stage.RETENTION, due_at=NOON)


async def test_a_request_that_no_mail_could_answer_is_listed_until_one_does(sqlite_database: Database) -> None:
    privacy = Privacy(sqlite_database, SystemClock())
    await commit(sqlite_database, identify("anna", traits={"email": "anna@shop.example"}))

    async def decided(step: str, what: str, days: int) -> str:
        request = gate_request(step, journey="data-request", template=f"data_request/{what}", ask=OWED)
        request = request.model_copy(update={"enrollment": f"enrollment-{step}"})
        async with sqlite_database.transaction() as session:
            await Ledger(session).decide(request, DROP, NOON + timedelta(days=days))
        return ledger_id(request.enrollment, step)

    exported, erasure = await decided("one", "export", 0), await decided("two", "erasure", 1)
    await sent_message(sqlite_database, step="cart")
    assert [(row.id, row.status) for row in await privacy.unanswered()] == [
        (exported, MessageStatus.DROPPED),
        (erasure, MessageStatus.DROPPED),
    ]
    later: dict[str, Any] = {
        "journey": "data-request",
        "template": "data_request/export",
        "ask": OWED,
        "at": NOON + timedelta(days=2),
    }
    await sent_message(sqlite_database, step="three", **later)
    assert [row.id for row in await privacy.unanswered()] == [erasure]
