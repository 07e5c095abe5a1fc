"""`segue explain`: each mail with what became of it, and what its rule means."""

import json
from pathlib import Path

import pytest

from activities.flow import FlowPolicy
from domain import event as names
from domain.breaker import HELD_BACK
from domain.gate import RULES, Caps, GatePolicy
from domain.message import MessageStatus
from domain.warm_up import WARMING_UP, WarmUp
from starter.cli import app
from starter.cli.explain import MEANINGS
from storage.database import Database
from tests.activities.crew import Crew, asking, sending
from tests.house import NO_QUIET_HOURS
from tests.storage.samples import MINUTE, NOON, commit, track


def test_every_rule_has_its_meaning_and_no_other() -> None:
    assert list(MEANINGS) == [*RULES, WARMING_UP, HELD_BACK]


@pytest.fixture
async def crew(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Crew:
    """A deployment whose Temporal is away. Anna has had a mail that bounced later, one is refused, and two wait."""
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path))
    monkeypatch.setenv("SEGUE_DATABASE", sqlite_database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SEGUE_TEMPORAL", "127.0.0.1:1")
    crew = Crew(sqlite_database, policy=GatePolicy(quiet=NO_QUIET_HOURS, caps=Caps(per_day=2)))
    await crew.shopper()
    messages = [await crew.rendered(enrollment=f"e-{number}") for number in range(2)]
    await crew.sending.send_message(sending(messages[0]))
    waits = await crew.gate.decide_message(asking(enrollment="e-2"))
    crew.server.refuse_next(code=552, problem="5.3.4 message too big")
    await crew.sending.send_message(sending(messages[1]))
    warming = crew.sending_over(transport=crew.server, flow=FlowPolicy(warm_up=WarmUp(start=NOON.date(), per_day=(1,))))
    third = await crew.rendered(enrollment="e-3")
    await warming.send_message(sending(third))
    told = {"message": messages[0]}
    await commit(
        sqlite_database,
        track(names.EMAIL_DELIVERED, at=NOON + MINUTE, properties=told),
        track(names.EMAIL_BOUNCED, at=NOON + 2 * MINUTE, properties=told),
    )
    assert (await crew.row(waits.message)).status is MessageStatus.DEFERRED
    return crew


async def say(*words: str) -> None:
    """Run a command as the command line does."""
    command, bound, _ = app.parse_args([*words], exit_on_error=False, print_error=False)
    await command(*bound.args, **bound.kwargs)


@pytest.mark.usefixtures("crew")
async def test_each_mail_is_told_with_its_rule_what_followed_and_what_that_means(
    capsys: pytest.CaptureFixture[str],
) -> None:
    await say("explain", "anna")
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    why = sorted(line.partition("cart-recovery: reminder ")[2] for line in told[1:5])
    assert why == [
        "refused - refused by the mail server with 552: this mail is unwelcome there, and the next one is tried",
        "sent - quiet for 1 hour: accepted by the mail server; then delivered, bounced",
        "waits caps 2 mails in 24 h: waits until 2026-03-02 12:00 UTC",
        "waits warm-up warm-up: today's 1 mail has gone; waits until 2026-03-02 00:00 UTC",
    ]
    assert told[5:] == [
        "",
        "What the rules mean (docs/gate.md, docs/operate.md):",
        f"caps {MEANINGS['caps']}",
        f"warm-up {MEANINGS['warm-up']}",
    ]


@pytest.mark.usefixtures("crew")
async def test_programs_are_told_when_what_was_reported(capsys: pytest.CaptureFixture[str]) -> None:
    await say("explain", "anna", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [each["reported"] for each in found if each["reported"]] == [
        {"delivered": "2026-03-01T12:01:00Z", "bounced": "2026-03-01T12:02:00Z"}
    ]
