"""`segue replay` as a process, with the same version of a journey as the stack runs, and with others."""

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import WorkflowHandle

from starter.steering import Steering
from tests.stack.processes import ROOT
from tests.stack.shop import CART, Shop
from tests.stack.terminal import Terminal, objection
from tests.stack.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = 1.0
SETTINGS = {"in_session": timedelta()}  # they are mailed in the breath in which they fill their carts
"""Every enrollment stays where it was brought."""

FITTING = """\
journey        running  fit  differ  misread  break  not asked
cart-recovery  3        3    0       0        0      0

3 running enrollments: all go on under this code.
"""
BREAKING = """\
journey        running  fit  differ  misread  break  not asked
cart-recovery  3        1    0       0        2      0

cart-recovery: 2 would stand still
  step 2: the journal has “sending cart/reminder”, the code now asks for “scoring intent”
  cart-recovery/paula, cart-recovery/petra

Of 3 running enrollments, 2 would stand still under this code.
An enrollment that stands still loses nothing: it sends nothing, keeps what it is told meanwhile, and goes on once \
code that fits is deployed. Remedy: keep the old way for those who are past the change, by `since`; see \
docs/write-a-journey.md, “Changing a journey that is running”.
"""
DIFFERENT = """\
journey        running  fit  differ  misread  break  not asked
cart-recovery  3        1    2       0        0      0

cart-recovery: 2 would go on, though the code has changed where they have passed
  step 2: the journal has “sending cart/reminder”, the code now asks for “sending cart/deeper”
  cart-recovery/paula, cart-recovery/petra

3 running enrollments: all go on under this code.
"""


Version = Callable[[str, str], dict[str, str]]


@pytest.fixture
def version(tmp_path: Path) -> Version:
    """The environment of a process whose code of cart recovery says something else."""

    def change(old: str, new: str) -> dict[str, str]:
        shutil.copytree(ROOT / "workflows", tmp_path / "workflows")
        module = tmp_path / "workflows" / "cart_recovery.py"
        assert module.read_text().count(old) == 1
        module.write_text(module.read_text().replace(old, new))
        return {"PYTHONPATH": str(tmp_path)}

    return change


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def customers(shop: Shop) -> None:
    """One whose cart is not quiet yet, and two who have been reminded."""
    for customer in ("paula", "petra", "quentin"):
        await shop.backend.fill_cart(customer)
    await asyncio.gather(
        *(brought(shop, customer, "waiting until quiet") for customer in ("paula", "petra", "quentin"))
    )
    for customer in ("paula", "petra"):
        await Steering(shop.stack.client).skip(f"{CART}/{customer}")
        await brought(shop, customer, "waiting 23 hours")


async def brought(shop: Shop, customer: str, doing: str) -> None:
    handle: WorkflowHandle[Any, Any] = shop.workflow(CART, customer)

    async def does() -> str:
        began = any(row.run_id for row in await shop.books.enrollments(customer))
        return str((await handle.query("status"))["doing"]) if began else ""

    await until(does, lambda found: found.startswith(doing))


async def test_the_code_that_runs_fits(terminal: Terminal) -> None:
    assert trimmed(await terminal.say("replay")) == FITTING
    found = json.loads(await terminal.say("replay", CART, "--json"))
    assert found == {
        "journeys": [
            {
                "journey": CART,
                "deployed": True,
                "running": 3,
                "fits": 3,
                "differs": 0,
                "misreads": 0,
                "breaks": 0,
                "not_asked": 0,
                "places": [],
            }
        ],
        "ended": 0,
        "notes": [],
    }


async def test_code_that_breaks_is_refused_with_the_place(terminal: Terminal, version: Version) -> None:
    changed = version("reminder = await", "await self.score()\n        reminder = await")
    said, read = await asyncio.gather(
        terminal.call("replay", environment=changed), terminal.call("replay", "--json", environment=changed)
    )
    assert (said.returncode, trimmed(said.stdout), said.stderr) == (1, BREAKING, "")
    assert read.returncode == 1
    (journey,) = json.loads(read.stdout)["journeys"]
    assert journey["places"] == [
        {
            "verdict": "breaks",
            "words": BREAKING.splitlines()[4].strip(),
            "count": 2,
            "examples": ["cart-recovery/paula", "cart-recovery/petra"],
        }
    ]


async def test_other_texts_are_told_and_let_through(terminal: Terminal, version: Version) -> None:
    said = await terminal.call("replay", environment=version('"cart/reminder"', '"cart/deeper"'))
    assert (said.returncode, trimmed(said.stdout), said.stderr) == (0, DIFFERENT, "")


async def test_a_journey_that_runs_and_is_no_more_is_refused(terminal: Terminal, version: Version) -> None:
    said = await terminal.call("replay", CART, environment=version('name="cart-recovery"', 'name="cart-rescue"'))
    assert said.returncode == 1
    assert "cart-recovery: 3 would stand still\n  no journey is deployed under this name" in said.stdout


async def test_some_can_be_looked_at_and_none_may_run(terminal: Terminal) -> None:
    some, none, unknown = await asyncio.gather(
        terminal.say("replay", "--limit", "1"),
        terminal.say("replay", "post-purchase"),
        terminal.call("replay", "cart-recvery"),
    )
    assert "Looked at 1 of 3, those that began last." in some
    assert none == "No enrollment is running.\n"
    assert objection(unknown).startswith("no journey is named 'cart-recvery'; there are: ")


async def test_a_row_that_temporal_does_not_list_is_told(shop: Shop, terminal: Terminal) -> None:
    await shop.workflow(CART, "quentin").terminate()
    said = await terminal.say("replay")
    assert "The database has 3 running, and Temporal lists 2." in said


async def test_the_new_codes_database_need_not_be_there_yet(shop: Shop, tmp_path: Path) -> None:
    addresses = shop.stack.addresses
    terminal = Terminal(
        SEGUE_DATABASE=str(tmp_path / "none.db"),
        SEGUE_TEMPORAL=addresses.temporal,
        SEGUE_NAMESPACE=addresses.namespace,
        SEGUE_DATA=str(tmp_path),
    )
    said = await terminal.say("replay")
    assert "The enrollments in the database were not counted: there is no database" in said


def trimmed(text: str) -> str:
    """Text without spaces at the ends of lines."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
