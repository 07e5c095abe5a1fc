"""Advocacy: a review is asked of who wrote none, a recommendation of who is content, and nothing of who is not."""

from datetime import timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from rehearsal.stage import Stage
from tests.scenarios.moments import begun, mails

DAY = timedelta(days=1)

REVIEW = ("advocacy/review", 0 * DAY)


@pytest.fixture
async def stage(stage: Stage) -> Stage:
    """A customer who ordered, and has been away for a day."""
    stage.perform("advocacy")
    await stage.purchase()
    await stage.advance("1 day")
    return stage


@pytest.fixture
async def advocate(stage: Stage) -> Stage:
    """Somebody found worth asking, who has written no review yet."""
    await stage.report(names.ADVOCATE_FOUND)
    return stage


async def review(stage: Stage, stars: int) -> None:
    await stage.report(names.PRODUCT_REVIEWED, product_id="lamp-01", rating=stars)


async def test_silence_ends_it_after_the_request(advocate: Stage) -> None:
    outcome = await advocate.finish()
    assert mails(advocate) == [REVIEW]
    assert (outcome.kind, advocate.timeline[-1].at) == (OutcomeKind.COMPLETED, 14 * DAY)


async def test_a_review_that_praises_gets_the_request_to_recommend_five_days_later(advocate: Stage) -> None:
    await advocate.advance("3 days")
    await review(advocate, 5)
    outcome = await advocate.finish()
    assert mails(advocate) == [REVIEW, ("advocacy/referral", 8 * DAY)]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 2)
    assert advocate.timeline[-1].at == 22 * DAY


async def test_a_click_gets_it_too(advocate: Stage) -> None:
    await advocate.advance("2 days")
    await advocate.click()
    await advocate.finish()
    assert mails(advocate) == [REVIEW, ("advocacy/referral", 7 * DAY)]


async def test_a_critic_is_not_asked_to_recommend(advocate: Stage) -> None:
    await advocate.advance("2 days")
    await review(advocate, 2)
    await advocate.finish()
    assert mails(advocate) == [REVIEW]


async def test_a_click_that_led_to_a_bad_review_is_no_praise(advocate: Stage) -> None:
    await advocate.advance("2 days")
    await advocate.click()
    await advocate.advance("1 hour")
    await review(advocate, 1)
    await advocate.finish()
    assert mails(advocate) == [REVIEW]


async def test_who_praised_already_is_asked_to_recommend_at_once(stage: Stage) -> None:
    await review(stage, 5)
    await stage.advance("1 day")
    await stage.report(names.ADVOCATE_FOUND)
    await stage.finish()
    assert mails(stage) == [("advocacy/referral", 0 * DAY)]


async def test_who_complained_already_is_asked_for_nothing(stage: Stage) -> None:
    await review(stage, 1)
    await stage.advance("1 day")
    await stage.report(names.ADVOCATE_FOUND)
    assert (await stage.finish()).mails == 0


async def test_what_they_share_is_the_success(advocate: Stage) -> None:
    await advocate.advance("2 days")
    await advocate.click()
    await advocate.advance("6 days")
    await advocate.report("Product Shared", share_via="email")
    outcome = await advocate.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.CONVERTED, "product shared")


async def test_who_shares_unasked_is_not_asked(advocate: Stage) -> None:
    await advocate.advance("1 day")
    await advocate.report("Product Shared", share_via="email")
    assert (await advocate.finish()).kind is OutcomeKind.CONVERTED
    assert mails(advocate) == [REVIEW]


async def test_an_order_does_not_end_it(advocate: Stage) -> None:
    await advocate.advance("1 day")
    await advocate.purchase()
    await advocate.advance("1 day")
    await advocate.click()
    await advocate.finish()
    assert len(mails(advocate)) == 2


async def test_an_unsubscription_ends_it(advocate: Stage) -> None:
    await advocate.advance("1 day")
    await advocate.unsubscribe()
    assert (await advocate.finish()).kind is OutcomeKind.EXITED


async def test_a_request_that_did_not_go_is_not_followed_up(stage: Stage) -> None:
    await stage.identify(consent=False)
    await stage.report(names.ADVOCATE_FOUND)
    await stage.advance("1 hour")
    assert (await stage.outcome()).mails == 0


async def test_nobody_is_asked_more_often_than_twice_a_year(advocate: Stage) -> None:
    await advocate.finish()
    await advocate.advance("160 days")
    await advocate.report(names.ADVOCATE_FOUND)
    assert len(begun(advocate)) == 1
    await advocate.advance("10 days")
    await advocate.report(names.ADVOCATE_FOUND)
    assert len(begun(advocate)) == 2


async def test_nothing_else_begins_it(stage: Stage) -> None:
    await review(stage, 5)
    for event in (names.BIRTHDAY, names.REPURCHASE_DUE, names.NEWSLETTER_DUE):
        await stage.report(event)
    assert begun(stage) == []
