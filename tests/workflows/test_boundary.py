"""The boundary: a journey's class runs without Temporal, driven by anything that answers its verbs."""

from typing import Any

import pytest

from domain.message import Kind, MessageStatus
from domain.signals import Click, Revisit, Signal
from tests.workflows.samples import FREE, HOUR, answering, play, start
from workflows.cart_recovery import CartRecovery
from workflows.catalogue import JOURNEYS, journey_named
from workflows.post_purchase import RUNS_OUT, PostPurchase
from workflows.vocabulary import timedelta
from workflows.vocabulary.verbs import Quiet, Reaction, Send, Verb, Wait


def told(verbs: list[Verb[Any]]) -> list[str]:
    """The sequence as a marketer would tell it."""
    return [verb.describe() for verb in verbs]


@pytest.mark.parametrize(
    ("reaction", "branch"),
    [
        (Click(event_id="c"), ["sending cart/deeper"]),
        (Revisit(event_id="r"), ["sending cart/urgency"]),
        (None, ["sending cart/objections", "waiting 1 day", "sending cart/social_proof"]),
    ],
    ids=["click", "return", "silence"],
)
def test_cart_recovery_can_be_told_without_temporal(reaction: Signal | None, branch: list[str]) -> None:
    assert told(play(CartRecovery(start()), answering(reaction))) == [
        "waiting until quiet for 1 hour",
        "sending cart/reminder",
        "waiting 23 hours for a click or a return to the shop",
        *branch,
        "waiting 1 day",
        "choosing an offer",
        "sending cart/last_call",
    ]


@pytest.mark.parametrize("status", [MessageStatus.DROPPED, MessageStatus.REFUSED])
def test_cart_recovery_is_over_after_a_reminder_nobody_got(status: MessageStatus) -> None:
    assert told(play(CartRecovery(start()), answering(sends=status)))[-1] == "sending cart/reminder"


def test_cart_recovery_goes_on_after_a_reminder_of_unknown_fate() -> None:
    assert len(play(CartRecovery(start()), answering(sends=MessageStatus.UNKNOWN))) > 2


def test_the_last_call_alone_carries_the_offer() -> None:
    sends = [verb for verb in play(CartRecovery(start()), answering()) if isinstance(verb, Send)]
    assert [send.offer for send in sends] == [None, None, None, FREE]


def test_only_answers_to_what_the_customer_just_did_are_urgent() -> None:
    urgent = {
        verb.template: verb.urgent
        for reaction in (Click(event_id="c"), Revisit(event_id="r"), None)
        for verb in play(CartRecovery(start()), answering(reaction))
        if isinstance(verb, Send)
    }
    assert [template for template, is_urgent in urgent.items() if is_urgent] == ["cart/deeper", "cart/urgency"]


def test_a_deployment_may_change_the_waits() -> None:
    changed = start(settings={"quiet": "PT2H", "reaction": "PT5H", "between": "PT30H"})
    verbs = play(CartRecovery(changed), answering())
    waits = [verb for verb in verbs if isinstance(verb, Quiet | Reaction | Wait)]
    assert [wait.describe() for wait in waits] == [
        "waiting until quiet for 2 hours",
        "waiting 5 hours for a click or a return to the shop",
        "waiting 1 day 6 hours",
        "waiting 1 day 6 hours",
    ]


@pytest.mark.parametrize(
    ("runs_out", "ending"),
    [
        (True, ["sending post_purchase/subscription"]),
        (False, ["choosing an offer", "sending post_purchase/loyalty"]),
    ],
    ids=["runs out", "lasts"],
)
def test_post_purchase_after_a_first_order_is_a_series(runs_out: bool, ending: list[str]) -> None:
    assert told(play(PostPurchase(start(journey="post-purchase")), answering(but={RUNS_OUT: runs_out}))) == [
        "sending post_purchase/confirmation",
        "reading whether first order",
        "waiting 3 days",
        "sending post_purchase/usage_guide",
        "waiting 4 days",
        "sending post_purchase/complementary",
        "waiting 7 days",
        "sending post_purchase/review_request",
        "waiting 16 days",
        "reading whether runs out",
        *ending,
    ]


def test_post_purchase_after_a_later_order_is_short() -> None:
    assert told(play(PostPurchase(start(journey="post-purchase")), answering(yes=False))) == [
        "sending post_purchase/confirmation",
        "reading whether first order",
        "waiting 14 days",
        "sending post_purchase/review_request",
    ]


def test_the_confirmation_alone_is_owed() -> None:
    verbs = play(PostPurchase(start(journey="post-purchase")), answering())
    assert [verb.describe() for verb in verbs if verb.is_owed] == ["sending post_purchase/confirmation"]
    assert [verb.template for verb in verbs if isinstance(verb, Send) and verb.kind is Kind.TRANSACTIONAL] == [
        "post_purchase/confirmation"
    ]


@pytest.mark.parametrize("name", JOURNEYS)
@pytest.mark.parametrize(
    "reaction", [Click(event_id="c"), Revisit(event_id="r"), None], ids=["click", "return", "none"]
)
@pytest.mark.parametrize("yes", [True, False])
def test_no_journey_waits_ninety_days_of_its_own_accord(name: str, reaction: Signal | None, yes: bool) -> None:
    """A moment that the customer's backend reports, the end of a paid year, may be further ahead."""
    verbs = play(journey_named(name)(start(journey=name)), answering(reaction, yes=yes))
    waits = (verb.duration for verb in verbs if isinstance(verb, Wait | Quiet))
    answers = (verb.within for verb in verbs if isinstance(verb, Reaction))
    assert sum(waits, timedelta()) + sum(answers, timedelta()) < timedelta(days=90) - HOUR


def test_a_setting_that_a_journey_no_longer_has_stops_no_enrollment_that_recorded_it() -> None:
    recorded = {"quiet": "PT2H", "removed": "PT1H"}
    first = told(play(CartRecovery(start().model_copy(update={"settings": recorded})), answering()))[0]
    assert first == "waiting until quiet for 2 hours"
