"""Each rule finds the journey that is wrong, and nothing else wrong with it. What is nearly wrong it leaves alone."""

import linecache
from datetime import timedelta
from typing import Any

import pytest

from domain.gate import Caps, CoolDowns, GatePolicy
from rehearsal.check.mails import CAPS
from rehearsal.check.policy import CheckPolicy
from rehearsal.check.report import Check
from rehearsal.check.subject import Subject
from rehearsal.check.violation import Violation
from rehearsal.explore import MORNING, explore
from tests.rehearsal.check import wrong_journeys as wrong
from workflows.vocabulary import Journey

GENEROUS = GatePolicy(caps=Caps(per_day=10, per_48h=10, per_stage=10))
"""A gate that lets everything through, but at night."""

FEW = CheckPolicy(verbs=20, states=300)


def violations(journey: type[Journey], **given: Any) -> tuple[Violation, ...]:
    return Check({journey.plan.name: journey}, **given).run().violations


def the_violation(journey: type[Journey], **given: Any) -> Violation:
    [found] = violations(journey, **given)
    assert found.journeys == (journey.plan.name,)
    return found


def code_at(violation: Violation) -> str:
    assert violation.line is not None
    return linecache.getline(str(wrong.__file__), violation.line).strip()


def told(violation: Violation) -> str:
    assert violation.path is not None
    return violation.path.told


# -- ends ------------------------------------------------------------------------------------------------------------


def test_a_journey_that_goes_round_for_ever_does_not_end() -> None:
    found = the_violation(wrong.GoesRound)
    assert found.rule == "ends"
    assert code_at(found) == "await self.wait(DAY)"
    assert found.wrong.startswith("It goes round for ever")
    assert told(found) == "(not has cart, not has cart) the customer does nothing"


def test_a_journey_that_only_counts_is_too_long() -> None:
    found = the_violation(wrong.CountsForEver, policy=FEW)
    assert (found.rule, found.wrong) == ("ends", "A path has more than 20 steps, and was not followed further.")
    assert told(found) == "the customer does nothing"


def test_a_life_of_more_than_400_days_is_too_long() -> None:
    found = the_violation(wrong.LivesTooLong)
    assert found.rule == "ends"
    assert found.wrong.startswith("It can live 420 days 23 hours, and 400 days")
    assert told(found).startswith("the customer clicks")
    assert found.path is not None
    assert found.path.lasts > timedelta(days=400)


def test_code_that_fails_on_a_path_is_shown_with_the_path() -> None:
    found = the_violation(wrong.Fails)
    assert found.rule == "ends"
    assert code_at(found).startswith("if offer.code.upper()")
    assert "AttributeError: 'NoneType' object has no attribute 'upper'" in found.wrong
    assert told(found) == "(offer: nothing) the customer does nothing"
    assert found.path is not None
    assert found.path.timeline() == ("at 1 day: waited 1 day", "at 1 day: offer: nothing")


# -- explored --------------------------------------------------------------------------------------------------------


def test_what_was_not_explored_is_said_aloud() -> None:
    found = the_violation(wrong.AsksTooMuch, policy=FEW.model_copy(update={"verbs": 300}))
    assert found.rule == "explored"
    assert found.wrong.startswith("It was explored as far as 300 states from each beginning; ")
    assert found.more > 0


# -- nothing-after-exit ----------------------------------------------------------------------------------------------


def test_owed_mail_after_a_wait_goes_to_somebody_who_left() -> None:
    found = the_violation(wrong.ReceiptTooLate)
    assert found.rule == "nothing-after-exit"
    assert code_at(found).startswith('await self.send("post_purchase/review_request"')
    assert found.wrong == "post_purchase/review_request goes out after the journey has ended (order completed)."
    assert told(found) == "the customer buys at 1 hour"
    assert found.path is not None
    assert found.path.timeline() == ("at 1 hour: a purchase", "at 1 hour: review_request sent (accepted)")
    assert found.more == 9  # five other endings but an operator's, from the morning, and six from the evening


# -- caps, cool-down, spacing ----------------------------------------------------------------------------------------


def judged_by_default_caps(journey: type[Journey]) -> list[Violation]:
    """What the rule says of what a gate let through that must not have."""
    let_through = explore(journey, begins=MORNING, policy=GENEROUS)
    return CAPS.violations(Subject(journey, (let_through,)))


def test_a_second_mail_within_a_day_is_beyond_the_cap() -> None:
    [found] = judged_by_default_caps(wrong.TwoMails)
    assert found.wrong == "cart/objections is the second marketing mail within 1 day, and 1 is allowed."
    assert code_at(found) == 'await self.send("cart/objections")'
    assert told(found) == "the customer does nothing"


def test_a_fourth_mail_of_a_stage_within_a_week_is_beyond_the_cap() -> None:
    [found] = judged_by_default_caps(wrong.FourOfAStage)
    assert found.wrong == (
        "cart/last_call is the 4th marketing mail of stage purchase within 7 days, and 3 are allowed."
    )


def test_a_mail_that_answers_the_customer_may_pass_the_daily_cap() -> None:
    assert judged_by_default_caps(wrong.AnswersAtOnce) == []


def test_the_real_gate_never_lets_more_through() -> None:
    assert violations(wrong.TwoMails) == violations(wrong.FourOfAStage) == ()


def test_a_mail_soon_after_an_incentive_disturbs_it() -> None:
    assert violations(wrong.MailsAfterAnOffer) == ()  # the gate holds it back, unless the shop switches that off
    found = the_violation(wrong.MailsAfterAnOffer, gate=GatePolicy(cool_downs=CoolDowns(incentive=timedelta())))
    assert found.rule == "cool-down"
    assert found.wrong.startswith("cart/deeper goes out 1 minute after a mail with an incentive; 1 day is the least")
    assert told(found) == "(offer: free shipping) the customer clicks at 1 minute"


