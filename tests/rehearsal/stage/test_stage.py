"""The stage: what authors' tests may do and see, on both deployed journeys and on ones that are not deployed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.enrollment import OutcomeKind
from domain.errors import JourneyError, UnknownJourneyError
from domain.event import CART_ACTIVITY
from domain.facts import FIRST_ORDER
from domain.gate import Caps
from rehearsal.stage import ScriptError, Stage, StageError, What, open_stage
from rehearsal.stage.opening import default_settings
from tests.rehearsal.stage.journeys import (
    Birthday,
    Broken,
    Circles,
    Greets,
    Misnamed,
    SecondCartRecovery,
    Shares,
    Subscription,
)
from workflows.catalogue import JOURNEYS

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def mails(stage: Stage) -> list[tuple[str | None, timedelta]]:
    return [(entry.template, entry.at) for entry in stage.timeline if entry.what is What.SENT]


def told(stage: Stage, *kinds: What) -> list[tuple[timedelta, str]]:
    return [(entry.at, entry.why) for entry in stage.timeline if entry.what in kinds]


# -- the deployed journeys -------------------------------------------------------------------------------------------


async def test_a_click_gets_deeper_content(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.advance("2 hours")
    await stage.click()
    await stage.advance("3 days")
    assert stage.sent == ["cart/reminder", "cart/deeper", "cart/last_call"]
    assert mails(stage) == [("cart/reminder", HOUR), ("cart/deeper", 2 * HOUR), ("cart/last_call", 26 * HOUR)]
    assert (await stage.outcome()).kind is OutcomeKind.COMPLETED
    assert stage.not_sent == []


async def test_what_is_due_at_a_moment_has_happened_when_time_has_come_to_it(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.advance("59 min")
    assert stage.sent == []
    await stage.advance("1 min")
    assert stage.sent == ["cart/reminder"]
    await stage.advance("1h")
    await stage.revisit()
    assert stage.sent == ["cart/reminder", "cart/urgency"]
    await stage.advance(DAY)
    assert stage.sent == ["cart/reminder", "cart/urgency", "cart/last_call"]


async def test_a_story_of_many_steps_does_not_fall_behind(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    for _ in range(8):
        await stage.advance("50 min")
        await stage.report(CART_ACTIVITY[0])
    assert stage.sent == []
    await stage.advance("1h")
    assert mails(stage) == [("cart/reminder", timedelta(minutes=8 * 50 + 60))]
    assert stage.elapsed == timedelta(minutes=8 * 50 + 60)


async def test_the_timeline_tells_all_that_happened_in_order(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.advance("2h")
    await stage.click()
    await stage.advance("1h")
    await stage.purchase(revenue=80)
    assert [(entry.at, entry.what, entry.template or entry.why) for entry in stage.timeline] == [
        (0 * HOUR, What.BEGAN, "Product Added"),
        (0 * HOUR, What.WAITED, "waiting until quiet for 1 hour"),
        (1 * HOUR, What.SENT, "cart/reminder"),
        (1 * HOUR, What.WAITED, "waiting 23 hours for a click or a return to the shop"),
        (2 * HOUR, What.HEARD, "click"),
        (2 * HOUR, What.SENT, "cart/deeper"),
        (2 * HOUR, What.WAITED, "waiting 1 day"),
        (3 * HOUR, What.HEARD, "purchase"),
        (3 * HOUR, What.ENDED, "converted: order completed, revenue 80.00"),
    ]
    began, first_wait, reminder, *_ = stage.timeline
    assert (reminder.subject, reminder.why, reminder.journey) == (
        stage.letters[0].subject,
        "quiet for 1 hour",
        "cart-recovery",
    )
    assert str(reminder) == "1 h · sent · cart/reminder · quiet for 1 hour"
    assert f"{began.local:%a %H:%M %Z}" == "Mon 09:00 CET"
    assert first_wait.until == began.local + HOUR


async def test_quiet_hours_hold_a_mail_back_and_the_timeline_says_until_when() -> None:
    async with open_stage(start=datetime(2026, 3, 2, 20, 30), zone="Asia/Tokyo") as stage:  # noqa: DTZ001 -- her clock
        await stage.enroll("cart-recovery")
        await stage.advance("2h")
        assert [mail.status.value for mail in stage.not_sent] == ["deferred"]
        await stage.advance("10h")
        assert mails(stage) == [("cart/reminder", 11.5 * HOUR)]
        assert [mail.status.value for mail in stage.not_sent] == []
    [held] = [entry for entry in stage.timeline if entry.what is What.HELD]
    assert (held.at, held.template, f"{held.until:%a %H:%M}") == (HOUR, "cart/reminder", "Tue 08:00")
    assert held.why.startswith("quiet hours")


async def test_an_order_begins_its_journey_and_a_fact_may_be_otherwise(stage: Stage) -> None:
    stage.facts[FIRST_ORDER] = False
    await stage.enroll("post-purchase")
    assert stage.sent == ["post_purchase/confirmation"]
    outcome = await stage.finish()
    assert stage.sent == ["post_purchase/confirmation", "post_purchase/review_request"]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 2)
    assert (0 * HOUR, "first order: no") in told(stage, What.ASKED)


async def test_a_fact_is_the_truth_unless_it_is_set(stage: Stage) -> None:
    await stage.enroll("post-purchase")
    await stage.finish()
    assert len(stage.sent) == 5


async def test_a_value_that_a_fact_cannot_have_is_refused(stage: Stage) -> None:
    stage.facts[FIRST_ORDER] = "perhaps"
    with pytest.raises(StageError, match="“first order” is True or False, and not 'perhaps'"):
        await stage.enroll("post-purchase")


async def test_a_journey_that_is_named_plays_alone(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.purchase()
    assert stage.sent == []
    assert (await stage.outcome()).kind is OutcomeKind.CONVERTED


async def test_without_a_name_every_deployed_journey_takes_part(stage: Stage) -> None:
    await stage.report("Product Added")
    await stage.advance("1h")
    await stage.purchase()
    assert stage.sent == ["cart/reminder", "post_purchase/confirmation"]
    assert (await stage.outcome("cart-recovery")).kind is OutcomeKind.CONVERTED
    with pytest.raises(StageError, match="post-purchase has not ended; it is waiting 3 days"):
        await stage.outcome("post-purchase")


# -- what she does ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ("unsubscribe", "unsubscribed"),
        ("bounce", "the address bounced"),
        ("complain", "marked as spam"),
        ("erase", "erased"),
        ("empty_cart", "cart emptied"),
        ("purchase", "order completed"),
        ("cancel", "cancelled by an operator"),
    ],
)
async def test_a_deed_ends_the_journey(stage: Stage, deed: str, why: str) -> None:
    await stage.enroll("cart-recovery")
    await stage.advance("2h")
    await getattr(stage, deed)()
    assert (await stage.outcome()).why == why
    await stage.advance("5 days")
    assert stage.sent == ["cart/reminder"]


async def test_an_operator_may_pause_resume_and_pass_over(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.advance("30 min")
    await stage.pause("stock-taking")
    await stage.advance("10h")
    assert stage.sent == []
    assert stage.doing == "paused while waiting until quiet for 1 hour"
    await stage.resume()
    assert mails(stage) == [("cart/reminder", 10.5 * HOUR)]
    await stage.skip()  # her silence is taken for granted
    assert [mail.template for mail in stage.not_sent] == ["cart/objections"]
    assert told(stage, What.HEARD) == [
        (0.5 * HOUR, "paused by an operator"),
        (10.5 * HOUR, "resumed by an operator"),
        (10.5 * HOUR, "passed over by an operator"),
    ]


async def test_an_enrollment_that_is_paused_for_good_does_not_end(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.pause()
    with pytest.raises(StageError, match="has not ended; it is paused while waiting until quiet"):
        await stage.finish()


async def test_what_an_operator_may_not_do_is_refused_in_the_enrollments_words(stage: Stage) -> None:
    with pytest.raises(StageError, match="nothing to pause: no enrollment is running"):
        await stage.pause()
    await stage.enroll("cart-recovery")
    with pytest.raises(StageError, match="cart-recovery cannot resume now: it is not paused"):
        await stage.resume()


async def test_what_changes_nothing_is_told_as_ignored(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.visit()
    await stage.report("Wishlist Shared")
    await stage.advance("1h")
    await stage.unsubscribe()
    await stage.click()
    assert told(stage, What.IGNORED) == [
        (0 * HOUR, "visit: it changed nothing"),
        (0 * HOUR, "the journey does not listen to “Wishlist Shared”"),
        (1 * HOUR, "click: the journey had ended"),
    ]


async def test_an_event_that_no_code_names_is_not_told(stage: Stage) -> None:
    await stage.enroll(Shares)
    await stage.advance("1 day")
    await stage.report("Product Shred")
    await stage.advance("2h")
    await stage.report("Product Shared")
    await stage.finish()
    assert told(stage, What.IGNORED, What.HEARD) == [
        (DAY, "the journey does not listen to “Product Shred”"),
        (26 * HOUR, "“Product Shared”"),
    ]
    assert stage.sent == ["cart/deeper"]


async def test_whatever_is_done_after_an_absence_is_heard_as_a_return(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.advance("3h")
    await stage.report("Product Shred")
    assert told(stage, What.HEARD) == [(3 * HOUR, "“Product Shred”, as a return to the shop")]


async def test_there_is_no_click_without_a_mail_and_no_return_without_an_absence(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    with pytest.raises(StageError, match="nothing to click on: no mail was sent by 0 min"):
        await stage.click()
    with pytest.raises(StageError, match="away for less than half an hour"):
        await stage.revisit()
    await stage.advance("1h")
    with pytest.raises(StageError, match="nothing to click on: cart/deeper was sent by 1 h"):
        await stage.click("cart/deeper")


async def test_what_is_known_of_her_may_be_otherwise_from_the_start(stage: Stage) -> None:
    del stage.traits["consent"]
    await stage.enroll("cart-recovery")
    await stage.finish()
    assert stage.sent == []
    [mail] = stage.not_sent
    assert (mail.template, mail.status.value) == ("cart/reminder", "dropped")
    assert mail.reason.startswith("no consent on record")
    assert told(stage, What.DROPPED) == [(HOUR, mail.reason)]


async def test_she_may_move_and_the_timeline_moves_with_her(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.identify(timezone="Asia/Tokyo")
    await stage.advance("2h")
    began, *_, last = stage.timeline
    assert (f"{began.local:%Z}", f"{last.local:%Z}") == ("CET", "JST")


async def test_letters_are_what_a_mail_program_shows(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    await stage.advance("1h")
    [letter] = stage.letters
    assert letter.template == "cart/reminder"
    assert "Linen floor lamp" in letter.text
    assert "Linen floor lamp" in letter.html
    assert letter.subject


async def test_a_mail_that_is_refused_is_not_sent(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    stage.mail_server.refuse_next()
    await stage.advance("2h")
    assert stage.sent == []
    assert [(mail.template, mail.status.value) for mail in stage.not_sent] == [("cart/reminder", "refused")]


async def test_a_mail_server_that_is_busy_delays_a_mail(stage: Stage) -> None:
    stage.mail_server.defer_next(8)  # 2 s, 4 s … 256 s between the attempts: more than 8 minutes
    await stage.enroll("cart-recovery")
    await stage.advance("2h")
    assert mails(stage) == [("cart/reminder", HOUR + timedelta(minutes=8))]


# -- options -----------------------------------------------------------------------------------------------------------


class TestOptions:
    """A fixture of that name changes how the stage is opened."""

    @pytest.fixture
    def stage_options(self) -> dict[str, Any]:
        return {"settings": default_settings().model_copy(update={"caps": Caps(per_48h=1)}), "zone": "Asia/Tokyo"}

    async def test_options_are_for_the_stage(self, stage: Stage) -> None:
        await stage.enroll("cart-recovery")
        await stage.advance("2h")
        await stage.click()
        assert stage.zone == "Asia/Tokyo"
        assert [(mail.template, mail.status.value) for mail in stage.not_sent] == [("cart/deeper", "dropped")]


async def test_the_environment_changes_no_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_QUIET_FROM", "00:00")
    monkeypatch.setenv("SEGUE_CONSENT", "assumed")
    async with open_stage() as stage:
        await stage.enroll("cart-recovery")
        await stage.advance("2h")
        assert stage.sent == ["cart/reminder"]


async def test_a_span_that_cannot_be_read_is_refused(stage: Stage) -> None:
    with pytest.raises(ScriptError, match="“3 dyas” is no span of time"):
        await stage.advance("3 dyas")


# -- journeys that are not deployed ----------------------------------------------------------------------------------


async def test_a_class_that_is_not_deployed_may_be_played(stage: Stage) -> None:
    await stage.enroll(Birthday)  # by hand: no event begins it
    assert told(stage, What.BEGAN) == [(0 * HOUR, "enrolled by an operator")]
    await stage.advance("2h")
    await stage.click()
    await stage.finish()
    assert mails(stage) == [("cart/reminder", 2 * HOUR), ("cart/deeper", 2 * HOUR)]
    assert "Linen floor lamp" in stage.letters[0].text
    assert "birthday" in JOURNEYS


async def test_what_was_played_is_not_deployed_afterwards() -> None:
    async with open_stage() as stage:
        stage.perform(Birthday, "cart-recovery")
        assert "birthday" in JOURNEYS
    assert "birthday" not in JOURNEYS
    assert "cart-recovery" in JOURNEYS


async def test_several_journeys_may_play_and_share_the_caps(stage: Stage) -> None:
    stage.perform("cart-recovery", Birthday)
    await stage.enroll("cart-recovery")
    await stage.advance("1h")
    await stage.enroll(Birthday)
    await stage.advance("2h")
    assert stage.sent == ["cart/reminder"]
    assert [(mail.template, mail.status.value) for mail in stage.not_sent] == [("cart/reminder", "deferred")]


async def test_a_journey_that_is_named_too_late_is_refused(stage: Stage) -> None:
    await stage.enroll("cart-recovery")
    with pytest.raises(StageError, match="birthday comes too late: name every journey with perform"):
        await stage.enroll(Birthday)


async def test_a_journey_that_begins_with_what_is_known_of_her_begins_once(stage: Stage) -> None:
    await stage.enroll(Greets)
    await stage.advance("10m")  # whoever has just become known is not mailed at once
    assert stage.sent == ["cart/reminder"]


async def test_a_journey_about_something_gets_a_sample_of_it_and_a_cart_where_the_trigger_wants_one(
    stage: Stage,
) -> None:
    await stage.enroll(Subscription)
    assert stage.sent == ["cart/reminder"]
    assert told(stage, What.BEGAN) == [(0 * HOUR, "Subscription Ended")]


async def test_broken_code_fails_the_test_and_says_how(stage: Stage) -> None:
    await stage.enroll(Broken)
    with pytest.raises(StageError, match=r"the code of broken broke: KeyError: .no such key"):
        await stage.advance("2h")


async def test_code_that_goes_in_circles_fails_the_test(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.stage.watcher.PATIENCE", 2.0)
    with pytest.raises(StageError, match="does circles go in circles without waiting"):
        await stage.enroll(Circles)


async def test_a_template_that_is_not_there_is_a_mail_that_is_dropped(stage: Stage) -> None:
    await stage.enroll(Misnamed)
    await stage.advance("10m")
    assert [(mail.template, mail.status.value) for mail in stage.not_sent] == [("cart/no_such_mail", "dropped")]


async def test_a_journey_must_be_known_and_its_name_its_own(stage: Stage) -> None:
    with pytest.raises(UnknownJourneyError):
        await stage.enroll("cart-rescue")
    with pytest.raises(JourneyError, match="another journey is named 'cart-recovery'"):
        stage.perform(SecondCartRecovery)


async def test_nothing_has_an_outcome_before_it_began(stage: Stage) -> None:
    with pytest.raises(StageError, match="no enrollment has begun"):
        await stage.outcome()


async def test_a_day_in_which_the_clocks_change_is_no_shorter(stage: Stage) -> None:
    stage.perform("cart-recovery")
    await stage.advance("30 days")  # from winter to summer time, where she lives
    await stage.report("Product Added")
    await stage.advance("1h")
    assert mails(stage) == [("cart/reminder", HOUR)]
    assert f"{stage.timeline[0].local:%a %d %b %H:%M %Z}" == "Wed 01 Apr 10:00 CEST"
