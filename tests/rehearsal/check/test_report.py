"""All shipped journeys pass, and what the command says of them and of others."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import ConfigurationError, UnknownJourneyError
from domain.gate import GatePolicy
from rehearsal.check.load import together
from rehearsal.check.policy import CheckPolicy
from rehearsal.check.report import Check
from rehearsal.check.rules import RULES, RULES_TOGETHER
from starter.cli.check import check
from tests.rehearsal.check import wrong_journeys as wrong
from workflows.catalogue import JOURNEYS, deployed
from workflows.vocabulary import Journey, Kind

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/check.md").read_text()


def test_every_shipped_journey_holds_to_every_rule() -> None:
    report = Check(JOURNEYS).run()
    assert report.violations == ()
    assert {each.journey for each in report.journeys} == set(JOURNEYS)
    assert all(each.paths is not None and each.paths > 50 for each in report.journeys)  # the newsletter has one mail
    assert together(report.loads, GatePolicy()) <= GatePolicy().caps.per_48h


class TwelveMails(Journey):
    """Sends twelve mails, one a week.

    Anybody may leave, or be held back, at each.
    """

    plan = wrong.plan("twelve-mails")

    async def steps(self) -> None:
        """Send every week."""
        for _ in range(12):
            await self.send("cart/reminder")
            await self.wait(timedelta(days=7))
        await self.send("cart/last_call", kind=Kind.TRANSACTIONAL)


def test_a_journey_of_a_hundred_million_paths_is_checked_as_any_other() -> None:
    report = Check({"twelve-mails": TwelveMails}).run()
    [found] = report.violations
    assert report.journeys[0].paths is not None
    assert report.journeys[0].paths > 10**8
    assert (found.rule, found.path and found.path.told) == (
        "nothing-after-exit",
        "the customer buys at 80 days 12 hours",
    )
    assert found.more > 10**6


def test_a_setting_that_breaks_a_rule_is_found() -> None:
    report = Check(JOURNEYS, changed={"post-purchase": {"used": "P5D"}}).run([JOURNEYS["post-purchase"]])
    wait, mail = report.violations
    assert (wait.rule, wait.wrong) == ("waits", "It waits minus 2 days; it must let time pass.")
    # Due two days before the mail that stands before it went, and the cap holds it back for a day more.
    assert (mail.rule, mail.about) == ("dead-steps", "post_purchase/review_request")


def test_settings_of_no_journey_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no journey is named 'cart-recover'; there are: .*cart-recovery"):
        Check(JOURNEYS, changed={"cart-recover": {}}).run()


def test_a_wrong_setting_is_refused_as_at_start() -> None:
    with pytest.raises(ConfigurationError, match=r"cart-recovery\.quiet: "):
        Check(JOURNEYS, changed={"cart-recovery": {"quiet": "soon"}}).run()


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_says_that_all_rules_hold(capsys: pytest.CaptureFixture[str]) -> None:
    check("post-purchase")
    table, mails, *_, verdict = capsys.readouterr().out.split("\n\n")
    assert re.search(r"^post-purchase +[\d,]+ +\d+ +\d+\.\d s +all rules hold *$", table, re.MULTILINE)
    assert re.fullmatch(r"From \d+ templates \d+ mails were made, for all sample customers and languages\.", mails)
    assert verdict == "All rules hold. `load` is about all journeys: `segue check` asks it.\n"


def test_the_command_tells_a_violation_as_a_person_would(capsys: pytest.CaptureFixture[str]) -> None:
    with deployed(wrong.ReceiptTooLate), pytest.raises(SystemExit) as left:
        check("receipt-too-late")
    assert left.value.code == 1
    told = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert re.fullmatch(r"receipt-too-late, line \d+: nothing-after-exit", told[3])
    assert told[4:10] == [
        "  post_purchase/review_request goes out after the journey has ended (order completed).",
        "  Remedy: Owed mail survives the ending: send it before the first wait, or send it as marketing.",
        "  Example, begun at 09:00: the customer buys at 1 hour. 9 more ways show the same.",
        "    at 1 hour  a purchase",
        "    at 1 hour  review_request sent (accepted)",
        "",
    ]
    assert told[10].startswith("From 1 template ")
    assert told[-1] == "1 violation. docs/check.md explains the rules."


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    with deployed(wrong.ReceiptTooLate), pytest.raises(SystemExit):
        check("receipt-too-late", "post-purchase", json=True)
    printed = json.loads(capsys.readouterr().out)
    assert [each["journey"] for each in printed["journeys"]] == ["receipt-too-late", "post-purchase"]
    [found] = printed["journeys"][0]["violations"]
    assert (found["rule"], found["journeys"], found["more"]) == ("nothing-after-exit", ["receipt-too-late"], 9)
    assert found["path"]["begins"] == "2026-03-02T09:00:00+00:00"
    assert found["path"]["told"] == "the customer buys at 1 hour"
    assert printed["together"] == printed["load"] == printed["journeys"][1]["violations"] == []


def test_the_command_refuses_a_journey_that_is_not_there() -> None:
    with pytest.raises(UnknownJourneyError, match="no journey is named 'cart'"):
        check("cart")


def test_the_command_heeds_the_deployments_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGUE_JOURNEYS", '{"post-purchase": {"used": "P5D"}}')
    with pytest.raises(SystemExit):
        check("post-purchase")
    assert re.search(r"^post-purchase, line \d+: waits$", capsys.readouterr().out, re.MULTILINE)


def test_the_command_needs_nothing_that_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from starter.cli import main; main()", "check", "post-purchase"]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "All rules hold." in done.stdout
    assert list(tmp_path.iterdir()) == []


# -- docs/check.md ---------------------------------------------------------------------------------------------------


def test_the_page_lists_every_rule_in_order() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| (.+?) \|", PAGE.partition("\n## Mails\n")[0], re.MULTILINE)
    named = [(rule.id, rule.title) for rule in RULES] + [(rule.id, rule.title) for rule in RULES_TOGETHER]
    assert listed == named


@pytest.mark.parametrize(
    "limit",
    [
        CheckPolicy().life,
        CheckPolicy().longest_wait,
        CheckPolicy().longest_reaction,
        CheckPolicy().longest_quiet,
        CheckPolicy().spacing,
        CheckPolicy().cool_down,
    ],
    ids=str,
)
def test_the_page_tells_the_limits(limit: timedelta) -> None:
    words = f"{limit.days} days" if limit >= timedelta(days=2) else f"{limit // timedelta(hours=1)} hours"
    assert words in PAGE
