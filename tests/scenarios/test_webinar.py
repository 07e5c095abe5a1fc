"""Webinar: confirmed at once, reminded a day before, the recording after; by the clock of the event, which may move."""

from datetime import timedelta
from typing import Any

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from rehearsal.stage import Stage
from tests.scenarios.moments import ahead, begun, mails
from workflows.webinar import STILL_COMES

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LIVE = "webinar-1"


async def register(stage: Stage, starts_in: timedelta | None, webinar: str = LIVE, **more: Any) -> None:
    times = {}
    if starts_in is not None:
        times = {"starts_at": await ahead(stage, starts_in), "ends_at": await ahead(stage, starts_in + HOUR)}
    await stage.report(
        names.WEBINAR_REGISTERED,
        webinar_id=webinar,
        title="Light at work",
        url="https://shop.example/live",
        **times,
        **more,
    )


@pytest.fixture
async def webinar(stage: Stage) -> Stage:
    """Registered on Monday at nine, for Saturday at nine."""
    stage.perform("webinar")
    await register(stage, 5 * DAY)
    return stage


async def test_confirmed_reminded_and_sent_the_recording(webinar: Stage) -> None:
    outcome = await webinar.finish()
    assert mails(webinar) == [
        ("webinar/confirmation", 0 * DAY),
        ("webinar/reminder", 4 * DAY),
        ("webinar/recording", 5 * DAY + 4 * HOUR),  # an hour of webinar, three until the recording is there
    ]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 3)


async def test_the_mails_name_the_hour_where_the_customer_lives(webinar: Stage) -> None:
    await webinar.finish()
    confirmation, reminder, recording = webinar.letters
    assert "Saturday, March 7 at 9:00" in confirmation.text
    assert reminder.subject.startswith("Saturday, March 7, 9:00")
    assert "Light at work" in recording.subject


async def test_who_registers_within_the_last_day_is_not_reminded(stage: Stage) -> None:
    stage.perform("webinar")
    await register(stage, 23 * HOUR)
    await stage.finish()
    assert mails(stage) == [("webinar/confirmation", 0 * HOUR), ("webinar/recording", 27 * HOUR)]


async def test_who_registers_afterwards_gets_the_recording(stage: Stage) -> None:
    stage.perform("webinar")
    await register(stage, -2 * DAY)
    await stage.finish()
    assert mails(stage) == [("webinar/confirmation", 0 * HOUR), ("webinar/recording", 3 * HOUR)]


async def test_without_a_date_it_is_confirmed_alone(stage: Stage) -> None:
    stage.perform("webinar")
    await register(stage, None)
    outcome = await stage.finish()
    assert stage.sent == ["webinar/confirmation"]
    assert outcome.kind is OutcomeKind.COMPLETED


async def test_a_later_date_moves_the_reminder_and_the_recording(webinar: Stage) -> None:
    await webinar.advance("2 days")
    await register(webinar, 8 * DAY)
    await webinar.finish()
    assert mails(webinar)[1:] == [("webinar/reminder", 9 * DAY), ("webinar/recording", 10 * DAY + 4 * HOUR)]
    assert "Thursday, March 12" in webinar.letters[1].subject


async def test_a_date_moved_after_the_reminder_moves_the_recording(webinar: Stage) -> None:
    await webinar.advance("4 days 1 hour")
    await register(webinar, 3 * DAY)
    await webinar.finish()
    assert mails(webinar)[1:] == [("webinar/reminder", 4 * DAY), ("webinar/recording", 7 * DAY + 5 * HOUR)]


async def test_an_event_moved_to_within_a_day_is_reminded_of_at_once(webinar: Stage) -> None:
    await webinar.advance("2 days")
    await register(webinar, 10 * HOUR)
    await webinar.finish()
    assert mails(webinar)[1:] == [
        ("webinar/reminder", 2 * DAY),
        ("webinar/recording", 2 * DAY + 23 * HOUR),  # there at eleven in the evening, sent at eight in the morning
    ]
    assert "Wednesday, March 4, 7:00" in webinar.letters[1].subject


