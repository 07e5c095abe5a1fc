"""`segue joins`, and what `segue status` says of whom a customer was. Temporal is not asked, and is not there."""

import json
from pathlib import Path

import pytest

from starter.cli import app
from storage.database import Database
from storage.enrollments import Enrollments
from tests.storage.samples import MINUTE, NOON, added, commit, enrollment, identify

ADDRESS = "anna@shop.example"


@pytest.fixture(autouse=True)
async def shop(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Anna, who was two visitors before; and a journey for each of these."""
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path))
    monkeypatch.setenv("SEGUE_DATABASE", sqlite_database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SEGUE_TEMPORAL", "127.0.0.1:1")
    monkeypatch.setattr("starter.cli.tables.console.width", 200)
    visitors = [added("hat", None, anonymous_id=each) for each in ("v1", "v2")]
    await commit(sqlite_database, *visitors, identify("ben"))
    async with sqlite_database.transaction() as session:
        for hour, each in enumerate(("anon-v1", "anon-v2")):
            row = enrollment(customer=each, started_at=NOON + hour * 60 * MINUTE)
            await Enrollments(session).open(row)
    for each in ("v1", "v2"):
        told = identify("anna", anonymous_id=each, message_id=f"sign-in-{each}", traits={"email": ADDRESS})
        await commit(sqlite_database, told)


async def say(*words: str) -> None:
    """Run a command as the command line does."""
    command, bound, _ = app.parse_args([*words], exit_on_error=False, print_error=False)
    await command(*bound.args, **bound.kwargs)


async def test_joins_tell_who_it_was_what_said_so_and_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    await say("joins", ADDRESS)
    told = capsys.readouterr().out

    assert "anon-v1 turned out to be anna" in told
    assert "event sign-in-v1" in told
    assert "enrollments: 1, events: 1" in told
    assert "cart-recovery/anon-v2, since cart-recovery/anon-v1 goes on" in told
    assert "the workflows were not told yet" in told
    assert ADDRESS not in told


async def test_joins_are_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    await say("joins", "v2", "--json")
    first, second = json.loads(capsys.readouterr().out)
    assert [each["former"] for each in (first, second)] == ["anon-v1", "anon-v2"]
    assert second["superseded"][0]["by"] == "cart-recovery/anon-v1"


async def test_status_names_who_they_were_and_others_were_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    await say("status", "anna")
    assert "anon-v1, anon-v2: see segue joins anna" in capsys.readouterr().out
    await say("joins", "ben")
    assert "ben was never anybody else" in capsys.readouterr().out


async def test_who_turned_out_to_be_another_is_listed_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    await say("customers", "--json")
    assert [each["customer"] for each in json.loads(capsys.readouterr().out)] == ["anna", "ben"]
