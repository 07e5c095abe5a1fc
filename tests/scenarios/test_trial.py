"""Trial onboarding: help to a first result, and to a decision before the end, wherever that moves."""

from datetime import timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from rehearsal.stage import Stage
from tests.scenarios.moments import ahead, begun, mails

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def trial(stage: Stage) -> Stage:
    """A trial of two weeks has just begun."""
    stage.perform("trial")
    await begin(stage)
    return stage


async def begin(stage: Stage, days: float | None = 14) -> None:
    ends = {} if days is None else {"ends_at": await ahead(stage, days * DAY)}
    await stage.report(names.TRIAL_STARTED, plan="Studio", guide_url="https://shop.example/guide", **ends)


async def test_who_does_not_open_the_guide_gets_a_quick_win_then_answers_then_the_value(trial: Stage) -> None:
    outcome = await trial.finish()
    assert mails(trial) == [
        ("trial/welcome", 0 * DAY),
        ("trial/quick_win", 2 * DAY),
        ("trial/objections", 7 * DAY),
        ("trial/value", 11 * DAY),
    ]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 4)
    assert trial.timeline[-1].at == 16 * DAY  # two days beyond the end: some subscribe a little late


async def test_who_opens_the_guide_gets_no_quick_win(trial: Stage) -> None:
    await trial.advance("47 hours")
    await trial.report(names.GUIDE_OPENED)
    await trial.finish()
    assert trial.sent == ["trial/welcome", "trial/objections", "trial/value"]


async def test_a_click_on_the_welcome_opens_the_guide(trial: Stage) -> None:
    await trial.advance("5 hours")
    await trial.click()
    await trial.finish()
    assert trial.sent == ["trial/welcome", "trial/objections", "trial/value"]


async def test_the_guide_opened_too_late_changes_nothing_more(trial: Stage) -> None:
    await trial.advance("50 hours")
    await trial.report(names.GUIDE_OPENED)
    await trial.finish()
    assert trial.sent == ["trial/welcome", "trial/quick_win", "trial/objections", "trial/value"]


@pytest.mark.parametrize("days", [1, 5, 10, 15])
async def test_a_subscription_ends_it_as_a_success(trial: Stage, days: int) -> None:
    await trial.advance(days * DAY)
    before = trial.sent
    await trial.report(names.SUBSCRIPTION_STARTED, subscription_id="s-1")
    outcome = await trial.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.CONVERTED, "subscription started")
    assert trial.sent == before


async def test_an_order_of_something_else_does_not_end_it(trial: Stage) -> None:
    await trial.advance("1 day")
    await trial.purchase()
    await trial.finish()
    assert trial.sent[-1] == "trial/value"


async def test_the_mails_before_the_end_move_when_the_trial_is_prolonged(trial: Stage) -> None:
    await trial.advance("3 days")
    await trial.report(names.TRIAL_STARTED, ends_at=await ahead(trial, 27 * DAY))  # day 30
    await trial.finish()
    assert mails(trial)[2:] == [("trial/objections", 23 * DAY), ("trial/value", 27 * DAY)]
    assert "Wednesday, April 1" in trial.letters[-1].subject


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(7, [("trial/value", 4 * DAY)], id="a week: no room for the answers"),
        pytest.param(2, [], id="two days: no room for either"),
        pytest.param(None, [], id="no end was reported"),
        pytest.param(30, [("trial/objections", 23 * DAY), ("trial/value", 27 * DAY)], id="a month"),
    ],
)
async def test_what_comes_before_the_end_follows_from_its_length(
    stage: Stage, days: int | None, expected: list[tuple[str, timedelta]]
) -> None:
    stage.perform("trial")
    await begin(stage, days)
    await stage.finish()
    assert mails(stage) == [("trial/welcome", 0 * DAY), ("trial/quick_win", 2 * DAY), *expected]


async def test_the_welcome_is_owed_and_the_rest_needs_consent(stage: Stage) -> None:
    stage.traits["consent"] = False
    stage.perform("trial")
    await begin(stage)
    await stage.finish()
    assert stage.sent == ["trial/welcome"]
    assert {each.reason for each in stage.not_sent} == {"consent was refused or withdrawn"}


async def test_who_unsubscribes_gets_nothing_more(trial: Stage) -> None:
    await trial.advance("3 days")
    await trial.unsubscribe()
    outcome = await trial.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, "unsubscribed")
    assert trial.sent == ["trial/welcome", "trial/quick_win"]


async def test_a_second_trial_within_half_a_year_begins_nothing(trial: Stage) -> None:
    await trial.finish()
    await begin(trial)
    await trial.advance("3 days")
    assert len(trial.sent) == 4


async def test_looking_around_begins_no_trial(stage: Stage) -> None:
    stage.perform("trial")
    await stage.visit()
    await stage.report(names.SIGNED_UP)
    assert begun(stage) == []
