"""Somebody stays away, is found, and comes back; with the real store, activities and dispatcher."""

from datetime import timedelta

from domain import event as names
from domain.sweep import SWEEP, Sweep
from storage.events import EventStore
from temporal import TASK_QUEUE
from tests.house import ANNA, START, House

OURS = (names.CUSTOMER_LAPSED, names.CUSTOMER_RETURNED)


async def look(house: House, source: str, number: int) -> int:
    """Let a source look at everybody, and deliver what it found. How many that were."""
    await house.now()
    sweep: Sweep = await house.client.execute_workflow(
        SWEEP, Sweep(source=source), id=f"{source}-{number}", task_queue=TASK_QUEUE, result_type=Sweep
    )
    await house.dispatch()
    return sweep.found


async def told(house: House) -> list[tuple[str, timedelta]]:
    """What Segue concluded of Anna, and when."""
    async with house.database.read() as session:
        events = [stored.event for stored in await EventStore(session).of_names(ANNA, OURS)]
    return [(event.name, event.occurred_at - START) for event in events]


async def test_a_customer_who_stays_away_is_found_once_and_told_of_when_she_is_back(house: House) -> None:
    await house.identify()
    await house.visit()
    seen = (await house.known()).last_seen_at
    assert await look(house, "lapsed", 1) == 0

    await house.advance(timedelta(days=31))
    assert [await look(house, "lapsed", number) for number in (2, 3)] == [1, 0]
    assert (await house.known()).last_seen_at == seen, "being found is nothing she did"
    begun = [row.journey for row in await house.enrollments() if row.occasion.name == names.CUSTOMER_LAPSED]
    assert begun == ["reengagement"]

    await house.visit()
    assert await look(house, "lapsed", 4) == 0
    assert [name for name, _ in await told(house)] == [names.CUSTOMER_LAPSED, names.CUSTOMER_RETURNED]
