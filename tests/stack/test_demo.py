"""`segue demo` keeps its word: seven shoppers get what they are promised. Takes a minute, as it says."""

import asyncio

from starter.demo.shoppers import SHOPPERS
from tests.stack.processes import SEGUE, finish

PATIENCE = 110.0
"""Seconds; it needs some 65."""


async def test_every_expectation_of_the_demo_holds() -> None:
    found = await asyncio.to_thread(finish, [SEGUE, "demo"], within=PATIENCE)

    assert "Traceback" not in found.stderr
    *_, verdict = found.stdout.splitlines()
    marks = [line.strip()[0] for line in found.stdout.splitlines() if line.startswith(("  ✓ ", "  ✗ "))]
    assert (verdict, marks) == ("Every expectation held.", ["✓"] * 3 * len(SHOPPERS))
    assert found.returncode == 0
