"""A plan: which events end an enrollment by their mere presence in the store."""

import pytest

from domain.event import CART_EMPTIED, ORDER_COMPLETED, ORDER_REFUNDED, SUBSCRIPTION_CANCELLED, SUBSCRIPTION_RENEWED
from workflows.vocabulary import On, Plan


def plan(goal: str | None, *exits: str, one_per: str | None = None) -> Plan:
    return Plan(name="any", trigger=On("Any"), goal=goal, exits=exits, topic="tests", owner="tests", one_per=one_per)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param(plan(ORDER_COMPLETED, CART_EMPTIED), (ORDER_COMPLETED, CART_EMPTIED), id="one enrollment"),
        pytest.param(plan(None, CART_EMPTIED), (CART_EMPTIED,), id="no goal"),
        pytest.param(
            plan(ORDER_COMPLETED, ORDER_REFUNDED, one_per="order_id"),
            (ORDER_COMPLETED,),
            id="one for each order: any further one ends it, a refund only its own",
        ),
        pytest.param(
            plan(SUBSCRIPTION_RENEWED, SUBSCRIPTION_CANCELLED, one_per="subscription_id"),
            (),
            id="one for each subscription: another's renewal ends nothing",
        ),
    ],
)
def test_the_mere_presence_of_an_event_ends_what_it_cannot_be_mistaken_for(
    declared: Plan, expected: tuple[str, ...]
) -> None:
    assert declared.ends_on == expected
