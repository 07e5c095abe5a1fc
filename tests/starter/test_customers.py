"""`segue customers`, and where `segue status` says a customer stands. Temporal is not asked, and is not there."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cyclopts import CycloptsError

from domain import event as names
from domain.clock import SystemClock
from domain.errors import UnknownCustomerError
from starter.cli import app
from starter.privacy import Privacy
from storage.database import Database
from tests.storage.samples import added, commit, identify, ordered, track

DAY = timedelta(days=1)
ADDRESS = "anna@shop.example"


@pytest.fixture
async def shop(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three customers of a deployment whose Temporal is away."""
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path))
    monkeypatch.setenv("SEGUE_DATABASE", sqlite_database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SEGUE_TEMPORAL", "127.0.0.1:1")
    now = datetime.now(UTC)
    await commit(
        sqlite_database,
        *(ordered(f"a{number}", "anna", at=now - 40 * DAY) for number in range(5)),
        identify("anna", traits={"email": ADDRESS}, at=now - DAY),
        added("boots", "ben", at=now - timedelta(minutes=5)),
        *(track(names.PRICING_VIEWED, "cleo", at=now - days * DAY) for days in (1, 2)),
    )


async def say(*words: str) -> None:
    """Run a command as the command line does."""
    command, bound, _ = app.parse_args([*words], exit_on_error=False, print_error=False)
    await command(*bound.args, **bound.kwargs)


async def read(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    await say(*words, "--json")
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["anna", "ben", "cleo"]),
        (("--segment", "vip"), ["anna"]),
        (("--segment", "at-risk"), ["anna"]),
        (("--segment", "pricing-shopper", "--tier", "medium"), ["cleo"]),
        (("--stage", "purchase"), ["ben"]),
        (("--tier", "high"), ["ben"]),
        (("--segment", "dormant"), []),
        (("--limit", "1"), ["anna"]),
        (("--after", "anna", "--limit", "1"), ["ben"]),
    ],
)
async def test_customers_are_listed_by_where_they_stand(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], expected: list[str]
) -> None:
    assert [row["customer"] for row in await read(capsys, "customers", *options)] == expected


@pytest.mark.usefixtures("shop")
async def test_each_is_listed_with_score_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    [row] = await read(capsys, "customers", "--tier", "high")
    assert row.pop("last_seen_at").endswith("+00:00")
    assert len(row.pop("parts")) == 4
    assert row == {
        "customer": "ben",
        "score": 60,
        "tier": "high",
        "stage": "purchase",
        "segments": ["new", "active"],
        "why": "60: product added to the cart",
    }


@pytest.mark.usefixtures("shop")
async def test_a_table_says_that_there_are_more_and_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    await say("customers", "--limit", "2")
    told = capsys.readouterr().out
    assert told.splitlines()[0].split() == [
        "customer",
        "score",
        "tier",
        "stage",
        "segments",
        "why",
        "last",
        "seen",
        "at",
    ]
    assert "loyal, vip, at risk" in told
    assert told.splitlines()[-1] == "There are more: --after ben"
    await say("customers", "--segment", "dormant")
    assert capsys.readouterr().out == "No customer is there.\n"
    assert ADDRESS not in told


@pytest.mark.usefixtures("shop")
async def test_a_segment_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CycloptsError, match="segment"):
        await say("customers", "--segment", "whales")


@pytest.mark.usefixtures("shop")
async def test_status_explains_the_score(capsys: pytest.CaptureFixture[str]) -> None:
    await say("status", ADDRESS)
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert told[0] == f"{ADDRESS} was never enrolled."
    assert told[1:4] == ["anna", "stage retention", "segments loyal, vip, at risk"]
    assert told[5:] == [
        "intent low, 14: nothing done lately",
        "· time spent 0 of 30, product views under a minute",
        "· depth of action 0 of 25, nothing done lately",
        "· category relevance 0 of 25, 0% of views in one category",
        "· lifecycle stage 14 of 20, retention stage",
        "· together 14",
        "· score 14, low",
    ]


@pytest.mark.usefixtures("shop")
async def test_status_in_json_stays_a_list_of_journeys(capsys: pytest.CaptureFixture[str]) -> None:
    assert await read(capsys, "status", "anna") == []


@pytest.mark.usefixtures("shop")
async def test_status_of_nobody_is_an_error() -> None:
    with pytest.raises(UnknownCustomerError):
        await say("status", "nobody")


@pytest.mark.usefixtures("shop")
async def test_show_says_that_consent_was_reported_in_a_form_that_does_not_count(
    capsys: pytest.CaptureFixture[str], sqlite_database: Database
) -> None:
    await commit(sqlite_database, identify("ben", traits={"consent": "true"}))
    await say("customer", "show", "ben")
    assert "none that counts: what was reported is no true or false" in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("shop")
async def test_show_says_that_an_erasure_waits(capsys: pytest.CaptureFixture[str], sqlite_database: Database) -> None:
    await say("customer", "show", "anna")
    assert "being erased" not in capsys.readouterr().out
    asked_at = SystemClock().now() - timedelta(hours=1)

    class Earlier(SystemClock):
        def now(self) -> datetime:
            return asked_at

    await Privacy(sqlite_database, Earlier()).request_erasure("anna", "preference centre")
    await say("customer", "show", "anna")
    told = " ".join(capsys.readouterr().out.split())
    assert f"being erased asked for at {asked_at:%Y-%m-%d}" in told
    assert "(preference centre); waits for `segue serve` or `segue up`, and these for Temporal and a worker" in told