def test_mails_of_one_journey_are_four_hours_apart() -> None:
    found = the_violation(wrong.TwoMails, gate=GENEROUS)
    assert (found.rule, told(found)) == ("spacing", "the customer does nothing")
    assert found.wrong.startswith("cart/objections goes out 3 hours after the journey's mail before it; 4 hours is")


# -- waits -----------------------------------------------------------------------------------------------------------

WAITS = [
    (wrong.WaitsTooLong, {}, "It waits 181 days; 180 days is the most."),
    (wrong.NobodyAnswersSoFast, {}, "It waits for an answer 59 seconds; 1 minute is the least."),
    (wrong.QuietTooLong, {}, "It waits until quiet for 8 days; 7 days is the most."),
    (wrong.WaitsForThePast, {}, "It waits for a moment minus 1 hour; it must let time pass."),
    (wrong.WaitsForTheRest, {"total": "P1D"}, "It waits minus 1 day; it must let time pass."),
    (wrong.WaitsForTheRest, {"total": "P2D"}, "It waits 0 seconds; it must let time pass."),
]


@pytest.mark.parametrize(("journey", "changed", "words"), WAITS)
def test_a_wait_is_neither_too_long_nor_none(journey: type[Journey], changed: dict[str, str], words: str) -> None:
    found = the_violation(journey, changed={journey.plan.name: changed} if changed else {})
    assert (found.rule, found.wrong) == ("waits", words)
    assert told(found) == "the customer does nothing"


# -- dead-steps ------------------------------------------------------------------------------------------------------


def test_a_mail_that_is_always_late_never_goes_out() -> None:
    found = the_violation(wrong.AlwaysStale)
    assert found.rule == "dead-steps"
    assert code_at(found) == 'await self.send("cart/urgency", stale_after=HOUR)'
    assert found.wrong == "cart/urgency goes out on no path: too late to make sense: 1 mail in 24 h."


def test_a_step_that_nobody_reaches_is_dead() -> None:
    found = the_violation(wrong.NeverReached)
    assert found.rule == "dead-steps"
    assert found.wrong == "No path reaches `await self.send('cart/objections')`."
    assert code_at(found) == 'await self.send("cart/objections")'


# -- templates, declared ---------------------------------------------------------------------------------------------


def test_a_template_that_nobody_wrote_is_missed() -> None:
    found = the_violation(wrong.HasNoTemplate)
    assert found.rule == "templates"
    assert found.wrong.startswith("lamps/never_written: there is no lamps/never_written.mjml.j2 in ")
    assert "templates/lamps/never_written.mjml.j2" in found.remedy


def test_a_journey_says_what_it_is_for() -> None:
    found = violations(wrong.SaysLittle)
    assert {each.rule for each in found} == {"declared"}
    assert [each.wrong for each in found] == ["Its docstring says too little.", "`steps` has no docstring."]


def test_every_setting_has_a_default() -> None:
    found = the_violation(wrong.HasNoDefault)
    assert (found.rule, found.wrong) == ("declared", "The setting pause has no default.")


PLANS = [
    ({"name": "Cart_Recovery"}, "The name 'Cart_Recovery' is not in kebab case."),
    ({"goal": None}, "It has no goal."),
    ({"goal": " "}, "It has no goal."),
    ({"topic": ""}, "It has no topic."),
    ({"owner": " "}, "It has no owner."),
    ({"exits": ("Left", "")}, "An exit has no name."),
    ({"priority": 101}, "The priority 101 is out of bounds."),
    ({"priority": -1}, "The priority -1 is out of bounds."),
    ({"holdout": 1.0}, "The holdout 1 is no share of customers."),
]


@pytest.mark.parametrize(("fields", "words"), PLANS)
def test_a_plan_is_whole(fields: dict[str, Any], words: str) -> None:
    class Declared(wrong.StaleInTheEvening):
        """Is as it is declared.

        In one way or another.
        """

        plan = wrong.plan(**({"name": "declared"} | fields))

    found = the_violation(Declared)
    assert (found.rule, found.wrong) == ("declared", words)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_a_verb_that_is_not_awaited_is_found() -> None:
    found = the_violation(wrong.ForgetsToAwait)
    assert (found.rule, found.wrong) == ("dead-steps", "`self.wait(DAY)` is not awaited, so it does nothing.")


def test_urgent_mail_that_answers_nothing_keeps_its_distance() -> None:
    found = the_violation(wrong.UrgentUnasked)
    assert found.rule == "spacing"
    assert found.wrong.endswith("It is urgent, and answers nothing the customer did.")


# -- nearly ----------------------------------------------------------------------------------------------------------


RIGHT = [
    *((wrong.GoesRoundThrice, None), (wrong.LivesLong, None), (wrong.ReceiptsAtOnce, None)),
    *((wrong.AnswersAtOnce, None), (wrong.MailsADayAfterAnOffer, None), (wrong.WaitsForTheRest, None)),
    *((wrong.WaitsUnlessLate, None), (wrong.StaleInTheEvening, None), (wrong.ReachedByAHelper, None)),
    *((wrong.Busy, None), (wrong.TwoMailsFourHoursApart, GENEROUS), (wrong.AnswersAtOnce, GENEROUS)),
]


@pytest.mark.parametrize(("journey", "gate"), RIGHT)
def test_a_journey_that_is_nearly_wrong_is_right(journey: type[Journey], gate: GatePolicy | None) -> None:
    assert violations(journey, gate=gate) == ()
