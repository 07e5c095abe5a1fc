"""Replenish: what goes with it, time to decide for who looks, and a reward where the policy grants one."""

from datetime import timedelta
from typing import Any

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.offer import OfferPolicy
from rehearsal.stage import Stage, open_stage
from settings import Settings
from tests.scenarios.moments import begun, mails

DAY = timedelta(days=1)

PICKS = ("replenish/picks", 0 * DAY)


@pytest.fixture
def stage_options() -> dict[str, Any]:
    """The shop grants free shipping, to its customers also on an occasion."""
    return {"settings": Settings.model_construct(offers=OfferPolicy(free_shipping_over=500))}


@pytest.fixture
async def due(stage: Stage) -> Stage:
    """Anna would usually order about now."""
    stage.perform("replenish")
    await stage.purchase()
    await stage.advance("36 days")
    await stage.report(names.REPURCHASE_DUE, product_id="lamp-01", every_days=30)
    return stage


async def test_silence_gets_the_reward_after_four_days(due: Stage) -> None:
    outcome = await due.finish()
    assert mails(due) == [PICKS, ("replenish/reward", 4 * DAY)]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 2)


async def test_a_click_gets_three_days_to_decide_before_the_reward(due: Stage) -> None:
    await due.advance("1 day")
    await due.click()
    await due.finish()
    assert mails(due) == [PICKS, ("replenish/reward", 4 * DAY)]


async def test_a_return_to_the_shop_does_too(due: Stage) -> None:
    await due.advance("2 days")
    await due.revisit()
    await due.finish()
    assert mails(due) == [PICKS, ("replenish/reward", 5 * DAY)]


async def test_where_nothing_is_granted_there_is_no_reward() -> None:
    async with open_stage() as stage:
        stage.perform("replenish")
        await stage.purchase()
        await stage.advance("36 days")
        await stage.report(names.REPURCHASE_DUE)
        outcome = await stage.finish()
        assert mails(stage) == [PICKS]
        assert (outcome.kind, stage.timeline[-1].at) == (OutcomeKind.COMPLETED, 4 * DAY)


@pytest.mark.parametrize("days", [1, 3])
async def test_an_order_ends_it_as_a_success(due: Stage, days: int) -> None:
    await due.advance(days * DAY)
    await due.purchase(revenue=49)
    outcome = await due.finish()
    assert (outcome.kind, outcome.revenue) == (OutcomeKind.CONVERTED, 49.0)
    assert mails(due) == [PICKS]


async def test_an_order_while_they_decide_spares_the_reward(due: Stage) -> None:
    await due.advance("1 day")
    await due.click()
    await due.advance("2 days")
    await due.purchase()
    assert (await due.finish()).kind is OutcomeKind.CONVERTED
    assert mails(due) == [PICKS]


async def test_without_consent_neither_mail_goes(due: Stage) -> None:
    await due.identify(consent=False)
    await due.finish()
    assert mails(due) == [PICKS]


async def test_an_unsubscription_ends_it(due: Stage) -> None:
    await due.advance("1 day")
    await due.unsubscribe()
    assert (await due.finish()).kind is OutcomeKind.EXITED
    assert mails(due) == [PICKS]


async def test_three_weeks_lie_between_two(due: Stage) -> None:
    await due.finish()
    await due.report(names.REPURCHASE_DUE)
    await due.advance("17 days")
    assert len(begun(due)) == 1
    await due.report(names.REPURCHASE_DUE)
    assert len(begun(due)) == 2


async def test_nothing_else_begins_it(stage: Stage) -> None:
    stage.perform("replenish")
    await stage.visit()
    await stage.purchase()
    for event in (names.CUSTOMER_LAPSED, names.ADVOCATE_FOUND, names.NEWSLETTER_DUE):
        await stage.report(event)
    assert begun(stage) == []
