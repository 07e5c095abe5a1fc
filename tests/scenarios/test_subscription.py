"""Subscription: the series of the first period, the reminder before each renewal, one enrollment for each period."""

from datetime import timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind, State
from domain.offer import OfferKind
from rehearsal.stage import Stage, What
from tests.scenarios.moments import ahead, begun, mails

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINE = "sub-1"
SERIES = [
    ("subscription/confirmation", 0 * DAY),
    ("subscription/first_steps", 2 * DAY),
    ("subscription/habits", 7 * DAY),
    ("subscription/complementary", 13 * DAY),
    ("subscription/upgrade", 19 * DAY),
]


async def report(stage: Stage, event: str, renews_in: timedelta | None = None, subscription: str = MINE) -> None:
    date = {} if renews_in is None else {"renews_at": await ahead(stage, renews_in)}
    await stage.report(event, subscription_id=subscription, plan="Studio", **date)


@pytest.fixture
async def subscriber(stage: Stage) -> Stage:
    """A subscription has begun that renews in 31 days."""
    stage.perform("subscription")
    await report(stage, names.SUBSCRIPTION_STARTED, 31 * DAY)
    return stage


# -- the first period ------------------------------------------------------------------------------------------------


async def test_the_first_period_gets_the_series_and_the_reminder(subscriber: Stage) -> None:
    outcome = await subscriber.finish()
    assert mails(subscriber) == [*SERIES, ("subscription/renewal", 24 * DAY)]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 6)
    assert subscriber.timeline[-1].at == 34 * DAY  # three days for a renewal that is paid a little late
    [reminded] = [each for each in subscriber.timeline if each.template == "subscription/renewal"]
    assert reminded.why == "7 days before the renewal"


async def test_the_reminder_names_the_day_and_the_plan(subscriber: Stage) -> None:
    await subscriber.finish()
    assert subscriber.letters[-1].subject == "Your subscription renews on Thursday, April 2"
    assert "Studio" in subscriber.letters[-1].text


async def test_a_year_is_reminded_of_a_week_before_its_end(stage: Stage) -> None:
    stage.perform("subscription")
    await report(stage, names.SUBSCRIPTION_STARTED, 365 * DAY)
    await stage.finish()
    assert mails(stage) == [*SERIES, ("subscription/renewal", 358 * DAY)]


@pytest.mark.parametrize("event", [names.SUBSCRIPTION_STARTED, names.SUBSCRIPTION_RENEWED])
async def test_a_period_of_two_weeks_gets_its_confirmation_alone(stage: Stage, event: str) -> None:
    stage.perform("subscription")
    await report(stage, event, 14 * DAY)
    outcome = await stage.finish()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 1)


async def test_without_a_date_there_is_no_reminder(stage: Stage) -> None:
    stage.perform("subscription")
    await report(stage, names.SUBSCRIPTION_STARTED)
    await stage.finish()
    assert mails(stage) == SERIES


async def test_a_rehearsal_begins_as_a_subscription_begins(stage: Stage) -> None:
    await stage.enroll("subscription")
    await stage.advance(3 * DAY)
    assert [each.why for each in stage.timeline if each.what is What.BEGAN] == [names.SUBSCRIPTION_STARTED]
    assert mails(stage) == SERIES[:2]


# -- the renewal moves -----------------------------------------------------------------------------------------------


async def test_a_later_renewal_moves_the_reminder(subscriber: Stage) -> None:
    await subscriber.advance("22 days")
    await report(subscriber, names.SUBSCRIPTION_UPDATED, 38 * DAY)  # day 60
    await subscriber.finish()
    assert mails(subscriber)[-1] == ("subscription/renewal", 53 * DAY)
    assert subscriber.letters[-1].subject == "Your subscription renews on Friday, May 1"


async def test_a_renewal_moved_to_within_the_week_is_reminded_of_at_once(subscriber: Stage) -> None:
    await subscriber.advance("22 days")
    await report(subscriber, names.SUBSCRIPTION_UPDATED, 3 * DAY)
    await subscriber.advance("1 hour")
    assert mails(subscriber)[-1] == ("subscription/renewal", 22 * DAY)


async def test_another_subscription_moves_nothing(subscriber: Stage) -> None:
    await subscriber.advance("22 days")
    await report(subscriber, names.SUBSCRIPTION_UPDATED, 60 * DAY, subscription="sub-2")
    await subscriber.finish()
    assert mails(subscriber)[-1] == ("subscription/renewal", 24 * DAY)


