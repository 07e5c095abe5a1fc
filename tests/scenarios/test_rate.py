"""The rate that a provider allows, kept by Temporal over all workers: on the real server, in real time."""

from functools import partial

from storage.database import Database
from tests.house import opened_house, real_server
from tests.stack.waiting import until
from worker import build_worker

PER_SECOND = 4.0
BURST = 6
"""Four partitions of a task queue let one go at once each, and a busy second may hold a few more."""

CUSTOMERS = [f"customer-{number}" for number in range(14)]


async def test_no_more_mails_leave_in_a_second_than_the_provider_takes(sqlite_database: Database) -> None:
    build = partial(build_worker, mails_per_second=PER_SECOND)
    async with real_server() as env, opened_house(env, sqlite_database, build=build) as house:
        for customer in CUSTOMERS:
            await house.identify(customer)
        await house.stop_worker()
        for customer in CUSTOMERS:
            await house.order(customer, order_id=f"o-{customer}")
        await house.start_worker()

        async def sent() -> int:
            return len(house.transport.mails)

        await until(sent, lambda number: number == len(CUSTOMERS))
        rows = [row for customer in CUSTOMERS for row in await house.ledger(customer)]
    moments = sorted(row.handed_over_at for row in rows if row.handed_over_at)
    took = (moments[-1] - moments[0]).total_seconds()
    print(f"{len(moments)} mails in {took:.1f} s at {PER_SECOND:g} a second")  # noqa: T201 - the figure it is about
    assert took >= (len(CUSTOMERS) - BURST) / PER_SECOND
