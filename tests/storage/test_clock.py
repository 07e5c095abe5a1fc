from datetime import timedelta

import pytest

from domain.clock import REAL_TIME, PacedClock
from domain.errors import ConfigurationError
from storage.clock import load_clock
from storage.database import Database
from tests.storage.samples import MINUTE, NOON

START = NOON - timedelta(days=100)


async def load(database: Database, pace: float, now_minutes: int = 0, **options: object) -> PacedClock:
    async with database.transaction() as session:
        return await load_clock(session, pace, NOON + now_minutes * MINUTE, **options)  # type: ignore[arg-type]


async def test_real_time_is_the_default_and_stays(database: Database) -> None:
    assert await load(database, 1.0) == REAL_TIME
    assert await load(database, 1, 5) == REAL_TIME


async def test_a_pace_is_anchored_where_the_data_began(database: Database) -> None:
    clock = await load(database, 3600)
    assert clock == PacedClock(anchor_real=NOON, anchor_product=NOON, pace=3600)
    assert await load(database, 3600, 5) == clock


async def test_new_data_may_begin_at_any_moment(database: Database) -> None:
    clock = await load(database, 1, start=START)
    assert clock == PacedClock(anchor_real=NOON, anchor_product=START, pace=1)
    assert await load(database, 1, 5, start=NOON) == clock


async def test_data_of_another_pace_is_refused(database: Database) -> None:
    await load(database, 3600)
    with pytest.raises(ConfigurationError) as refusal:
        await load(database, 1)
    assert str(refusal.value) == "this data runs at pace 3600; start with --pace 3600, or choose another --data"
    assert (await load(database, 3600)).pace == 3600