# -- endings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 10, 22, 25])
async def test_a_cancellation_ends_it(subscriber: Stage, days: int) -> None:
    await subscriber.advance(days * DAY)
    before = subscriber.sent
    await report(subscriber, names.SUBSCRIPTION_CANCELLED)
    outcome = await subscriber.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, "subscription cancelled")
    assert subscriber.sent == before


async def test_another_subscriptions_cancellation_or_renewal_ends_nothing(subscriber: Stage) -> None:
    await subscriber.advance("1 day")
    await report(subscriber, names.SUBSCRIPTION_CANCELLED, subscription="sub-2")
    await report(subscriber, names.SUBSCRIPTION_RENEWED, 31 * DAY, subscription="sub-3")
    await subscriber.advance("12 days 1 hour")
    assert [mail for mail in mails(subscriber) if mail in SERIES] == SERIES[:4]


async def test_a_purchase_ends_nothing(subscriber: Stage) -> None:
    await subscriber.advance("1 day")
    await subscriber.purchase()
    await subscriber.finish()
    assert subscriber.sent[-1] == "subscription/renewal"


async def test_confirmation_and_reminder_are_owed_and_the_rest_needs_consent(stage: Stage) -> None:
    stage.traits["consent"] = False
    stage.perform("subscription")
    await report(stage, names.SUBSCRIPTION_STARTED, 31 * DAY)
    await stage.finish()
    assert mails(stage) == [SERIES[0], ("subscription/renewal", 24 * DAY)]
    assert len(stage.not_sent) == 4


# -- one period after the other --------------------------------------------------------------------------------------


async def test_a_renewal_is_a_success_and_begins_the_next_period(subscriber: Stage) -> None:
    await subscriber.advance("31 days")
    await report(subscriber, names.SUBSCRIPTION_RENEWED, 31 * DAY)
    await subscriber.play_out()
    assert mails(subscriber)[5:] == [
        ("subscription/renewal", 24 * DAY),
        ("subscription/renewed", 31 * DAY),
        ("subscription/renewal", 55 * DAY),  # no second series
    ]
    first, second = await subscriber.house.enrollments(subscriber.customer)
    assert first.outcome is not None
    assert second.outcome is not None
    assert (first.outcome.kind, first.outcome.why) == (OutcomeKind.CONVERTED, "subscription renewed")
    assert (second.outcome.kind, second.outcome.mails) == (OutcomeKind.COMPLETED, 2)


async def test_a_renewal_before_its_reminder_begins_the_next_period_too(subscriber: Stage) -> None:
    await subscriber.advance("20 days")
    await report(subscriber, names.SUBSCRIPTION_RENEWED, 42 * DAY)  # day 62
    await subscriber.advance("1 minute")
    rows = await subscriber.house.enrollments(subscriber.customer)
    assert [row.state is State.ENDED for row in rows] == [True, False]
    await subscriber.play_out()
    assert mails(subscriber)[5:] == [("subscription/renewed", 20 * DAY), ("subscription/renewal", 55 * DAY)]


async def test_a_renewal_that_comes_when_the_period_is_closed_begins_the_next(subscriber: Stage) -> None:
    await subscriber.advance("36 days")
    await report(subscriber, names.SUBSCRIPTION_RENEWED, 31 * DAY)
    await subscriber.advance("1 minute")
    assert subscriber.sent[-1] == "subscription/renewed"


async def test_the_same_start_reported_twice_is_confirmed_once(subscriber: Stage) -> None:
    await report(subscriber, names.SUBSCRIPTION_STARTED, 31 * DAY)
    await subscriber.advance("1 hour")
    assert subscriber.sent == ["subscription/confirmation"]


async def test_a_change_or_an_order_begins_nothing(stage: Stage) -> None:
    stage.perform("subscription")
    await report(stage, names.SUBSCRIPTION_UPDATED, 31 * DAY)
    await stage.purchase()
    assert begun(stage) == []


async def test_the_upgrade_carries_what_the_policy_grants(subscriber: Stage) -> None:
    await subscriber.finish()
    asked = [entry.why for entry in subscriber.timeline if entry.what is What.ASKED]
    assert any(OfferKind.NOTHING.value in why for why in asked)
    assert "Your code" not in subscriber.letters[4].text
