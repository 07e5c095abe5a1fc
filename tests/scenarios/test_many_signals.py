"""Twenty thousand signals to one enrollment in the middle of a wait: nothing is lost, and no history grows too long."""

import asyncio
from random import Random

import pytest

from domain.enrollment import OutcomeKind
from domain.signals import SIGNAL_NAMES, Click, Observation, Purchase, Revisit, Signal
from storage.database import Database
from tests.house import ANNA, House, opened_house, real_server
from tests.scenarios.runs import runs_of

CART = f"cart-recovery/{ANNA}"
SIGNALS = 20_000
AT_ONCE = 8
"""Far more than the dispatcher, which tells one customer's enrollments one thing after the other. Where more than a
hundred arrive during one workflow task, the server fails the task (`history.maximumBufferedEventsBatch`)."""

MOST_EVENTS = 10_240
MOST_BYTES = 10 * 1024 * 1024
"""Above these Temporal's server warns (`limit.historyCount.warn`, `limit.historySize.warn`)."""


def flood() -> list[Signal]:
    """Clicks, returns and other events in a random order that is always the same; one in five was told before."""
    random = Random(20_000)
    told: list[Signal] = []
    for number in range(SIGNALS):
        event = f"e-{number}"
        match random.randrange(5):
            case 0:
                told.append(Click(event_id=event, link=random.randrange(3)))
            case 1:
                told.append(Revisit(event_id=event))
            case 2 | 3:
                told.append(Observation(event_id=event, name=f"Event {random.randrange(10)}"))
            case _:
                told.append(random.choice(told) if told else Revisit(event_id=event))
    return told


async def tell(house: House, signals: list[Signal]) -> None:
    handle = house.handle(CART)
    waiting = iter(signals)

    async def one_after_the_other() -> None:
        for signal in waiting:
            await handle.signal(SIGNAL_NAMES[type(signal)], signal)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


@pytest.mark.timeout(600)
async def test_twenty_thousand_signals_lose_nothing(sqlite_database: Database) -> None:
    async with real_server() as env, opened_house(env, sqlite_database) as house:
        await house.identify()
        await house.add_to_cart()  # and now an hour of quiet is waited for
        await tell(house, flood())
        await house.handle(CART).signal("purchase", Purchase(event_id="p-1", revenue=49.0, order_id="o-1"))
        outcome = await house.handle(CART).result()
        runs = await runs_of(house, CART)
    assert (outcome.kind, outcome.revenue, outcome.mails) == (OutcomeKind.CONVERTED, 49.0, 0)
    assert sum(run.told for run in runs) == SIGNALS + 1
    assert len(runs) > 3
    assert max(run.events for run in runs) < MOST_EVENTS
    assert max(run.size for run in runs) < MOST_BYTES
