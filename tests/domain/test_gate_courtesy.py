"""The gate's rules that are about courtesy: cool-downs, lanes, sessions, the customer's own wish and best hour."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.civil import QuietHours
from domain.gate import RULES, Ask, Caps, CoolDowns, GateFacts, GatePolicy, PastMessage, Rival, decide
from domain.lane import Lane, Place, Yields
from domain.message import Kind, Stage, Verdict
from domain.windows import SendWindow, Weekday
from tests.domain.questions import HOUR, NEVER_QUIET, NOON, ask, facts, moments, zones

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
OPEN = GatePolicy(quiet=NEVER_QUIET, caps=Caps(per_day=5, per_48h=9, per_stage=9))
BROWSE = Place(journey="browse", lane=Lane.PROMOTION, priority=50)
OWN, OTHER = "browse", "cart-recovery"


def past(hours: float, journey: str = OWN, *, incentive: bool = False) -> PastMessage:
    at = NOON - timedelta(hours=hours)
    return PastMessage(sent_or_claimed_at=at, stage=Stage.AWARENESS, journey=journey, incentive=incentive)


class TestIncentive:
    @pytest.mark.parametrize("journey", [OWN, OTHER])
    @pytest.mark.parametrize("urgent", [False, True])
    def test_no_marketing_for_a_day_after_an_offer(self, journey: str, urgent: bool) -> None:
        decision = decide(ask(urgent=urgent), facts(recent=(past(5, journey, incentive=True),)), OPEN)
        assert (decision.rule, decision.until) == ("incentive", NOON + 19 * HOUR)
        assert decision.reason == "an offer went out just before: waits until 2026-03-05 07:00 UTC"

    def test_a_day_later_it_goes(self) -> None:
        assert decide(ask(), facts(recent=(past(24, incentive=True),)), OPEN).verdict is Verdict.SEND

    def test_a_mail_without_an_offer_does_not_count(self) -> None:
        assert decide(ask(), facts(recent=(past(5),)), OPEN).verdict is Verdict.SEND

    def test_what_is_owed_goes(self) -> None:
        owed = ask(kind=Kind.TRANSACTIONAL)
        assert decide(owed, facts(recent=(past(5, incentive=True),)), OPEN).verdict is Verdict.SEND


class TestSilence:
    @pytest.mark.parametrize(
        ("recent", "seen", "hours"),
        [
            ((past(10, OTHER),), 11, 38),  # 48 h after it
            ((past(10, OTHER),), 9, None),  # seen since
            ((past(10, OTHER),), None, None),  # not known
            ((past(10, OWN),), 11, None),  # a journey's own sequence is its author's business
            ((past(10, OTHER), past(34, OTHER)), 40, 62),  # two in a row: 72 h after the last
            ((past(10, OTHER), past(34, OTHER)), 20, 38),  # seen between them
            ((past(10, OTHER), past(34, OWN)), 40, 62),  # whoever sent the first
            ((past(48, OTHER),), 50, None),
        ],
    )
    def test_another_journey_waits_while_the_customer_does_not_answer(
        self, recent: tuple[PastMessage, ...], seen: float | None, hours: float | None
    ) -> None:
        last_seen = None if seen is None else NOON - timedelta(hours=seen)
        decision = decide(ask(place=BROWSE), facts(recent=recent, last_seen_at=last_seen), OPEN)
        assert decision.until == (None if hours is None else NOON + timedelta(hours=hours))
        assert decision.rule == ("" if hours is None else "silence")

    @pytest.mark.parametrize(
        ("stale_after", "until"),
        [
            (40 * HOUR, NOON + 38 * HOUR),  # fresh when the cool-down is over
            (36 * HOUR, NOON + 6 * HOUR),  # only fresh if the customer answers before
            (3 * HOUR, NOON + 3 * HOUR),  # asked a last time
            (timedelta(), None),
        ],
    )
    def test_an_answer_may_come_before_the_mail_is_stale(self, stale_after: timedelta, until: datetime | None) -> None:
        known = facts(recent=(past(10, OTHER),), last_seen_at=NOON - 11 * HOUR)
        decision = decide(ask(place=BROWSE, stale_after=stale_after), known, OPEN)
        assert decision.until == until
        assert decision.rule == ("silence" if until else "staleness")

    def test_an_ask_of_before_there_were_lanes_is_let_through(self) -> None:
        known = facts(recent=(past(10, OTHER),), last_seen_at=NOON - 11 * HOUR)
        assert decide(ask(), known, OPEN).verdict is Verdict.SEND

    def test_all_cool_downs_can_be_switched_off(self) -> None:
        none = CoolDowns(incentive=timedelta(), unanswered=timedelta(), ignored=timedelta())
        policy = OPEN.model_copy(update={"cool_downs": none})
        known = facts(recent=(past(1, OTHER, incentive=True),), last_seen_at=NOON - DAY)
        assert decide(ask(place=BROWSE), known, policy).verdict is Verdict.SEND


class TestLanes:
    CART = Rival(journey=OTHER, lane=Lane.PROMOTION, priority=90)

    @pytest.mark.parametrize(
        ("rival", "waits"),
        [
            (CART, True),
            (CART.model_copy(update={"priority": 50}), False),  # equals do not wait for each other
            (CART.model_copy(update={"priority": 10}), False),
            (CART.model_copy(update={"lane": Lane.SERVICE}), False),
            (CART.model_copy(update={"journey": OWN}), False),  # another enrollment of the same journey
        ],
    )
    def test_the_weaker_waits_for_the_stronger_of_its_lane(self, rival: Rival, waits: bool) -> None:
        decision = decide(ask(place=BROWSE), facts(rivals=(rival,)), OPEN)
        assert decision.verdict is (Verdict.DEFER if waits else Verdict.SEND)
        if waits:
            assert decision.reason == "cart-recovery goes first: waits until 2026-03-04 18:00 UTC"
            assert (decision.rule, decision.until) == ("lane", NOON + 6 * HOUR)

    def test_it_ends_where_its_plan_says_so(self) -> None:
        place = BROWSE.model_copy(update={"yields": Yields.END})
        decision = decide(ask(place=place), facts(rivals=(self.CART,)), OPEN)
        assert (decision.verdict, decision.reason, decision.gives_way_to) == (
            Verdict.DROP,
            "gives way to cart-recovery",
            OTHER,
        )

    @pytest.mark.parametrize(
        ("stale_after", "until"),
        [
            (36 * HOUR, NOON + 6 * HOUR),
            (12 * HOUR, NOON + 6 * HOUR),  # at 18:00 the night is three hours away
            (None, NOON + 6 * HOUR),
        ],
    )
    def test_it_asks_again_now_and_then(self, stale_after: timedelta | None, until: datetime) -> None:
        decision = decide(ask(place=BROWSE, stale_after=stale_after), facts(rivals=(self.CART,)), GatePolicy())
        assert (decision.rule, decision.until) == ("lane", until)

    def test_no_allowed_hour_is_given_up_because_the_next_asking_would_fall_into_the_night(self) -> None:
        """Quiet from 21:00, stale at 23:00: asked at 17:30, again six hours later would be too late."""
        evening = NOON + 5.5 * HOUR
        wanted, known = ask(place=BROWSE, stale_after=11 * HOUR), facts(rivals=(self.CART,))
        asked = [evening]
        while True:
            decision = decide(wanted, known.model_copy(update={"now": asked[-1]}), GatePolicy())
            if decision.until is None:
                break
            asked.append(decision.until)
        assert [f"{at:%H:%M}" for at in asked] == ["17:30", "20:15", "20:56"]
        assert decision.reason == (
            "too late to make sense: cart-recovery goes first, then quiet hours, first possible 2026-03-05 08:00 UTC"
        )

    def test_an_urgent_answer_waits_too(self) -> None:
        assert decide(ask(place=BROWSE, urgent=True), facts(rivals=(self.CART,)), OPEN).verdict is Verdict.DEFER

    def test_what_is_owed_goes(self) -> None:
        owed = ask(place=BROWSE.model_copy(update={"yields": Yields.END}), kind=Kind.TRANSACTIONAL)
        assert decide(owed, facts(rivals=(self.CART,)), OPEN).verdict is Verdict.SEND

    @pytest.mark.parametrize(
        ("due", "until"),
        [
            (NOON - 30 * HOUR, NOON + 6 * HOUR),  # exactly the last fresh moment
            (NOON - 33 * HOUR, NOON + 3 * HOUR),  # asked a last time when it is just fresh enough
            (NOON - 36 * HOUR, None),
        ],
    )
    def test_it_waits_at_most_until_it_is_stale(self, due: datetime, until: datetime | None) -> None:
        stale = ask(place=BROWSE, due_at=due, stale_after=36 * HOUR)
        decision = decide(stale, facts(rivals=(self.CART,)), OPEN)
        assert decision.until == until
        if until is None:
            assert (decision.verdict, decision.rule) == (Verdict.DROP, "staleness")
            assert decision.reason.startswith("too late to make sense: cart-recovery goes first, first possible")


class TestSession:
    @pytest.mark.parametrize(
        ("ago", "until"),
        [(0, 5), (4, 1), (5, None), (60, None), (-30, 5)],  # a clock that runs ahead: nobody is seen in the future
    )
    def test_nobody_is_mailed_in_the_shop(self, ago: int, until: int | None) -> None:
        decision = decide(ask(), facts(last_seen_at=NOON - ago * MINUTE), OPEN)
        assert decision.until == (None if until is None else NOON + until * MINUTE)
        assert decision.rule == ("" if until is None else "in session")

    @pytest.mark.parametrize("fields", [{"urgent": True}, {"kind": Kind.TRANSACTIONAL}])
    def test_answers_and_what_is_owed_go(self, fields: dict[str, Any]) -> None:
        assert decide(ask(**fields), facts(last_seen_at=NOON), OPEN).verdict is Verdict.SEND

    def test_it_can_be_switched_off(self) -> None:
        policy = OPEN.model_copy(update={"in_session": timedelta()})
        assert decide(ask(), facts(last_seen_at=NOON), policy).verdict is Verdict.SEND


class TestOwnCaps:
    def test_whoever_asked_for_less_gets_less(self) -> None:
        known = facts(recent=(past(24),), at_most_every=timedelta(days=7))
        decision = decide(ask(urgent=True), known, OPEN)
        assert (decision.rule, decision.until) == ("own wish", NOON + timedelta(days=6))
        assert decision.reason == "asked for 1 mail in 7 days: waits until 2026-03-10 12:00 UTC"

    def test_a_segment_may_have_caps_of_its_own(self) -> None:
        policy = GatePolicy(quiet=NEVER_QUIET, segment_caps={"vip": Caps(per_day=2)})
        assert decide(ask(), facts(recent=(past(1),), segment="vip"), policy).verdict is Verdict.SEND
        assert decide(ask(), facts(recent=(past(1),), segment="new"), policy).verdict is Verdict.DEFER
        assert decide(ask(), facts(recent=(past(1),)), policy).verdict is Verdict.DEFER


class TestPause:
    @pytest.mark.parametrize("urgent", [False, True])
    def test_marketing_waits_until_it_is_over(self, urgent: bool) -> None:
        decision = decide(ask(urgent=urgent), facts(paused_until=NOON + 30 * DAY), OPEN)
        assert (decision.rule, decision.until) == ("pause", NOON + 30 * DAY)
        assert decision.reason == "asked for a pause: waits until 2026-04-03 12:00 UTC"

    def test_what_would_be_too_late_by_then_never_goes(self) -> None:
        decision = decide(ask(stale_after=DAY), facts(paused_until=NOON + 30 * DAY), OPEN)
        assert (decision.verdict, decision.rule) == (Verdict.DROP, "staleness")

    def test_it_ends_by_itself_and_holds_nothing_back_that_is_owed(self) -> None:
        assert decide(ask(), facts(paused_until=NOON), OPEN).verdict is Verdict.SEND
        owed = ask(kind=Kind.TRANSACTIONAL)
        assert decide(owed, facts(paused_until=NOON + DAY), OPEN).verdict is Verdict.SEND


def test_whoever_is_reported_as_wanting_nothing_gets_what_is_owed_alone() -> None:
    decision = decide(ask(), facts(wants_none=True), OPEN)
    assert (decision.verdict, decision.rule) == (Verdict.DROP, "opt-out")
    assert decision.reason == "reported as wanting no marketing"
    assert decide(ask(kind=Kind.TRANSACTIONAL), facts(wants_none=True), OPEN).verdict is Verdict.SEND


class TestBestHour:
    def test_a_mail_waits_for_it(self) -> None:
        decision = decide(ask(), facts(best_hour=17), OPEN)
        assert (decision.rule, decision.until) == ("best hour", NOON + 5 * HOUR)
        assert decision.reason == "the customer's best hour: waits until 2026-03-04 17:00 UTC"

    @pytest.mark.parametrize(
        "fields",
        [
            {"best_hour": 12},  # it is that hour
            {"best_hour": 19},  # seven hours away
            {"best_hour": 11},
            {"best_hour": None},
        ],
    )
    def test_not_when_it_is_now_or_far_away(self, fields: dict[str, Any]) -> None:
        assert decide(ask(), facts(**fields), OPEN).verdict is Verdict.SEND

    def test_not_when_the_mail_is_urgent_or_would_be_stale(self) -> None:
        assert decide(ask(urgent=True), facts(best_hour=17), OPEN).verdict is Verdict.SEND
        assert decide(ask(stale_after=4 * HOUR), facts(best_hour=17), OPEN).verdict is Verdict.SEND

    def test_it_is_the_customers_own_hour(self) -> None:
        # 12:00 UTC is 21:00 in Tokyo.
        assert decide(ask(), facts(best_hour=23, zone="Asia/Tokyo"), OPEN).until == NOON + 2 * HOUR

    def test_after_the_other_rules_and_never_in_the_quiet_hours(self) -> None:
        capped = GatePolicy()
        decision = decide(ask(), facts(recent=(past(20),), best_hour=18), capped)
        assert decision.until == NOON + 6 * HOUR
        assert decision.reason == "1 mail in 24 h, then the customer's best hour: waits until 2026-03-04 18:00 UTC"
        late = facts(now=NOON.replace(hour=20), best_hour=22)
        assert decide(ask(), late, capped).verdict is Verdict.SEND

    def test_not_outside_the_send_windows(self) -> None:
        office = GatePolicy(windows=(SendWindow(start=time(9), end=time(16)),))
        assert decide(ask(), facts(best_hour=17), office).verdict is Verdict.SEND


WINDOWS = st.sampled_from(
    [
        (),
        (SendWindow(days=frozenset(Weekday) - {Weekday.SUNDAY}, start=time(9), end=time(18)),),
        (SendWindow(days=frozenset({Weekday.TUESDAY}), start=time(10)), SendWindow(days=frozenset({Weekday.FRIDAY}))),
    ]
)
policies = st.builds(GatePolicy, windows=WINDOWS, quiet=st.sampled_from([QuietHours(), NEVER_QUIET]))


@st.composite
def questions(draw: st.DrawFn) -> tuple[Ask, GateFacts]:
    now = draw(moments)
    mails = st.builds(
        PastMessage,
        sent_or_claimed_at=st.timedeltas(timedelta(), timedelta(days=9)).map(lambda ago: now - ago),
        stage=st.sampled_from(Stage),
        journey=st.sampled_from([OWN, OTHER]),
        incentive=st.booleans(),
    )
    question = ask(
        urgent=draw(st.booleans()),
        due_at=now - draw(st.timedeltas(timedelta(), timedelta(days=2))),
        stale_after=draw(st.none() | st.timedeltas(timedelta(), timedelta(days=20))),
        place=BROWSE,
    )
    known = facts(
        now=now,
        zone=draw(zones),
        recent=tuple(draw(st.lists(mails, max_size=5))),
        last_seen_at=draw(st.none() | st.timedeltas(timedelta(), timedelta(days=5)).map(lambda ago: now - ago)),
        best_hour=draw(st.none() | st.integers(0, 23)),
        at_most_every=draw(st.sampled_from([None, timedelta(days=7)])),
        paused_until=draw(st.none() | st.timedeltas(timedelta(days=-5), timedelta(days=30)).map(lambda on: now + on)),
    )
    return question, known


def breaks(question: Ask, known: GateFacts) -> list[str]:
    """Which rules a send at `known.now` would break; written apart from the code under test, and windows left out."""
    now, seen = known.now, known.last_seen_at
    unanswered = [mail for mail in known.recent if seen is not None and mail.sent_or_claimed_at > seen]
    patience = timedelta(hours=72 if len(unanswered) > 1 else 48)
    broken = {
        "in session": seen is not None and not question.urgent and now - seen < 5 * MINUTE,
        "incentive": any(mail.incentive and now - mail.sent_or_claimed_at < DAY for mail in known.recent),
        "silence": any(now - each.sent_or_claimed_at < patience for each in unanswered if each.journey == OTHER),
        "own wish": known.at_most_every is not None
        and any(now - mail.sent_or_claimed_at < known.at_most_every for mail in known.recent),
        "pause": known.paused_until is not None and now < known.paused_until,
    }
    return [rule for rule, is_broken in broken.items() if is_broken]


@given(questions(), policies)
@settings(max_examples=300, deadline=None)
def test_a_send_breaks_no_rule_and_a_deferral_ends_in_one(question: tuple[Ask, GateFacts], policy: GatePolicy) -> None:
    wanted, known = question
    decision = decide(wanted, known, policy)
    assert decision.rule in {"", *RULES}
    assert bool(decision.rule) == (decision.verdict is not Verdict.SEND)
    if decision.verdict is Verdict.SEND:
        assert not breaks(wanted, known)
    if decision.until is not None:
        assert decision.until > known.now
        assert wanted.fresh_until is None or decision.until <= wanted.fresh_until
        then = known.model_copy(update={"now": decision.until})
        if breaks(wanted, then) == ["silence"]:  # asks now and then: the customer may answer before it is stale
            assert decision.until <= known.now + timedelta(days=7)
            return
        assert not breaks(wanted, then)
        assert decide(wanted, then, policy).verdict is Verdict.SEND
    if decision.verdict is Verdict.DROP:
        assert decision.rule == "staleness"


@given(moments, zones, policies, st.timedeltas(timedelta(), timedelta(days=3)))
@settings(max_examples=150, deadline=None)
def test_a_mail_that_waits_for_another_journey_is_not_given_up_while_it_may_still_go(
    now: datetime, zone: str | None, policy: GatePolicy, fresh: timedelta
) -> None:
    wanted = ask(place=BROWSE, due_at=now, stale_after=fresh)
    known = facts(now=now, zone=zone, rivals=(TestLanes.CART,))
    if decide(wanted, known, policy).verdict is Verdict.DROP:
        alone = known.model_copy(update={"rivals": ()})
        quarters = range(1, 1 + fresh // (15 * MINUTE))
        later = (alone.model_copy(update={"now": now + each * 15 * MINUTE}) for each in quarters)
        assert not any(decide(wanted, each, policy).verdict is Verdict.SEND for each in later)
