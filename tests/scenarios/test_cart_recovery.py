"""Cart recovery, every branch and exit, with the moments of its mails."""

from datetime import timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from tests.house import ANNA, House

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CART = f"cart-recovery/{ANNA}"


@pytest.fixture(autouse=True)
async def anna(house: House) -> None:
    await house.identify()
    await house.add_to_cart()


async def test_silence_gets_objections_then_proof_then_the_last_call(house: House) -> None:
    await house.advance(80 * HOUR)
    assert await house.sent() == [
        ("cart/reminder", 1 * HOUR),
        ("cart/objections", 25 * HOUR),  # 23 h of silence, and the cap of one mail a day
        ("cart/social_proof", 49 * HOUR),
        ("cart/last_call", 73 * HOUR),
    ]
    outcome = await house.outcome(CART)
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 4)
