"""A customer who is deleted from the database while a journey waits: it ends, and retries nothing for ever."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.enrollment import OutcomeKind
from tests.conftest import OpenHouse
from tests.house import ANNA, House

HOUR = timedelta(hours=1)
CART = f"cart-recovery/{ANNA}"


async def forget(house: House, *tables: str) -> None:
    async with house.database.transaction() as session:
        connection = await session.connection()
        for table in tables:
            column = "id" if table == "customers" else "customer_id"
            await connection.execute(text(f"DELETE FROM {table} WHERE {column} = :customer"), {"customer": ANNA})


@pytest.mark.parametrize("hours", [1, 5])
async def test_a_journey_ends_when_its_customer_is_no_longer_known(open_house: OpenHouse, hours: int) -> None:
    house = await open_house()
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(hours * HOUR)
    mails = len(house.letters())
    await forget(house, "messages", "enrollments", "events", "orders", "aliases", "customers")
    await house.advance_to(60 * HOUR)
    outcome = await house.outcome(CART)
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, "the customer is no longer known")
    assert len(house.letters()) == mails
