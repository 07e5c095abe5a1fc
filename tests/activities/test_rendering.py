"""Rendering: a body in the ledger from fresh facts, or a reason why there is none."""

from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from domain.message import MessageStatus
from storage.database import Database
from storage.errors import IllegalTransitionError
from storage.ledger import Ledger, StoredBody
from tests.activities.crew import Crew, asking, rendering, sending
from tests.storage.samples import added, commit


async def body(database: Database, message: str) -> StoredBody:
    async with database.read() as session:
        return await Ledger(session).body(message)


async def test_the_body_is_kept_in_the_ledger_and_only_its_size_is_told(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    gated = await crew.gate.decide_message(asking())
    rendered = await crew.rendering.render_message(rendering(gated.message))
    stored = await body(sqlite_database, gated.message)
    assert (rendered.problem, rendered.html_bytes) == (None, len(stored.html.encode()))
    assert stored.subject == "Anna, your cart is saved"
    assert "Lamp" in stored.text
    assert all(link.startswith("https://lumen.example") for link in stored.links if "lumen.example" in link)
    assert "https://mail.lumen.example" in stored.html  # links are tracked
    assert (await crew.row(gated.message)).status is MessageStatus.RENDERED


async def test_rendering_again_replaces_the_body_and_keeps_the_message_id(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    first = (await crew.row(message)).message_id
    await commit(sqlite_database, added("shade"))
    await crew.rendering.render_message(rendering(message))
    assert "Shade" in (await body(sqlite_database, message)).text
    assert (await crew.row(message)).message_id == first


async def test_what_was_sent_is_not_rendered_over(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    await crew.sending.send_message(sending(message))
    with pytest.raises(IllegalTransitionError):
        await crew.rendering.render_message(rendering(message))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (None, "there is no cart/reminder.mjml.j2"),
        ("{{ customer.shoe_size }}", "shoe_size"),
        ("{% if %}", "line 1"),
        ("<mjml><mj-body>", "cart/reminder"),
    ],
    ids=["missing", "undefined name", "syntax", "not MJML"],
)
async def test_a_template_that_does_not_render_drops_the_message_with_the_reason(
    sqlite_database: Database, tmp_path: Path, source: str | None, problem: str
) -> None:
    (tmp_path / "cart").mkdir()
    if source is not None:
        (tmp_path / "cart/reminder.mjml.j2").write_text(source)
    crew = Crew(sqlite_database, templates=tmp_path)
    await crew.shopper()
    gated = await crew.gate.decide_message(asking())
    rendered = await ActivityEnvironment().run(crew.rendering.render_message, rendering(gated.message))
    assert rendered.problem is not None
    assert rendered.problem.startswith("its template does not render: ")
    assert problem in rendered.problem
    row = await crew.row(gated.message)
    assert (row.status, row.reason) == (MessageStatus.DROPPED, rendered.problem)
    assert (await crew.sending.send_message(sending(gated.message))).status is MessageStatus.DROPPED
    assert crew.server.attempts == []
