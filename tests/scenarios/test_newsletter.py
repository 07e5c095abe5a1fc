"""Newsletter: one mail a month, and none where something stronger speaks."""

from datetime import timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from rehearsal.stage import Stage
from tests.scenarios.moments import begun, mails

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

ISSUE = ("newsletter/monthly", 0 * HOUR)


@pytest.fixture
async def reader(stage: Stage) -> Stage:
    """A customer of yesterday; only the newsletter is about."""
    stage.perform("newsletter")
    await stage.advance("1 day")
    return stage


async def test_a_newsletter_is_one_mail(reader: Stage) -> None:
    await reader.report(names.NEWSLETTER_DUE)
    outcome = await reader.finish()
    assert mails(reader) == [ISSUE]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 1)
    assert reader.timeline[-1].at == 7 * DAY  # so long an order counts as its success


async def test_an_order_in_the_week_after_it_is_its_success(reader: Stage) -> None:
    await reader.report(names.NEWSLETTER_DUE)
    await reader.advance("6 days")
    await reader.purchase(revenue=49)
    outcome = await reader.finish()
    assert (outcome.kind, outcome.revenue) == (OutcomeKind.CONVERTED, 49.0)


async def test_the_next_month_has_its_own(reader: Stage) -> None:
    await reader.report(names.NEWSLETTER_DUE)
    await reader.advance("30 days")
    await reader.report(names.NEWSLETTER_DUE)
    await reader.finish()
    assert reader.sent == ["newsletter/monthly"] * 2


async def test_two_do_not_follow_each_other_within_a_fortnight(reader: Stage) -> None:
    await reader.report(names.NEWSLETTER_DUE)
    await reader.advance("10 days")
    await reader.report(names.NEWSLETTER_DUE)
    await reader.advance("1 day")
    assert len(begun(reader)) == 1


async def test_it_ends_where_something_stronger_has_begun(stage: Stage) -> None:
    stage.perform("newsletter", "cart-recovery")
    await stage.advance("1 day")
    await stage.report(names.PRODUCT_ADDED)
    await stage.report(names.NEWSLETTER_DUE)
    await stage.advance("2 hours")
    outcome = await stage.outcome("newsletter")
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, "gave way to cart-recovery")
    assert stage.sent == ["cart/reminder"]


async def test_a_reader_who_answers_nothing_lately_gets_it_when_the_rest_is_over(stage: Stage) -> None:
    stage.perform("newsletter", "milestone")
    await stage.advance("1 day")
    await stage.report(names.BIRTHDAY, occasion="2026")
    await stage.advance("1 hour")
    await stage.report(names.NEWSLETTER_DUE)
    await stage.finish()
    assert mails(stage) == [("milestone/birthday", 0 * DAY), ("newsletter/monthly", 2 * DAY)]


async def test_one_that_is_not_mailed_ends_at_once(reader: Stage) -> None:
    await reader.identify(consent=False)
    await reader.report(names.NEWSLETTER_DUE)
    await reader.advance("1 min")
    assert (await reader.outcome()).mails == 0


async def test_an_unsubscription_ends_it(reader: Stage) -> None:
    await reader.report(names.NEWSLETTER_DUE)
    await reader.advance("1 day")
    await reader.unsubscribe()
    assert (await reader.finish()).kind is OutcomeKind.EXITED


async def test_nothing_else_begins_it(reader: Stage) -> None:
    await reader.visit()
    await reader.purchase()
    for event in (names.BIRTHDAY, names.CUSTOMER_LAPSED, names.ADVOCATE_FOUND):
        await reader.report(event)
    assert begun(reader) == []
