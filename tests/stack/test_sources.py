"""Sources over the real server: a schedule fires, the worker is killed in the middle, and everybody is told once."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from domain import event as names
from domain.clock import REAL_TIME
from domain.customer import Customer
from domain.sweep import Sweep
from starter.sources import Sources, SourceStatus
from storage.database import Database
from storage.tables import CustomerRecord, EventRecord, table_of
from temporal import connect
from tests.stack.books import Books
from tests.stack.deployment import WRITE_KEY, Deployment
from tests.stack.server import temporal_server
from tests.stack.terminal import Terminal
from tests.stack.waiting import until

MANY = 150

PACE = 8640.0
"""A product day takes ten seconds."""

LONG = 60.0
"""Real seconds: three batches of sixty with pauses of seven seconds, and ten until a dead worker is noticed."""


async def fill(database: Database) -> None:
    """Customers who left a month ago."""
    at = datetime.now(UTC) - timedelta(days=31)
    customer = Customer(id="anna", first_seen_at=at, last_seen_at=at, counts={names.PRODUCT_VIEWED: 1})
    rows = [
        customer.model_dump() | {"id": f"c-{number:03}", "email": f"c-{number}@shop.example", "cart": {}}
        for number in range(MANY)
    ]
    async with database.transaction() as session:
        await (await session.connection()).execute(insert(table_of(CustomerRecord)), rows)


@asynccontextmanager
async def deployed(folder: Path) -> AsyncIterator[Deployment]:
    """A server and a database of people; no process runs yet."""
    database = Database(str(folder / "segue.db"))
    await database.migrate()
    await fill(database)
    async with temporal_server(folder) as server:
        settings = {
            "SEGUE_DATABASE": str(folder / "segue.db"),
            "SEGUE_TEMPORAL": server.address,
            "SEGUE_SECRET": "a secret of some length",
            "SEGUE_WRITE_KEYS": WRITE_KEY,
            "SEGUE_PUBLIC_URL": "https://mail.shop.example",
            "SEGUE_SMTP": "smtp://127.0.0.1:9",
            "SEGUE_CONSENT": "assumed",
            "SEGUE_PACE": f"{PACE:g}",
            "SEGUE_SOURCES__PER_MINUTE": "600",
        }
        deployment = Deployment(folder, await connect(server.address), settings, Books(database, folder / "inbox"))
        try:
            yield deployment
        finally:
            deployment.end()
    await database.aclose()


async def test_a_sweep_whose_worker_is_killed_tells_everybody_once(tmp_path: Path) -> None:
    async with deployed(tmp_path) as deployment:
        events = table_of(EventRecord)

        async def told() -> Counter[str]:
            async with deployment.books.database.read() as session:
                lapses = select(events.c.customer_id).where(events.c.name == names.CUSTOMER_LAPSED)
                return Counter((await (await session.connection()).execute(lapses)).scalars())

        worker = await deployment.work("killed")
        found = await until(told, lambda found: len(found) >= 60, within=LONG)
        worker.kill_group()
        assert len(found) < MANY, "it was killed in the middle"
        await deployment.work("next")
        assert set((await until(told, lambda found: len(found) == MANY, within=LONG)).values()) == {1}

        sweeps = 'WorkflowType = "segue-source" AND ExecutionStatus = "Completed"'

        async def finished() -> list[Sweep]:
            found = [each async for each in deployment.client.list_workflows(sweeps)]
            handles = [
                deployment.client.get_workflow_handle(each.id, run_id=each.run_id, result_type=Sweep) for each in found
            ]
            return [result for handle in handles if (result := await handle.result()).source == "lapsed"]

        (first, *_) = sorted(await until(finished, within=LONG), key=lambda sweep: -sweep.found)
        assert MANY - 60 <= first.found <= MANY, "it went on over the kill; a page done twice found nobody"
        await steer(Terminal(**deployment.settings), Sources(deployment.client, REAL_TIME))
        assert set((await told()).values()) == {1}


async def steer(terminal: Terminal, sources: Sources) -> None:
    """Look at the sources, pause one, let it look now, resume it."""
    listed = {each["name"]: each for each in await terminal.read("sources")}
    assert list(listed) == ["lapsed", "anniversary", "birthday", "repurchase", "advocates", "newsletter"]
    assert all(each["last_run"] for each in listed.values())
    assert listed["birthday"]["every"] == "PT6H"

    async def lapsed() -> SourceStatus:
        return (await sources.all())[0]

    await terminal.say("sources", "pause", "lapsed", "--reason", "a rest")
    before = await until(lapsed, lambda found: found.state == "paused")
    assert (before.note, before.next_run, before.looked_at) == ("a rest", None, MANY)
    await terminal.say("sources", "run", "lapsed")
    after = await until(lapsed, lambda found: found.last_run != before.last_run and found.state == "paused")
    assert (after.looked_at, after.found) == (MANY, 0), "whoever lapsed was told before"
    await sources.resume("lapsed")
    assert (await lapsed()).state in ("waits", "looks now")
