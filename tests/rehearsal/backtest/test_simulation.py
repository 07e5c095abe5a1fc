"""A journey over hand-made recordings: who would get what when. Every time is spelled out."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigurationError, JourneyError
from domain.event import Event
from domain.facts import BOUGHT_SINCE, HAS_CART
from domain.gate import Caps, GatePolicy
from domain.offer import OfferPolicy
from rehearsal.backtest.course import Course
from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.simulation import simulate
from tests.rehearsal.backtest.recordings import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    added,
    ending,
    event,
    identified,
    mails,
    only,
    ordered,
    run,
    the_end,
)
from workflows.post_purchase import PostPurchase
from workflows.vocabulary import Click, Journey, Kind, On, Plan, Revisit, Stage

SILENCE = [
    ("cart/reminder", 1 * HOUR),
    ("cart/objections", 25 * HOUR),  # due after 23 hours of silence; the daily cap holds it back for another
    ("cart/social_proof", 49 * HOUR),
    ("cart/last_call", 73 * HOUR),
]


# -- cart recovery ---------------------------------------------------------------------------------------------------


def test_a_silent_shopper_gets_the_whole_sequence() -> None:
    course = only(added(0 * HOUR), the_end(10 * DAY))

    assert mails(course) == SILENCE
    assert ending(course) == ("completed", "the sequence is complete", 73 * HOUR)
    assert [mail.because for mail in course.mails] == [
        "quiet for 1 hour",
        "no answer in 23 hours",
        "1 day later",
        "1 day later",
    ]
    assert [mail.held for mail in course.mails] == [(), ("1 mail in 24 h",), (), ()]


def test_a_purchase_within_the_hour_gets_no_mail() -> None:
    course = only(added(0 * HOUR), ordered(40 * MINUTE), the_end(10 * DAY))

    assert mails(course) == []
    assert ending(course) == ("converted", "order completed", 40 * MINUTE)
    assert course.revenue == 49


def test_a_purchase_between_mails_ends_the_sequence() -> None:
    course = only(added(0 * HOUR), ordered(30 * HOUR), the_end(10 * DAY))

    assert mails(course) == SILENCE[:2]
    assert ending(course) == ("converted", "order completed", 30 * HOUR)


def test_a_purchase_while_the_gate_holds_a_mail_drops_it() -> None:
    course = only(added(11 * HOUR + 30 * MINUTE), ordered(20 * HOUR), the_end(10 * DAY))  # due at 21:30, until 08:00

    assert [(each.template, each.why, each.held) for each in course.unsent] == [
        ("cart/reminder", "order completed", ("quiet hours",))
    ]
    assert mails(course) == []


def test_quiet_hours_of_the_customers_own_zone_hold_a_mail() -> None:
    there = identified(0 * HOUR, timezone="Asia/Tokyo")  # 18:00 where they live
    course = only(there, added(150 * MINUTE), the_end(10 * DAY))

    assert mails(course)[0] == ("cart/reminder", 14 * HOUR)  # due 21:30, sent at 08:00, which is 23:00 UTC


def test_every_cart_event_begins_the_quiet_hour_anew() -> None:
    course = only(added(0 * HOUR), added(50 * MINUTE, product="desk"), the_end(10 * DAY))

    assert mails(course)[0] == ("cart/reminder", 110 * MINUTE)


def test_a_click_within_the_reaction_is_answered_at_once() -> None:
    click = event(3 * HOUR, "Email Link Clicked", journey="cart-recovery")
    course = only(added(0 * HOUR), click, the_end(10 * DAY))

    assert mails(course) == [("cart/reminder", 1 * HOUR), ("cart/deeper", 3 * HOUR), ("cart/last_call", 27 * HOUR)]
    assert course.mails[1].because == "a click"


def test_a_return_to_the_shop_is_answered_at_once() -> None:
    course = only(added(0 * HOUR), event(5 * HOUR, "Product Viewed"), the_end(10 * DAY))

    assert mails(course)[:2] == [("cart/reminder", 1 * HOUR), ("cart/urgency", 5 * HOUR)]
    assert course.mails[1].because == "a return to the shop"


def test_an_emptied_cart_ends_it_and_a_new_one_begins_another() -> None:
    emptied = event(20 * MINUTE, "Product Removed", product_id="lamp")
    first, second = run(added(0 * HOUR), emptied, added(20 * MINUTE, product="desk"), the_end(DAY))

    assert ending(first) == ("exited", "cart emptied", 20 * MINUTE)
    assert mails(second)[0] == ("cart/reminder", 80 * MINUTE)


def test_who_was_mailed_is_left_alone_for_seven_days_counted_from_the_beginning() -> None:
    recording = [added(0 * HOUR), ordered(2 * HOUR), added(6 * DAY), added(7 * DAY), the_end(20 * DAY)]
    first, second = run(*recording)

    assert (mails(first), first.result) == ([("cart/reminder", 1 * HOUR)], "converted")
    assert second.began_at == MONDAY + 7 * DAY


def test_who_bought_before_any_mail_may_begin_again_at_once() -> None:
    first, second = run(added(0 * HOUR), ordered(30 * MINUTE), added(1 * HOUR), the_end(DAY))

    assert (first.result, second.began_at) == ("converted", MONDAY + 1 * HOUR)


def test_more_products_join_the_open_enrollment() -> None:
    assert len(run(added(0 * HOUR), added(10 * MINUTE), added(90 * MINUTE), the_end(DAY))) == 1


def test_a_changed_setting_of_the_deployment_holds() -> None:
    course = only(added(0 * HOUR), the_end(10 * DAY), quiet="PT2H")

    assert mails(course)[0] == ("cart/reminder", 2 * HOUR)
    with pytest.raises(ConfigurationError, match=r"cart-recovery\.quite"):
        run(added(0 * HOUR), quite="PT2H")


def test_an_earlier_mail_of_the_journey_counts_in_the_next_enrollment() -> None:
    policy = GatePolicy(caps=Caps(per_stage=1, stage_window=timedelta(days=30)))
    recording = History([added(0 * HOUR), ordered(2 * HOUR), added(8 * DAY), the_end(60 * DAY)])
    _, second = simulate(_reminding("once"), recording, Rules(policy=policy))

    assert (mails(second), second.unsent[0].why) == (
        [],
        "too late to make sense: 1 mail for purchase in 30 days, first possible 2026-04-01 10:00 UTC",
    )


# -- the end of the recording ----------------------------------------------------------------------------------------


def test_what_comes_after_the_recording_is_supposed_and_marked() -> None:
    course = only(added(0 * HOUR), the_end(2 * HOUR))

    assert mails(course) == SILENCE
    assert [mail.supposed for mail in course.mails] == [False, True, True, True]
    assert (course.result, course.why, course.revenue) == ("open at the end", "", 0)


def test_an_empty_recording_is_no_error() -> None:
    assert run() == ()


# -- leave to mail ---------------------------------------------------------------------------------------------------


def test_address_and_consent_are_supposed_unless_strict() -> None:
    recording = [added(0 * HOUR), the_end(10 * DAY)]

    assert mails(only(*recording)) == SILENCE
    assert _not_sent(only(*recording, strict=True)) == ["no email address is known"]
    known = identified(0 * HOUR, email="anna@shop.example")
    assert _not_sent(only(known, *recording, strict=True)) == [
        "no consent on record: report it for the customer, or set the consent rule to 'assumed'"
    ]
    as_text = identified(0 * HOUR, email="anna@shop.example", consent="true")
    assert _not_sent(only(as_text, *recording, strict=True)) == [
        "no consent on record: what was reported does not count, only true or false do"
    ]
    agreed = identified(0 * HOUR, email="anna@shop.example", consent=True)
    assert mails(only(agreed, *recording, strict=True)) == SILENCE


def test_a_refusal_counts_from_when_it_was_said() -> None:
    refused = identified(30 * HOUR, consent=False)
    course = only(added(0 * HOUR), refused, the_end(10 * DAY))

    assert mails(course) == SILENCE[:2]
    assert _not_sent(course) == ["consent was refused or withdrawn"] * 2


def test_an_unsubscription_ends_the_journey_and_outlasts_it() -> None:
    unsubscribed = event(2 * HOUR, "Unsubscribed")
    first, second = run(added(0 * HOUR), unsubscribed, added(9 * DAY), the_end(20 * DAY))

    assert (mails(first), ending(first)) == (SILENCE[:1], ("exited", "unsubscribed", 2 * HOUR))
    assert _not_sent(second) == ["unsubscribed from this topic or from all marketing"]


def test_a_bounce_follows_the_address_to_another_customer() -> None:
    both = [identified(0 * HOUR, each, email="two@shop.example") for each in ("anna", "bert")]
    [course] = run(*both, event(1 * HOUR, "Email Bounced", "bert"), added(2 * HOUR), the_end(DAY))

    assert _not_sent(course) == ["suppressed: hard bounce"]


def test_after_a_bounce_mail_goes_to_the_next_address() -> None:
    old, new = (identified(hour * HOUR, email=f"{hour}@shop.example") for hour in (0, 2))
    course = run(old, event(1 * HOUR, "Email Bounced"), new, added(3 * HOUR), the_end(10 * DAY))[-1]
    assert [name for name, _ in mails(course)] == [name for name, _ in SILENCE]


def test_what_came_of_a_mistyped_address_is_not_the_customers() -> None:
    visitor = {"user_id": None, "anonymous_id": "v1"}
    typo = identified(0 * HOUR, email="anan@typo.example").model_copy(update=visitor)
    angry = event(1 * HOUR, "Email Marked as Spam").model_copy(update=visitor)
    known = identified(2 * HOUR).model_copy(update={"anonymous_id": "v1"})
    right = identified(0 * HOUR, email="anna@right.example")
    course = run(right, typo, angry, known, added(3 * HOUR), the_end(10 * DAY))[-1]
    assert [name for name, _ in mails(course)] == [name for name, _ in SILENCE]


# -- post-purchase ---------------------------------------------------------------------------------------------------


def test_a_first_order_gets_the_series_and_a_later_one_the_review() -> None:
    recording = [ordered(0 * HOUR), ordered(50 * DAY, order="o2"), the_end(100 * DAY)]
    first, second = run(*recording, journey=PostPurchase)

    assert mails(first) == [
        ("post_purchase/confirmation", 0 * HOUR),
        ("post_purchase/usage_guide", 3 * DAY),
        ("post_purchase/complementary", 7 * DAY),
        ("post_purchase/review_request", 14 * DAY),
        ("post_purchase/loyalty", 30 * DAY),
    ]
    assert mails(second) == [("post_purchase/confirmation", 50 * DAY), ("post_purchase/review_request", 64 * DAY)]


def test_an_order_reported_twice_is_confirmed_once() -> None:
    assert len(run(ordered(0 * HOUR), ordered(1 * HOUR), the_end(DAY), journey=PostPurchase)) == 1


def test_owed_mail_needs_neither_consent_nor_free_hours() -> None:
    refused = identified(0 * HOUR, email="anna@shop.example", consent=False)
    course = only(refused, ordered(14 * HOUR), the_end(DAY), journey=PostPurchase, strict=True)  # 23:00

    assert mails(course) == [("post_purchase/confirmation", 14 * HOUR)]


def test_another_orders_refund_does_not_end_the_follow_up() -> None:
    other = event(1 * DAY, "Order Refunded", order_id="o9")
    own = event(4 * DAY, "Order Refunded", order_id="o1")
    course = only(ordered(0 * HOUR), other, own, the_end(40 * DAY), journey=PostPurchase)

    assert ending(course) == ("exited", "order refunded", 4 * DAY)
    assert [template for template, _ in mails(course)] == ["post_purchase/confirmation", "post_purchase/usage_guide"]


# -- other verbs -----------------------------------------------------------------------------------------------------


def _plan(name: str, **fields: Any) -> Plan:
    values: dict[str, Any] = {
        "trigger": On("Product Added"),
        "goal": "Order Completed",
        "topic": "tests",
        "owner": "tests",
    }
    return Plan(name=name, **(values | fields))


def _reminding(name: str) -> type[Journey]:
    class Reminding(Journey):
        plan = _plan(name, reentry=timedelta(days=1))

        async def steps(self) -> None:
            await self.wait(HOUR)
            await self.send("cart/reminder")

    return Reminding


class Asking(Journey):
    plan = _plan("asking")

    async def steps(self) -> None:
        await self.wait(2 * HOUR)
        intent = await self.score()
        offer = await self.offer()
        told = [str(await self.fact(HAS_CART)), str(await self.fact(BOUGHT_SINCE)), intent.tier.value, offer.kind.value]
        told.append(await self.variant("subject", ("short", "long")))
        told.append(str(await self.since("a-change")))
        await self.send(f"asked/{'-'.join(told)}")


def test_questions_are_answered_by_what_was_known_then() -> None:
    rules = Rules(offers=OfferPolicy(free_shipping_over=40))
    recording = [added(0 * HOUR), event(90 * MINUTE, "Product Removed", product_id="lamp"), the_end(DAY)]
    [full] = simulate(Asking, History([recording[0], recording[2]]), rules)
    [empty] = simulate(Asking, History(recording), rules)

    assert full.mails[0].step == "True-False-medium-free shipping-long-True"
    assert empty.mails[0].step == "False-False-medium-nothing-long-True"


class PerProduct(Journey):
    plan = _plan("per-product", one_per="product_id")

    async def steps(self) -> None:
        await self.wait(HOUR)
        await self.send("cart/reminder", stage=Stage.CONSIDERATION)


def test_two_open_enrollments_share_the_caps() -> None:
    lamp, desk = run(added(0 * HOUR), added(30 * MINUTE, product="desk"), the_end(10 * DAY), journey=PerProduct)

    assert mails(lamp) == [("cart/reminder", 1 * HOUR)]
    assert mails(desk) == [("cart/reminder", 25 * HOUR)]  # due at 90 minutes; one marketing mail in 24 hours


def test_two_mails_that_wait_for_the_same_morning_do_not_go_together() -> None:
    night = 13 * HOUR  # 22:00
    lamp, desk = run(added(night), added(night + 2 * HOUR, product="desk"), the_end(10 * DAY), journey=PerProduct)

    assert mails(lamp) == [("cart/reminder", 23 * HOUR)]  # 08:00
    assert mails(desk) == [("cart/reminder", 47 * HOUR)]
    assert desk.mails[0].held == ("quiet hours", "1 mail in 24 h")


def test_what_is_owed_goes_although_the_journey_has_ended() -> None:
    class OwedFirst(Journey):
        plan = _plan("owed-first")

        async def steps(self) -> None:
            await self.wait(HOUR)
            await self.send("post_purchase/confirmation", kind=Kind.TRANSACTIONAL)
            await self.send("cart/reminder")

    course = only(added(0 * HOUR), ordered(10 * MINUTE), the_end(DAY), journey=OwedFirst)

    assert mails(course) == [("post_purchase/confirmation", 10 * MINUTE)]
    assert ending(course) == ("converted", "order completed", 10 * MINUTE)


class Endless(Journey):
    plan = _plan("endless")

    async def steps(self) -> None:
        while True:
            await self.reaction(Click, Revisit, within=DAY)


class Spinning(Journey):
    plan = _plan("spinning")

    async def steps(self) -> None:
        while True:
            await self.fact(HAS_CART)


class Broken(Journey):
    plan = _plan("broken")

    async def steps(self) -> None:
        await self.nudge()  # type: ignore[attr-defined]


def test_a_journey_without_an_end_is_left_open_a_year_after_the_recording() -> None:
    course = only(added(0 * HOUR), the_end(DAY), journey=Endless)

    assert (course.outcome, course.ended_at, course.result) == (None, None, "open at the end")


def test_code_that_fails_or_spins_is_named() -> None:
    with pytest.raises(JourneyError, match=r"broken fails for customer anna: AttributeError: .*nudge"):
        run(added(0 * HOUR), journey=Broken)
    with pytest.raises(JourneyError, match="spinning asks 10000 things in one enrollment"):
        run(added(0 * HOUR), journey=Spinning)


# -- properties ------------------------------------------------------------------------------------------------------

NAMES = ("Product Added", "Product Removed", "Order Completed", "Product Viewed", "Email Link Clicked", "Unsubscribed")
moments = st.integers(0, 60 * 24 * 9).map(lambda minutes: minutes * MINUTE)
happenings = st.lists(st.tuples(moments, st.sampled_from(NAMES), st.sampled_from("ab")), max_size=25)


def _recording(happened: list[tuple[timedelta, str, str]]) -> list[Event]:
    return [
        event(after, name, customer, product_id="lamp", order_id=f"o{number}", message_id=f"e{number}")
        for number, (after, name, customer) in enumerate(happened)
    ]


@given(happenings)
def test_the_same_recording_says_the_same_in_any_order_of_lines(happened: list[tuple[timedelta, str, str]]) -> None:
    distinct = [*{after: (after, name, customer) for after, name, customer in happened}.values()]
    events = _recording(distinct)

    assert run(*events) == run(*events) == run(*reversed(events))


@given(happenings)
def test_no_mail_goes_after_the_purchase_and_none_too_early(happened: list[tuple[timedelta, str, str]]) -> None:
    events = _recording(happened)
    for course in run(*events):
        orders = [
            each.occurred_at
            for each in events
            if each.name == "Order Completed" and each.user_id == course.customer and each.occurred_at > course.began_at
        ]
        for mail in course.mails:
            assert mail.at >= course.began_at + HOUR
            assert not [order for order in orders if order <= mail.at]
            assert 8 <= mail.at.hour < 21


@given(happenings)
def test_enrollments_of_one_customer_never_overlap(happened: list[tuple[timedelta, str, str]]) -> None:
    by_customer: dict[str, list[Course]] = {}
    for course in run(*_recording(happened)):
        by_customer.setdefault(course.customer, []).append(course)
    for courses in by_customer.values():
        for earlier, later in pairwise(courses):
            assert earlier.ended_at is not None
            assert earlier.ended_at <= later.began_at


def _not_sent(course: Course) -> list[str]:
    assert course.mails == () or course.mails[-1].at < course.unsent[0].at
    return [each.why for each in course.unsent]


# -- mailboxes, and who reports ----------------------------------------------------------------------------------------

BOTH = "both@shop.example"


def of_each(courses: tuple[Course, ...]) -> dict[str, list[tuple[str, timedelta]]]:
    return {course.customer: mails(course) for course in courses}


def test_two_who_share_a_mailbox_get_what_one_may() -> None:
    known = [identified(0 * HOUR, who, email=BOTH, consent=True) for who in ("anna", "ben")]
    carts = [added(1 * MINUTE), added(31 * MINUTE, "ben")]
    together = of_each(run(*known, *carts, the_end(4 * DAY), strict=True))
    assert together["anna"][0] == ("cart/reminder", 1 * HOUR + MINUTE)
    assert ("cart/reminder", 1 * HOUR + 31 * MINUTE) not in together["ben"], "the daily cap is the mailbox's"
    sent = sorted(at for each in together.values() for _, at in each)
    assert all(later - earlier >= DAY for earlier, later in pairwise(sent))


def test_a_refusal_holds_for_the_mailbox_that_it_was_said_in() -> None:
    known = [identified(0 * HOUR, who, email=BOTH, consent=True) for who in ("anna", "ben", "cleo")]
    moved = identified(5 * MINUTE, "cleo", email="cleo@shop.example")
    left = event(10 * MINUTE, "Unsubscribed", "anna")
    carts = [added(20 * MINUTE, who) for who in ("ben", "cleo")]
    courses = of_each(run(*known, moved, left, *carts, the_end(4 * DAY), strict=True))
    assert courses["ben"] == []
    assert courses["cleo"][0] == ("cart/reminder", 1 * HOUR + 20 * MINUTE), "she has another mailbox by then"


@pytest.mark.parametrize(
    ("said", "goes"),
    [(12 * MINUTE, [15 * MINUTE]), (-5 * MINUTE, [0 * MINUTE]), (61 * MINUTE, []), (None, [])],
    ids=["in time", "before", "too late", "never"],
)
def test_owed_mail_waits_for_a_backends_word(said: timedelta | None, goes: list[timedelta]) -> None:
    by_page = event(1 * HOUR, "Order Completed", order_id="o1", revenue=49, message_id="browser:m-1")
    told = [] if said is None else [ordered(1 * HOUR + said)]
    courses = run(by_page, *told, the_end(1 * DAY), journey=PostPurchase)
    sent = [at for course in courses for template, at in mails(course) if template == "post_purchase/confirmation"]
    assert [at - 1 * HOUR for at in sent] == ([said] if said is not None and said < timedelta() else goes)
