"""Welcome: who is welcomed and with what, what it steps back for, and what ends it."""

from datetime import datetime, timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from rehearsal.stage import Stage, What, open_stage
from tests.scenarios.moments import begun, mails

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVENING = datetime(2026, 3, 2, 22)  # noqa: DTZ001 -- her own clock


@pytest.fixture
async def newcomer(stage: Stage) -> Stage:
    """Anna has just signed up."""
    stage.perform("welcome", "cart-recovery")
    await stage.report(names.SIGNED_UP)
    return stage


# -- the ways to go --------------------------------------------------------------------------------------------------


async def test_a_newcomer_is_welcomed_at_once_then_told_who_we_are_then_how_to_choose(newcomer: Stage) -> None:
    outcome = await newcomer.finish()
    assert mails(newcomer) == [
        ("welcome/intro", 0 * DAY),
        ("welcome/story", 2 * DAY),
        ("welcome/education", 6 * DAY),
    ]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 3)


async def test_who_knows_the_prices_gets_the_comparison_and_no_offer(stage: Stage) -> None:
    stage.perform("welcome")
    await stage.report(names.PRICING_VIEWED)
    await stage.advance("10 minutes")
    await stage.report(names.SIGNED_UP)
    await stage.finish()
    assert stage.sent == ["welcome/comparison", "welcome/story", "welcome/education"]
    assert not [entry for entry in stage.timeline if entry.what is What.ASKED and "offer" in entry.why]


async def test_prices_seen_after_the_welcome_change_nothing_more(newcomer: Stage) -> None:
    await newcomer.advance("1 hour")
    await newcomer.report(names.PRICING_VIEWED)
    await newcomer.finish()
    assert newcomer.sent == ["welcome/intro", "welcome/story", "welcome/education"]


async def test_the_mails_turn_to_the_category_that_was_looked_at_first(stage: Stage) -> None:
    stage.perform("welcome")
    await stage.visit()
    await stage.report(names.SIGNED_UP)
    await stage.finish()
    assert "ighting" in stage.letters[-1].subject


# -- when it goes ----------------------------------------------------------------------------------------------------


async def test_the_welcome_does_not_wait_until_the_newcomer_has_left_the_shop(newcomer: Stage) -> None:
    await newcomer.visit()
    await newcomer.advance("1 minute")
    assert newcomer.sent == ["welcome/intro"]


async def test_who_signs_up_at_night_is_welcomed_in_the_morning() -> None:
    async with open_stage(start=EVENING) as stage:
        stage.perform("welcome")
        await stage.report(names.SIGNED_UP)
        await stage.advance("11 hours")
        assert mails(stage) == [("welcome/intro", 10 * HOUR)]


async def test_it_steps_back_while_a_cart_is_open_and_goes_on_afterwards(newcomer: Stage) -> None:
    await newcomer.advance("1 day 20 hours")
    await newcomer.report(names.PRODUCT_ADDED)
    await newcomer.play_out()
    sent = newcomer.sent
    assert sent[0] == "welcome/intro"
    last_of_cart = max(index for index, template in enumerate(sent) if template.startswith("cart/"))
    assert sent[last_of_cart + 1 :] == ["welcome/story", "welcome/education"]


# -- endings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 4])
async def test_the_first_order_ends_it_as_a_success(newcomer: Stage, days: int) -> None:
    await newcomer.advance(days * DAY)
    before = newcomer.sent
    await newcomer.purchase(80)
    outcome = await newcomer.finish()
    assert (outcome.kind, outcome.revenue) == (OutcomeKind.CONVERTED, 80)
    assert newcomer.sent == before


async def test_an_order_hands_over_to_post_purchase(stage: Stage) -> None:
    stage.perform("welcome", "post-purchase")
    await stage.report(names.SIGNED_UP)
    await stage.advance("1 day")
    await stage.purchase()
    await stage.advance("4 days")
    assert stage.sent == ["welcome/intro", "post_purchase/confirmation", "post_purchase/usage_guide"]


async def test_without_consent_nothing_goes_and_it_ends_at_once(stage: Stage) -> None:
    stage.traits["consent"] = False
    stage.perform("welcome")
    await stage.report(names.SIGNED_UP)
    outcome = await stage.finish()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 0)
    assert [each.template for each in stage.not_sent] == ["welcome/intro"]


async def test_who_unsubscribes_gets_nothing_more(newcomer: Stage) -> None:
    await newcomer.advance("1 day")
    await newcomer.unsubscribe("welcome")
    outcome = await newcomer.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, "unsubscribed")
    assert newcomer.sent == ["welcome/intro"]


# -- what begins it --------------------------------------------------------------------------------------------------


async def test_looking_around_begins_nothing(stage: Stage) -> None:
    stage.perform("welcome")
    await stage.visit()
    await stage.report(names.PRICING_VIEWED)
    assert begun(stage) == []


async def test_a_customer_who_has_ordered_needs_no_welcome(stage: Stage) -> None:
    stage.perform("welcome")
    await stage.purchase()
    await stage.report(names.SIGNED_UP)
    assert begun(stage) == []


async def test_nobody_is_welcomed_twice(newcomer: Stage) -> None:
    await newcomer.finish()
    await newcomer.report(names.SIGNED_UP)
    assert begun(newcomer) == [names.SIGNED_UP]
