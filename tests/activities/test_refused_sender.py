"""A mail server that takes nothing from us: no mail is lost, nobody is suppressed, and the operator hears of it."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from domain.errors import RefusedSenderError
from domain.message import Kind, MessageStatus
from storage.database import Database
from storage.suppressions import Suppressions
from tests.activities.crew import Crew, asking, rendering, sending
from tests.mail.servers import Server, delivering, running
from tests.storage.samples import MINUTE


@pytest.mark.parametrize("kind", Kind)
async def test_mails_wait_until_the_sender_is_mended(sqlite_database: Database, kind: Kind) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    gated = await crew.gate.decide_message(asking(kind=kind))
    await crew.rendering.render_message(rendering(gated.message))
    server = Server(mail="550 5.1.1 <hello@lumen.example>: no such user")
    async with running(server), delivering(server.url) as transport:
        sender = crew.sending_over(transport=transport)
        with capture_logs() as lines:
            for _ in range(2):
                with pytest.raises(RefusedSenderError, match="check SEGUE_SENDER"):
                    await sender.send_message(sending(gated.message, kind))
        row = await crew.row(gated.message)
        assert (row.status, row.hand_overs) == (MessageStatus.RENDERED, 0)
        async with sqlite_database.read() as session:
            assert await Suppressions(session).reason("anna") is None
        server.mail = "250 OK"
        assert (await sender.send_message(sending(gated.message, kind))).status is MessageStatus.SENT
    loud = [line for line in lines if line["log_level"] == "error"]
    assert [line["message"] for line in loud] == [gated.message], "once a minute, not for each attempt"
    assert "SEGUE_SENDER" in loud[0]["problem"]
    assert "@" not in str(lines)


async def test_marketing_that_waits_too_long_for_the_operator_is_dropped_as_stale(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    late = sending(message)
    late = late.model_copy(update={"ask": late.ask.model_copy(update={"stale_after": 30 * MINUTE})})
    async with running(Server(mail="553 sender not allowed")) as server, delivering(server.url) as transport:
        sender = crew.sending_over(transport=transport)
        with pytest.raises(RefusedSenderError):
            await sender.send_message(late)
        crew.clock.moment += timedelta(hours=1)
        delivery = await sender.send_message(late.model_copy(update={"at": crew.clock.moment}))
    assert delivery.status is MessageStatus.DROPPED
    assert delivery.reason.startswith("too late to make sense")
