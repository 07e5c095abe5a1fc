"""The threat model names tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/threats.md").read_text()
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| (?!threat|---)", line) and not line.startswith("|---")]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_is_named_is_there(file: str, test: str) -> None:
    assert test.startswith("test_")
    assert test in functions_of(file)


def test_every_threat_has_a_proof_or_is_called_a_limit() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if "::test_" not in row and "*limit*" not in row] == []
    assert re.findall(r"`tests/[^`:]*`", PAGE.replace("`tests/test_threats.py`", "")) == []
