"""Each rule finds its broken mail, and no other rule does; what only looks broken passes."""

from pathlib import Path

import pytest

from mail.lint.finding import Severity
from mail.lint.rules import RULES
from tests.mail.lint.broken import CASES, Case, linted, written

EACH = pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.rule}-{at}") for at, case in enumerate(CASES)])


def test_the_mail_that_others_are_made_from_is_right(tmp_path: Path) -> None:
    assert linted(tmp_path, {"right": written({})}) == ()


@EACH
def test_a_broken_mail_is_found_by_its_rule_alone(case: Case, tmp_path: Path) -> None:
    found = linted(tmp_path, {"broken": written(case.broken)})
    assert {(each.rule, each.severity) for each in found} == {(case.rule, Severity.ERROR)}
    assert all(each.wrong.endswith(".") and each.remedy.endswith(".") for each in found)


@EACH
def test_what_only_looks_broken_passes(case: Case, tmp_path: Path) -> None:
    assert linted(tmp_path, {"right": written(case.near_miss)}) == ()


def test_every_rule_has_a_broken_mail() -> None:
    assert {case.rule for case in CASES} | {"translation"} == {rule.id for rule in RULES}
