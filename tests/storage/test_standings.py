"""Standings: what the database finds is what the domain decides, a page at a time."""

from datetime import datetime, timedelta

import pytest

from domain import event as names
from domain.bounds import Bounds
from domain.customer import Customer
from domain.intent import DEFAULT_THRESHOLDS, Thresholds, Tier
from domain.message import Stage
from domain.segments import Segment
from domain.standing import Selection, Standing
from storage import standings
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.standings import Standings, select_standings
from tests.storage.samples import NOON, added, commit, ordered, track

DAY = timedelta(days=1)
NOW = NOON + 100 * DAY


async def shop(database: Database) -> None:
    """One customer for each story, with what they did by days before now."""
    await commit(
        database,
        track(names.PRODUCT_VIEWED, "newcomer", at=NOW - DAY),
        *(track(names.PRICING_VIEWED, "pricing", at=NOW - days * DAY) for days in (2, 3)),
        *(track(names.CONTENT_VIEWED, "reader", at=NOW - days * DAY) for days in (25, 26, 27)),
        *(ordered(f"r{days}", "regular", at=NOW - days * DAY) for days in (60, 40, 20)),
        track(names.EMAIL_LINK_CLICKED, "regular", at=NOW - 10 * DAY),
        *(ordered(f"v{number}", "patron", at=NOW - 45 * DAY) for number in range(5)),
        ordered("l1", "lost", at=NOW - 95 * DAY),
        added("boots", "shopper", at=NOW - timedelta(minutes=10)),
    )


async def found(
    database: Database, selection: Selection, now: datetime = NOW, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> list[Standing]:
    return [standing async for standing in select_standings(database, selection, now, thresholds)]


async def ids(database: Database, selection: Selection) -> set[str]:
    return {standing.customer for standing in await found(database, selection)}


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (Segment.NEW, {"newcomer", "pricing", "shopper"}),
        (Segment.ACTIVE, {"newcomer", "pricing", "shopper"}),
        (Segment.PRICING_SHOPPER, {"pricing"}),
        (Segment.CONTENT_EXPLORER, {"reader"}),
        (Segment.LOYAL, {"regular", "patron"}),
        (Segment.VIP, {"patron"}),
        (Segment.AT_RISK, {"patron"}),
        (Segment.DORMANT, {"lost"}),
    ],
)
async def test_each_segment_is_found(database: Database, segment: Segment, expected: set[str]) -> None:
    await shop(database)
    assert await ids(database, Selection(segment=segment)) == expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(stage=Stage.AWARENESS), {"reader"}),
        (Selection(stage=Stage.CONSIDERATION), {"newcomer", "pricing"}),
        (Selection(stage=Stage.PURCHASE), {"shopper"}),
        (Selection(stage=Stage.RETENTION), {"patron", "lost"}),
        (Selection(stage=Stage.ADVOCACY), {"regular"}),
        (Selection(tier=Tier.HIGH), {"shopper"}),
        (Selection(tier=Tier.MEDIUM), {"newcomer", "pricing"}),
        (Selection(tier=Tier.HIGH, stage=Stage.RETENTION), set()),
        (Selection(segment=Segment.LOYAL, stage=Stage.RETENTION), {"patron"}),
    ],
)
async def test_stages_and_tiers_are_found_and_combined(
    database: Database, selection: Selection, expected: set[str]
) -> None:
    await shop(database)
    assert await ids(database, selection) == expected


async def test_the_database_leaves_out_nobody_who_is_meant(sqlite_database: Database) -> None:
    await shop(sqlite_database)
    for days in range(0, 130, 3):
        now = NOW + days * DAY
        everybody = await found(sqlite_database, Selection(), now)
        for selection in [
            *(Selection(segment=segment) for segment in Segment),
            *(Selection(stage=stage) for stage in Stage),
            *(Selection(tier=tier) for tier in Tier),
        ]:
            meant = [standing for standing in everybody if selection.admits(standing)]
            assert await found(sqlite_database, selection, now) == meant


async def test_low_thresholds_leave_nobody_out(sqlite_database: Database) -> None:
    await commit(sqlite_database, *(ordered(f"o{days}", at=NOW - days * DAY) for days in (50, 60)))
    [standing] = await found(sqlite_database, Selection(tier=Tier.HIGH), thresholds=Thresholds(medium=5, high=10))
    assert standing.intent.score == 14


async def test_pages_follow_each_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standings, "PAGE", 2)
    await shop(database)
    everybody = [standing.customer for standing in await found(database, Selection())]
    assert everybody == ["lost", "newcomer", "patron", "pricing", "reader", "regular", "shopper"]
    after = [each.customer async for each in select_standings(database, Selection(), NOW, DEFAULT_THRESHOLDS, "patron")]
    assert after == ["pricing", "reader", "regular", "shopper"]


async def test_events_of_several_are_the_latest_of_each(database: Database) -> None:
    await commit(
        database,
        *(track(f"Step {number}", "anna", at=NOON + number * DAY) for number in range(5)),
        track("Step 0", "ben", at=NOON),
        track("Step 9", "cleo", at=NOON + 9 * DAY),
    )
    async with database.read() as session:
        events = await EventStore(session).recent_of(["anna", "ben", "cleo"], NOON, NOON + 4 * DAY, limit=2)
    assert {who: {each.event.name for each in theirs} for who, theirs in events.items()} == {
        "anna": {"Step 3", "Step 4"}
    }


async def test_who_does_not_exist_is_left_out(sqlite_database: Database) -> None:
    await shop(sqlite_database)
    async with sqlite_database.read() as session:
        judged = await Standings(session).of(["shopper", "nobody", "lost"], NOW, DEFAULT_THRESHOLDS)
    assert [each.customer for each in judged] == ["shopper", "lost"]


async def test_bounds_admit_whom_the_database_finds(database: Database) -> None:
    await shop(database)
    moments = (NOW - 45 * DAY, NOW - 25 * DAY)
    asked = [
        *(Bounds(seen_after=at) for at in moments),
        *(Bounds(seen_until=at) for at in moments),
        *(Bounds(first_seen_after=at) for at in moments),
        *(Bounds(ordered_after=at) for at in moments),
        Bounds(least_orders=1),
        Bounds(most_orders=0),
        Bounds(spent_over=360.0),
        Bounds(least_orders=3, seen_until=NOW - 45 * DAY, spent_over=1),
    ]
    async with database.read() as session:
        everybody = await Standings(session).candidates([], "", 100)
        customers = await customers_of(database, everybody)
        for bounds in asked:
            admitted = [each for each in everybody if bounds.admit(customers[each])]
            assert admitted == await Standings(session).candidates([bounds], "", 100)
            assert 0 < len(admitted) < len(everybody)


async def customers_of(database: Database, everybody: list[str]) -> dict[str, Customer]:
    async with database.read() as session:
        return await Customers(session).load(everybody)
