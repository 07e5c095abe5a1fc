"""`segue demo` keeps its word: sixteen shoppers get what they are promised. Takes a minute and a half, as it says."""

import asyncio
import re

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

    assert "Traceback" not in found.stderr
    missed = [line for line in found.stdout.splitlines() if line.startswith("  ✗ ")]
    assert missed == []
    *_, verdict = found.stdout.splitlines()
    assert re.fullmatch(r"Every expectation held: (\d+) of \1\.", verdict), found.stdout
    occurred = re.search(rf"\d+ mails to {len(SHOPPERS)} shoppers\. (\d+) of {len(JOURNEYS)} journeys", found.stdout)
    assert occurred is not None
    assert int(occurred[1]) >= MANY
    assert found.returncode == 0
