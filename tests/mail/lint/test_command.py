"""What `segue check` says of mails, and docs/check.md of their rules."""

import json
import re
import shutil
from pathlib import Path

import pytest

from mail.context import TEMPLATES
from mail.lint.lint import Lint
from mail.lint.rules import RULES
from starter.cli import check as command
from starter.cli.check import check

PAGE = (Path(__file__).parents[3] / "docs/check.md").read_text()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The mails of one journey, with fewer samples, in place of all."""
    folder = tmp_path / "templates"
    ignored = shutil.ignore_patterns("*.de.mjml.j2", "vip_*", "no_*", "long_*")
    shutil.copytree(TEMPLATES, folder, ignore=ignored)
    for other in folder.iterdir():
        if other.is_dir() and other.name not in {"post_purchase", "partials", "samples", "words"}:
            shutil.rmtree(other)
    monkeypatch.setattr(command, "Lint", lambda: Lint(folder))
    return folder


def break_in(folder: Path, old: str, new: str) -> None:
    path = folder / "post_purchase/confirmation.mjml.j2"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_mails_alone_are_checked_without_exploring(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(mails=True)
    made, *_, verdict = capsys.readouterr().out.split("\n\n")
    number = len(list((folder / "post_purchase").iterdir()))
    assert made.strip().startswith(f"From {number} templates ")
    assert verdict == f"All {len(RULES)} rules of mails hold.\n"


def test_a_finding_is_told_as_a_person_would(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_in(folder, "{{ parts.hello(customer) }}", "<mj-text>It is here!</mj-text>")
    with pytest.raises(SystemExit) as left:
        check(mails=True)
    assert left.value.code == 1
    told = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    at = told.index("post_purchase/confirmation, in 'en': no-shouting")
    first, *others = sorted(Lint(folder)._customers)
    assert told[at + 1 : at + 6] == [
        "  It shouts: an exclamation mark.",
        "    It is here!",
        "  Remedy: Say it calmly; loud words also lead into the spam folder.",
        f"  Example: the sample {first}, and "
        + ("one more shows the same." if len(others) == 1 else f"{len(others)} more samples show the same."),
        "",
    ]
    assert told[-1] == "1 error in mails. docs/check.md explains the rules."


def test_a_journeys_own_mails_are_checked_with_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_in(folder, "{{ parts.hello(customer) }}", "<mj-text>It is here!</mj-text>")
    with pytest.raises(SystemExit):
        check("post-purchase", json=True)
    printed = json.loads(capsys.readouterr().out)
    assert [each["journey"] for each in printed["journeys"]] == ["post-purchase"]
    [found] = [each for each in printed["mails"]["findings"] if each["severity"] == "error"]
    assert (found["rule"], found["template"], found["language"]) == ("no-shouting", "post_purchase/confirmation", "en")
    check("cart-recovery", mails=True, json=True)
    assert json.loads(capsys.readouterr().out) == {"mails": {"templates": 0, "rendered": 0, "findings": []}}


def test_the_page_lists_every_rule_of_mails_in_order() -> None:
    section = PAGE.partition("\n## Mails\n")[2]
    assert re.findall(r"^\| `([a-z-]+)` \| (.+?) \|", section, re.MULTILINE) == [
        (rule.id, rule.title) for rule in RULES
    ]
