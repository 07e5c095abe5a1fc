"""Milestone: one mail for each day of the customer's own, at their hour, and not too late."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.offer import OfferPolicy
from rehearsal.stage import Stage, open_stage
from settings import Settings
from tests.scenarios.moments import begun, mails

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

EACH = [
    (names.BIRTHDAY, {"occasion": "2026"}, "milestone/birthday"),
    (names.FIRST_ORDER_ANNIVERSARY, {"occasion": "2", "years": 2}, "milestone/anniversary"),
    (names.LOYALTY_TIER_REACHED, {"level": "gold"}, "milestone/loyalty_tier"),
]
"""An event, what it says, and the mail it gets."""


@pytest.fixture
async def stage(stage: Stage) -> Stage:
    """A customer who was known the day before; nothing but milestones is about."""
    stage.perform("milestone")
    await stage.advance("1 day")
    return stage


@pytest.mark.parametrize(("event", "said", "template"), EACH)
async def test_each_milestone_gets_its_own_mail(stage: Stage, event: str, said: dict[str, Any], template: str) -> None:
    await stage.report(event, **said)
    outcome = await stage.finish()
    assert stage.sent == [template]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 1)
    [(_, sent)] = mails(stage)
    assert stage.timeline[-1].at - sent == 7 * DAY  # so long an order counts as its success


async def test_the_anniversary_says_which_it_is(stage: Stage) -> None:
    await stage.report(names.FIRST_ORDER_ANNIVERSARY, occasion="2", years=2)
    [letter] = stage.letters
    assert letter.subject.startswith("Two years with ")


async def test_a_birthday_brings_a_present_to_who_has_ordered() -> None:
    settings = Settings.model_construct(offers=OfferPolicy(discount_percent=10, discount_code="YOUR-DAY"))
    async with open_stage(settings=settings) as stage:
        stage.perform("milestone")
        await stage.purchase()
        await stage.advance("1 day")
        await stage.report(names.BIRTHDAY, occasion="2026")
        assert "YOUR-DAY" in stage.letters[-1].text


async def test_the_loyalty_tier_is_named(stage: Stage) -> None:
    await stage.report(names.LOYALTY_TIER_REACHED, level="gold")
    await stage.advance("5 min")  # she is in the shop just now
    [letter] = stage.letters
    assert letter.subject == "You are now a Gold member"


async def test_the_order_that_earned_a_tier_does_not_end_it_when_it_is_told_later(stage: Stage) -> None:
    await stage.identify(best_hour=13)
    await stage.report(names.LOYALTY_TIER_REACHED, level="gold")
    await stage.advance("20 min")
    await stage.purchase(revenue=300)
    await stage.advance("2 days")
    assert stage.sent == ["milestone/loyalty_tier"]
    await stage.purchase(revenue=80)
    outcome = await stage.finish()
    assert (outcome.kind, outcome.revenue) == (OutcomeKind.CONVERTED, 80.0)


async def test_it_waits_for_the_hour_at_which_the_customer_reads(stage: Stage) -> None:
    await stage.identify(best_hour=13)
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.finish()
    assert mails(stage) == [("milestone/birthday", 4 * HOUR)]  # found at nine


async def test_a_birthday_found_at_night_is_wished_for_in_the_morning() -> None:
    async with open_stage(start=datetime(2026, 3, 2, 0, 30)) as stage:  # noqa: DTZ001 -- her clock
        stage.perform("milestone")
        await stage.report(names.BIRTHDAY, occasion="2026")
        await stage.finish()
        assert mails(stage) == [("milestone/birthday", 7.5 * HOUR)]


async def test_a_wish_that_would_come_too_late_is_not_sent() -> None:
    settings = Settings.model_construct(quiet_to=time(16))
    async with open_stage(start=datetime(2026, 3, 2, 0, 30), settings=settings) as stage:  # noqa: DTZ001 -- her clock
        stage.perform("milestone")
        await stage.report(names.BIRTHDAY, occasion="2026")
        await stage.finish()
        [mail] = stage.not_sent
        assert mail.reason.startswith("too late to make sense: quiet hours")


async def test_an_order_in_the_week_after_it_is_its_success(stage: Stage) -> None:
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.advance("6 days")
    await stage.purchase(revenue=80)
    outcome = await stage.finish()
    assert (outcome.kind, outcome.revenue) == (OutcomeKind.CONVERTED, 80.0)


async def test_one_that_is_not_mailed_ends_at_once(stage: Stage) -> None:
    await stage.identify(consent=False)
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.finish()
    assert stage.sent == []
    assert stage.timeline[-1].at == 0 * HOUR


async def test_a_loyalty_tier_in_the_week_of_a_birthday_is_told_of_too(stage: Stage) -> None:
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.advance("2 days")
    await stage.report(names.LOYALTY_TIER_REACHED, level="gold")
    await stage.finish()
    assert mails(stage) == [("milestone/birthday", 0 * DAY), ("milestone/loyalty_tier", 2 * DAY + 5 * MINUTE)]


async def test_the_same_occasion_is_marked_once(stage: Stage) -> None:
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.advance("10 days")
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.advance("1 day")
    assert stage.sent == ["milestone/birthday"]


async def test_next_year_is_another_occasion(stage: Stage) -> None:
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.advance("10 days")
    await stage.report(names.BIRTHDAY, occasion="2027")
    await stage.advance("1 day")
    assert stage.sent == ["milestone/birthday"] * 2


async def test_an_unsubscription_ends_it(stage: Stage) -> None:
    await stage.identify(best_hour=13)
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.unsubscribe()
    outcome = await stage.finish()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.EXITED, 0)


async def test_nothing_else_begins_it(stage: Stage) -> None:
    await stage.visit()
    await stage.purchase()
    for event in (names.CUSTOMER_LAPSED, names.ADVOCATE_FOUND, names.NEWSLETTER_DUE):
        await stage.report(event)
    assert begun(stage) == []
