"""Records the histories that `test_replay.py` replays: `python -m tests.replay.record [SCENE…]`.

Without names it records new scenes only. A history on file stands for enrollments that customers are in right now:
record a scene anew only when they cannot be affected, or the change is patched. Names of this machine are scrubbed.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from domain import calls
from domain import event as names
from domain.civil import QuietHours
from storage.database import Database
from tests.house import ANNA, House, opened_house, time_skipping
from tests.replay import scenes_joining, scenes_lifecycle, scenes_retention, scenes_selling
from tests.replay.earlier import BeforeJoins
from tests.workflows.playing import worker_for
from worker import build_worker

FOLDER = Path(__file__).parent / "histories"

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CART = f"cart-recovery/{ANNA}"
ORDER = f"post-purchase/{ANNA}/o-1"

PERSON = {"email": "rosalind.private@shop.example", "firstName": "Rosalind", "timezone": "UTC"}
"""What must not be found in any history."""

Scene = Callable[[House], Awaitable[str]]
"""Plays one enrollment, and returns its workflow id."""


async def silence(house: House) -> str:
    await house.add_to_cart()
    await house.advance(80 * HOUR)
    return CART


async def click(house: House) -> str:
    await house.add_to_cart()
    await house.advance(2 * HOUR)
    await house.click()
    await house.advance(80 * HOUR)
    return CART


async def purchase_during_a_wait(house: House) -> str:
    await house.add_to_cart()
    await house.advance(30 * HOUR)
    await house.order()
    await house.advance(HOUR)
    return CART


async def purchase_before_its_signal(house: House) -> str:
    async def buy() -> None:
        properties = {"order_id": "o-1", "revenue": 49.0}
        await house.store(house.track(names.ORDER_COMPLETED, at=house.clock.now(), properties=properties))

    house.hooks.before(calls.SEND, buy)
    await house.add_to_cart()
    await house.advance(HOUR + timedelta(minutes=2))
    await house.dispatch()
    await house.advance(HOUR)
    return CART


async def purchase_during_a_send(house: House) -> str:
    house.transport.defer_next(1000)
    await house.add_to_cart()
    await house.advance(2 * HOUR)
    await house.order()
    await house.advance(HOUR)
    return CART


async def deferral(house: House) -> str:
    await house.advance(11 * HOUR + HOUR / 2)  # 20:30: the reminder is due at 21:30
    await house.add_to_cart()
    await house.advance(24 * HOUR)
    await house.visit()
    await house.advance(80 * HOUR)
    return CART


async def cancel(house: House) -> str:
    await house.add_to_cart()
    await house.advance(5 * HOUR)
    await house.operations.cancel(ANNA)
    await house.advance(HOUR)
    return CART


async def first_order(house: House) -> str:
    await house.order()
    await house.advance(40 * DAY)
    return ORDER


async def second_order(house: House) -> str:
    await house.order(order_id="o-0")
    await house.advance(DAY)
    await house.order(order_id="o-1")
    await house.advance(20 * DAY)
    return ORDER


SCENES: dict[str, Scene] = (
    {
        "cart-recovery.silence": silence,
        "cart-recovery.click": click,
        "cart-recovery.purchase-during-a-wait": purchase_during_a_wait,
        "cart-recovery.purchase-before-its-signal": purchase_before_its_signal,
        "cart-recovery.purchase-during-a-send": purchase_during_a_send,
        "cart-recovery.deferral": deferral,
        "cart-recovery.cancel": cancel,
        "post-purchase.first-order": first_order,
        "post-purchase.second-order": second_order,
    }
    | scenes_joining.SCENES
    | scenes_lifecycle.SCENES
    | scenes_selling.SCENES
    | scenes_retention.SCENES
)
"""By the name of the file: journey, dot, what happens."""


async def record(scene: Scene, database: Database) -> str:
    """Play a scene, and return the enrollment's history as JSON."""
    quiet = QuietHours() if scene is deferral else None
    build = worker_for(BeforeJoins) if scene is scenes_joining.unheard_join else build_worker
    async with time_skipping() as env, opened_house(env, database, quiet=quiet, build=build) as house:
        await house.identify(**PERSON)
        workflow_id = await scene(house)
        history = await house.handle(workflow_id).fetch_history()
    return json.dumps(scrub(json.loads(history.to_json())), indent=1) + "\n"


def scrub(value: Any, key: str = "") -> Any:
    """A history without the names of the machine and process it was recorded on."""
    match value:
        case dict():
            return {name: scrub(each, name) for name, each in value.items()}
        case list():
            return [scrub(each, key) for each in value]
        case str() if key == "identity":
            return "worker"
        case str() if key == "name" and re.fullmatch(r"\d+@.+", value):
            return "worker"  # the worker's own task queue
        case _:
            return value


async def main(named: list[str]) -> None:
    """Record the named scenes, or else those that have no history yet. Names that are no scenes are an error."""
    missing = [name for name in SCENES if not (FOLDER / f"{name}.json").exists()]
    for name in named or missing:
        scene = SCENES[name]
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"{folder}/segue.db")
            await database.migrate()
            (FOLDER / f"{name}.json").write_text(await record(scene, database))
            await database.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
