"""Re-engagement: four mails to who stays away, each sign of life, and the silence that ends in a sunset."""

from datetime import timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.offer import OfferPolicy
from rehearsal.stage import Stage, open_stage
from settings import Settings
from storage.suppressions import Suppressions
from tests.scenarios.moments import begun, mails

DAY = timedelta(days=1)

SERIES = [
    ("reengagement/we_miss_you", 0 * DAY),
    ("reengagement/new_arrivals", 3 * DAY),
    ("reengagement/personal_picks", 6 * DAY),
    ("reengagement/final_offer", 9 * DAY),
]


@pytest.fixture
async def away(stage: Stage) -> Stage:
    """Anna looked at a lamp, and stayed away for the month after which she has lapsed."""
    stage.perform("reengagement")
    await stage.visit()
    await stage.advance("30 days")
    await stage.report(names.CUSTOMER_LAPSED, days_away=30)
    return stage


async def suppression(stage: Stage) -> str | None:
    """Why she gets no mail any more; None: she does."""
    async with stage.house.database.transaction() as session:
        return await Suppressions(session).sunset(stage.customer)


async def test_silence_gets_four_mails_the_offer_on_the_ninth_day_and_then_peace(away: Stage) -> None:
    outcome = await away.finish()
    assert mails(away) == SERIES
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 4)
    assert away.timeline[-1].at == 23 * DAY
    assert await suppression(away) == "no answer to three mails"


async def test_nobody_is_suppressed_before_the_farewell_is_over(away: Stage) -> None:
    await away.advance("22 days")
    assert await suppression(away) is None


@pytest.mark.parametrize("days", [1, 4, 7, 12, 22])
async def test_a_visit_is_a_recovery_at_any_time(away: Stage, days: int) -> None:
    await away.advance(days * DAY)
    await away.visit()
    outcome = await away.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.CONVERTED, "customer returned")
    assert mails(away) == [(template, at) for template, at in SERIES if at < days * DAY]
    assert await suppression(away) is None


async def test_a_click_in_a_mail_is_a_recovery_too(away: Stage) -> None:
    await away.advance("3 days 2 hours")
    await away.click()
    outcome = await away.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.CONVERTED, "customer returned")
    assert mails(away) == SERIES[:2]


async def test_a_click_on_the_last_mail_is_in_time(away: Stage) -> None:
    await away.advance("20 days")
    await away.click("reengagement/final_offer")
    assert (await away.finish()).kind is OutcomeKind.CONVERTED
    assert await suppression(away) is None


async def test_an_open_is_no_answer(away: Stage) -> None:
    await away.advance("1 day")
    await away.report(names.EMAIL_OPENED, journey="reengagement")
    await away.finish()
    assert mails(away) == SERIES
    assert await suppression(away) == "no answer to three mails"


async def test_an_order_without_a_visit_ends_it(away: Stage) -> None:
    await away.advance("4 days")
    await away.purchase()
    outcome = await away.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, "order completed")
    assert mails(away) == SERIES[:2]
    assert await suppression(away) is None


async def test_an_unsubscription_ends_it(away: Stage) -> None:
    await away.advance("1 day")
    await away.unsubscribe()
    outcome = await away.finish()
    assert outcome.kind is OutcomeKind.EXITED
    assert mails(away) == SERIES[:1]


async def test_who_got_no_mail_is_not_blamed_for_not_answering(stage: Stage) -> None:
    stage.traits["consent"] = False
    stage.perform("reengagement")
    await stage.visit()
    await stage.advance("30 days")
    await stage.report(names.CUSTOMER_LAPSED)
    outcome = await stage.finish()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 0)
    assert await suppression(stage) is None


async def test_two_mails_are_not_enough_to_be_left_for_good(away: Stage) -> None:
    await away.advance("4 days")
    await away.identify(consent=False)
    assert (await away.finish()).mails == 2
    assert await suppression(away) is None


async def test_after_the_sunset_no_marketing_goes_until_they_return(away: Stage) -> None:
    await away.finish()
    await away.advance("10 days")
    await away.report(names.CUSTOMER_LAPSED)
    await away.advance("1 day")
    assert mails(away) == SERIES
    assert [mail.reason for mail in away.not_sent] == ["given up until they return: no answer to three mails"]


async def test_a_return_after_the_sunset_is_welcome(away: Stage) -> None:
    await away.finish()
    await away.visit()
    assert await suppression(away) is None
    await away.advance("31 days")
    await away.report(names.CUSTOMER_LAPSED)
    await away.advance("1 hour")
    assert away.sent[4:] == ["reengagement/we_miss_you"]


async def test_the_sunset_stops_no_confirmation(stage: Stage) -> None:
    stage.perform("reengagement", "post-purchase")
    await stage.visit()
    await stage.advance("30 days")
    await stage.report(names.CUSTOMER_LAPSED)
    await stage.advance("24 days")
    await stage.purchase()
    await stage.advance("1 min")
    assert stage.sent[-1] == "post_purchase/confirmation"


async def test_the_last_mail_brings_an_offer_to_who_has_ordered() -> None:
    settings = Settings.model_construct(offers=OfferPolicy(discount_percent=15, discount_code="BACK-15"))
    async with open_stage(settings=settings) as stage:
        stage.perform("reengagement")
        await stage.purchase()
        await stage.advance("30 days")
        await stage.report(names.CUSTOMER_LAPSED)
        await stage.advance("10 days")
        letter = stage.letters[-1]
        assert letter.subject == "15% off, should you like to come back"
        assert "BACK-15" in letter.text


async def test_who_came_back_and_lapsed_again_is_written_to_again(away: Stage) -> None:
    await away.advance("1 day")
    await away.visit()
    await away.advance("31 days")
    await away.report(names.CUSTOMER_LAPSED)
    await away.advance("1 hour")
    assert away.sent == ["reengagement/we_miss_you"] * 2


async def test_only_a_lapse_begins_it(stage: Stage) -> None:
    stage.perform("reengagement")
    await stage.visit()
    await stage.report(names.PRODUCT_ADDED)
    await stage.purchase()
    for event in (names.REPURCHASE_DUE, names.NEWSLETTER_DUE, names.CUSTOMER_RETURNED):
        await stage.report(event)
    assert begun(stage) == []
