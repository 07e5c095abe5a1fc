"""`segue demo` keeps its word: sixteen shoppers get what they are promised. Takes a minute and a half, as it says."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from starter.demo.expectations import MANY
from starter.demo.shoppers import SHOPPERS
from tests.stack.processes import SEGUE, finish
from workflows.catalogue import JOURNEYS

PATIENCE = 560.0
"""Seconds; it needs some 95, and on a machine with eight times too much to do some 300."""


@pytest.mark.timeout(PATIENCE + 30)
async def test_every_expectation_of_the_demo_holds() -> None:
    found = await asyncio.to_thread(finish, [SEGUE, "demo"], within=PATIENCE)

    assert [line for line in found.stderr.splitlines() if not line.startswith("segue: ")] == [], "no log line"
    missed = [line for line in found.stdout.splitlines() if line.startswith("  ✗ ")]
    assert missed == []
    *_, verdict = found.stdout.splitlines()
    assert re.fullmatch(r"Every expectation held: (\d+) of \1\.", verdict), found.stdout
    occurred = re.search(rf"\d+ mails to {len(SHOPPERS)} shoppers\. (\d+) of {len(JOURNEYS)} journeys", found.stdout)
    assert occurred is not None
    assert int(occurred[1]) >= MANY
    log = re.search(r"Log +(/\S+/demo\.log)$", found.stdout, re.MULTILINE)
    assert log is not None
    assert not Path(log[1]).parent.exists(), "it went well, and nothing of it stays"
    assert found.returncode == 0


def test_what_went_wrong_can_be_looked_into(tmp_path: Path) -> None:
    found = finish([SEGUE, "demo"], environment={"SEGUE_MAX_BODY": "10", "TMPDIR": str(tmp_path)})

    assert found.returncode == 1
    assert found.stderr.startswith("segue: the play ended early. ")
    (folder,) = tmp_path.glob("segue-demo-*")
    assert found.stdout.splitlines()[-1] == f"Log and data of this play stay in {folder}, to look into."
    assert json.loads((folder / "demo.log").read_text().splitlines()[0])["event"] == "the play begins"
    assert (folder / "segue.db").exists()