async def test_confirmation_and_reminder_are_owed_and_the_recording_needs_consent(stage: Stage) -> None:
    stage.traits["consent"] = False
    stage.perform("webinar")
    await register(stage, 5 * DAY)
    await stage.finish()
    assert stage.sent == ["webinar/confirmation", "webinar/reminder"]
    assert [each.reason for each in stage.not_sent] == ["consent was refused or withdrawn"]


async def test_a_reminder_exceeds_the_daily_cap_and_waits_for_no_answer_to_another_mail(stage: Stage) -> None:
    stage.perform("webinar", "welcome")
    await register(stage, 2 * DAY)
    await stage.advance("23 hours")
    await stage.report(names.SIGNED_UP)
    await stage.advance("2 hours")
    assert mails(stage) == [
        ("webinar/confirmation", 0 * HOUR),
        ("welcome/intro", 23 * HOUR),
        ("webinar/reminder", 24 * HOUR),
    ]


async def test_a_cancellation_that_the_journey_has_not_heard_of_yet_stops_the_reminder(webinar: Stage) -> None:
    webinar.facts[STILL_COMES] = False
    await webinar.finish()
    assert webinar.sent == ["webinar/confirmation", "webinar/recording"]


@pytest.mark.parametrize("days", [1, 4.5])
async def test_a_cancelled_registration_ends_it(webinar: Stage, days: float) -> None:
    await webinar.advance(days * DAY)
    before = webinar.sent
    await webinar.report(names.WEBINAR_CANCELLED, webinar_id=LIVE)
    outcome = await webinar.finish()
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, "webinar registration cancelled")
    assert webinar.sent == before


async def test_who_registers_again_after_cancelling_is_confirmed_again(webinar: Stage) -> None:
    await webinar.advance("1 day")
    await webinar.report(names.WEBINAR_CANCELLED, webinar_id=LIVE)
    await webinar.advance("1 hour")
    await register(webinar, 3 * DAY)
    await webinar.advance("1 minute")
    assert webinar.sent == ["webinar/confirmation", "webinar/confirmation"]


async def test_two_webinars_know_nothing_of_each_other(webinar: Stage) -> None:
    await register(webinar, 7 * DAY, webinar="webinar-2")
    await webinar.advance("1 day")
    await webinar.report(names.WEBINAR_CANCELLED, webinar_id=LIVE)
    await webinar.report(names.RECORDING_WATCHED, webinar_id="webinar-0")
    await webinar.play_out()
    assert mails(webinar)[2:] == [("webinar/reminder", 6 * DAY), ("webinar/recording", 7 * DAY + 4 * HOUR)]


async def test_a_watched_recording_is_a_success_and_spares_the_mail(webinar: Stage) -> None:
    await webinar.advance("5 days 2 hours")
    await webinar.report(names.RECORDING_WATCHED, webinar_id=LIVE)
    outcome = await webinar.finish()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.CONVERTED, 2)


async def test_an_order_neither_ends_nor_silences_it(webinar: Stage) -> None:
    await webinar.advance("1 day")
    await webinar.purchase()
    await webinar.finish()
    assert webinar.sent == ["webinar/confirmation", "webinar/reminder", "webinar/recording"]


async def test_the_same_registration_reported_twice_is_confirmed_once(webinar: Stage) -> None:
    await register(webinar, 5 * DAY)
    await webinar.advance("1 hour")
    assert webinar.sent == ["webinar/confirmation"]


async def test_content_and_videos_register_nobody(stage: Stage) -> None:
    stage.perform("webinar")
    await stage.report(names.CONTENT_DOWNLOADED)
    await stage.report(names.VIDEO_COMPLETED)
    assert begun(stage) == []
