"""What is counted of the jobs that nobody asks for."""

from datetime import UTC, datetime, timedelta

from temporalio.testing import ActivityEnvironment

from activities.retaining import RetainingActivities
from activities.sweeping import SweepActivities
from domain import event as names
from domain.clock import SystemClock
from domain.gate import GatePolicy
from domain.occasions import SourcePolicy
from domain.retention import RetentionPolicy
from domain.sweep import PageRequest
from storage.database import Database
from storage.events import EventStore
from tests.metrics.readings import moved
from tests.storage.samples import commit, identify, track


async def test_rows_that_retention_clears_are_counted_by_what_was_kept(sqlite_database: Database) -> None:
    ago = datetime.now(UTC) - timedelta(days=30)
    await commit(sqlite_database, track(names.PRODUCT_VIEWED, None, anonymous_id="v-1", at=ago))
    async with sqlite_database.transaction() as session:
        [event] = await EventStore(session).pending(10)
        await EventStore(session).mark_dispatched([event.seq], ago)
    policy = RetentionPolicy(strangers=timedelta(days=7))
    retain = RetainingActivities(sqlite_database, SystemClock(), policy).retain_batch
    with moved() as metrics:
        while (await ActivityEnvironment().run(retain)).keeping:
            pass
    assert metrics.of("segue_retention_rows_total") == {("strangers",): 1}


async def test_what_a_source_finds_is_counted_once(sqlite_database: Database) -> None:
    ago = datetime.now(UTC) - timedelta(days=40)
    traits = {"email": "anna@shop.example", "consent": True}
    await commit(sqlite_database, identify("anna", at=ago, traits=traits), track(names.PRODUCT_VIEWED, "anna", at=ago))
    activities = SweepActivities(sqlite_database, SystemClock(), SourcePolicy(), GatePolicy())
    with moved() as metrics:
        for _ in range(2):
            await activities.sweep_page(PageRequest(source="lapsed", after=""))
    assert metrics.of("segue_source_events_total") == {("lapsed",): 1}
