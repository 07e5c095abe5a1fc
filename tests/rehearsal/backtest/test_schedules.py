"""Random schedules (R6): whatever shoppers do when, the prediction is what the product does on a Temporal server.

The prediction is the backtest's, over the same events; the product is the whole house with time skipped: dispatcher,
workflows, activities, gate and database. Quiet hours hold.
"""

import shutil
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.simulation import simulate
from storage.database import Database
from tests.house import opened_house, time_skipping
from tests.rehearsal.backtest.playing import (
    BY_PAGE,
    DAY,
    POLICY,
    Scheduled,
    play,
    predicted,
    what_came_of_it,
)
from workflows.catalogue import JOURNEYS

MINUTE = timedelta(minutes=1)

_LAMP = {"product_id": "lamp", "price": 49}
ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "adds": ("Product Added", _LAMP),
    "adds another": ("Product Added", {"product_id": "desk", "price": 490}),
    "removes": ("Product Removed", {"product_id": "lamp"}),
    "looks": ("Product Viewed", _LAMP),
    "clicks": ("Email Link Clicked", {}),
    "orders": ("Order Completed", {"revenue": 49}),
    "orders on the page": ("Order Completed", {"revenue": 49, BY_PAGE: True}),
    "is confirmed": ("Order Completed", {"revenue": 49}),
    "gets a refund": ("Order Refunded", {}),
    "unsubscribes": ("Unsubscribed", {}),
    "bounces": ("Email Bounced", {"type": "hard"}),
}

NO_SHRINKING = [phase for phase in Phase if phase is not Phase.shrink]
"""An example takes seconds, and five shoppers are few enough to be read."""

gaps = st.sampled_from([3, 25, 50, 95, 6 * 60, 14 * 60, 22 * 60, 26 * 60, 4 * 24 * 60]).map(
    lambda count: count * MINUTE
)
likely = st.sampled_from(["adds", "adds", "looks", "clicks", "orders", *ACTIONS])
schedules = st.lists(st.lists(st.tuples(gaps, likely), min_size=1, max_size=7), min_size=5, max_size=5)


def script_of(journey: str, shoppers: Sequence[Sequence[tuple[timedelta, str]]]) -> list[Scheduled]:
    """What everybody does, in order. No two things happen within the same minute, or an even time after another.

    A backend confirms the last order, between two moments at which owed mail asks for that.
    """
    script: list[Scheduled] = []
    for who, actions in enumerate(shoppers):
        at, orders = 7 * who * MINUTE, 0
        for place, (gap, action) in enumerate([(MINUTE, "orders" if journey == "post-purchase" else "adds"), *actions]):
            at += gap + (place % 3) * MINUTE
            name, properties = ACTIONS[action]
            orders += action in ("orders", "orders on the page")
            at += MINUTE / 4 if action == "is confirmed" else timedelta()
            about = {"order_id": f"{who}-{orders}"} if "Order" in name else {}
            by = {"journey": journey} if action == "clicks" else {}
            script.append((at, f"shopper-{who}", name, {**properties, **about, **by}))
    return sorted(script, key=lambda each: each[0])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", JOURNEYS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
@given(shoppers=schedules)
async def test_whatever_shoppers_do_the_prediction_comes_true(
    sqlite_template: Path, name: str, shoppers: list[list[tuple[timedelta, str]]]
) -> None:
    script = script_of(name, shoppers)
    customers = [*dict.fromkeys(customer for _, customer, _, _ in script)]
    until = script[-1][0] + 6 * DAY + MINUTE / 2  # everything is due at full minutes: nothing just then
    with tempfile.TemporaryDirectory() as folder:
        database = Database(shutil.copy(sqlite_template, f"{folder}/segue.db"))
        async with time_skipping() as env, opened_house(env, database, policy=POLICY) as house:
            house.cast({name: JOURNEYS[name]})
            events = await play(house, customers, script, until)
            happened = await what_came_of_it(house, customers)
            ends = await house.now()
        await database.aclose()
    courses = simulate(JOURNEYS[name], History(events), Rules(policy=POLICY, strict=True))
    assert predicted(courses, customers, ends) == happened
