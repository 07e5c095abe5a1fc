"""`segue backtest` as somebody sees it who runs it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ConfigurationError, UnknownJourneyError
from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.report import Report
from rehearsal.backtest.report import backtest as compare_versions
from starter.cli.backtest import backtest
from starter.cli.backtest_report import show_report
from tests.rehearsal.backtest.recordings import DAY, HOUR, call
from tests.rehearsal.backtest.reminders import RECORDING, Patient, Reminding

LINES = [
    call(0 * HOUR, "Product Added", "anna", product_id="lamp", price=49),
    call(0 * HOUR, "Product Added", "bert", product_id="lamp", price=49),
    call(2 * HOUR, "Order Completed", "bert", order_id="o1", revenue=49),
    call(2 * DAY, "Product Viewed", "carl"),
]


@pytest.fixture
def recording(tmp_path: Path) -> str:
    """A packed recording of three customers."""
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, LINES)).encode()))
    return str(path)


async def test_it_says_who_would_get_what_when_and_why(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    await backtest("cart-recovery", events=recording)
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    for line in (
        "cart-recovery, over 4 events of 3 customers",
        "from 2026-03-02 09:00 UTC to 2026-03-04 09:00 UTC. Nothing was sent.",
        "Enrollments 2 of 2 customers",
        "Mails 3 + 2*",
        "Most mails to one customer 4",
        "Busiest hour 2026-03-02 10:00 UTC: 2 mails",
        "reminder 2",
        "objections 1",
        "social_proof 1*",
        "last_call 1*",
        "converted: order completed 1, revenue 49.00",
        "open at the end 1",
        "1 mail in 24 h 1",
        "2026-03-03 10:00 UTC cart/objections no answer in 23 hours, held: 1 mail in 24 h",
        "2026-03-02 11:00 UTC ends: converted order completed, revenue 49.00",
        "* After the recording ends, if nothing more happens.",
        "An address and consent are supposed where the recording tells of none; --strict requires them.",
    ):
        assert line in said, line


async def test_json_says_everything(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    await backtest("cart-recovery", events=recording, json=True)
    report: dict[str, Any] = json.loads(capsys.readouterr().out)

    assert Report.model_validate(report).run.totals.mails == 3
    assert [course["customer"] for course in report["run"]["courses"]] == ["anna", "bert"]
    assert report["against"] is None


async def test_the_deployments_settings_hold(
    recording: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGUE_JOURNEYS", '{"cart-recovery": {"quiet": "PT3H"}}')
    monkeypatch.setenv("SEGUE_QUIET_FROM", "12:00")
    await backtest("cart-recovery", events=recording, json=True)
    report = Report.model_validate_json(capsys.readouterr().out)

    [anna, bert] = report.run.courses
    assert anna.mails[0].held == ("quiet hours",)  # due at noon
    assert bert.mails == ()


async def test_a_line_that_is_wrong_is_named_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join([json.dumps(LINES[0]), "{", json.dumps({**LINES[1], "timestamp": None}), ""]))

    with pytest.raises(SystemExit) as left:
        await backtest("cart-recovery", events=str(path))

    said = capsys.readouterr()
    assert left.value.code == 1
    assert "over 1 event of 1 customer" in said.out
    assert said.err.splitlines()[0].startswith("line 2: ")
    assert said.err.splitlines()[1:] == [
        "line 3: timestamp: is missing: a backtest must know when it happened",
        "2 lines left out",
    ]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:00Z", "0001-01-01T00:00:00Z"])
async def test_a_moment_that_no_calendar_can_count_from_is_a_wrong_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], moment: str
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join([json.dumps(LINES[0]), json.dumps({**LINES[1], "timestamp": moment}), ""]))

    with pytest.raises(SystemExit):
        await backtest("cart-recovery", events=str(path))

    said = capsys.readouterr()
    assert "over 1 event of 1 customer" in said.out
    assert said.err.splitlines()[0] == "line 2: timestamp: must lie between 1970 and 2200: check who wrote it"


async def test_typing_mistakes_are_told_before_anything_is_read(recording: str) -> None:
    with pytest.raises(UnknownJourneyError, match="no journey is named 'cart'"):
        await backtest("cart", events=recording)
    with pytest.raises(ConfigurationError, match="cannot read"):
        await backtest("cart-recovery", events="nowhere.jsonl")


async def test_an_empty_file_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.jsonl").write_text("")
    await backtest("cart-recovery", events=str(tmp_path / "none.jsonl"))

    assert capsys.readouterr().out == "The recording holds no events.\n"


def test_a_comparison_says_what_differs_first_in_figures_then_by_example(capsys: pytest.CaptureFixture[str]) -> None:
    report = compare_versions(Patient, History(RECORDING), Rules(), against=("v1", Reminding))
    show_report(report, examples=1)
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    for line in (
        "reminding, as of v1 and now, over 6 events of 4 customers",
        "Mails 6 5",
        "objections 2 1",
        "converted: order completed - 1, revenue 120.00",
        "Mails only before: 1",
        "Mails at another time: 1, 1 day later",
        "carl cart/objections 2026-03-03 10:00 UTC - ended before it came to that, order completed",
        (
            "anna cart/objections 2026-03-03 10:00 UTC 2026-03-04 10:00 UTC 1 day later "
            "no answer in 1 day → no answer in 2 days"
        ),
        "carl - completed (the sequence is complete) converted (order completed) ends 1 hour later",
    ):
        assert line in said, line
    show_report(compare_versions(Reminding, History(RECORDING), Rules(), against=("v1", Reminding)), examples=1)
    assert "Both versions do the same." in capsys.readouterr().out
