"""The gate's rules, their order, and what must hold whatever the facts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.civil import QuietHours, zone_or_default
from domain.gate import Ask, Caps, ConsentRule, GateFacts, GatePolicy, PastMessage, Rival, decide
from domain.lane import Lane, Place, Yields
from domain.message import Decision, Kind, Stage, Verdict
from tests.domain.questions import HOUR, NEVER_QUIET, NOON, ask, facts, moments, zones

POLICY = GatePolicy(quiet=NEVER_QUIET)
AT_NIGHT = GatePolicy()
CART = Rival(journey="cart-recovery", lane=Lane.PROMOTION, priority=90)
WEAK = Place(journey="browse", lane=Lane.PROMOTION, priority=50, yields=Yields.END)


def sent(*ago: timedelta, stage: Stage = Stage.PURCHASE) -> tuple[PastMessage, ...]:
    return tuple(PastMessage(sent_or_claimed_at=NOON - each, stage=stage) for each in ago)


def hours_ago(*hours: float) -> tuple[PastMessage, ...]:
    return sent(*(timedelta(hours=each) for each in hours))


def of_another_stage(*hours: float) -> tuple[PastMessage, ...]:
    return sent(*(timedelta(hours=each) for each in hours), stage=Stage.AWARENESS)


class TestObjections:
    # In the documented order. Each row breaks its own rule and every later one, so a swap of two rows shows.
    BROKEN: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("closed", {"closed": "cancelled"}, "its enrollment was ended: cancelled"),
        (
            "exit event",
            {"ended_by": "Order Completed"},
            "Order Completed has ended the journey: nothing goes after it",
        ),
        ("address", {"has_address": False}, "no email address is known"),
        ("suppression", {"suppression": "hard bounce"}, "suppressed: hard bounce"),
        ("opt-out", {"opted_out": True}, "unsubscribed from this topic or from all marketing"),
        (
            "consent",
            {"consent": None},
            "no consent on record: report it for the customer, or set the consent rule to 'assumed'",
        ),
        ("lane", {"rivals": (CART,)}, "gives way to cart-recovery"),
    )

    @pytest.mark.parametrize("first", range(len(BROKEN)))
    def test_first_one_decides(self, first: int) -> None:
        fields = {key: value for _, broken, _ in self.BROKEN[first:] for key, value in broken.items()}
        decision = decide(ask(place=WEAK), facts(**fields), POLICY)
        rule, _, reason = self.BROKEN[first]
        assert (decision.verdict, decision.rule, decision.reason) == (Verdict.DROP, rule, reason)
        assert decision.ended_by == fields.get("ended_by")
        assert decision.gives_way_to == ("cart-recovery" if rule == "lane" else None)

    @pytest.mark.parametrize(
        ("fields", "verdict"),
        [
            ({"closed": "cancelled"}, Verdict.DROP),
            ({"ended_by": "Order Completed"}, Verdict.DROP),
            ({"has_address": False}, Verdict.DEFER),
            ({"unconfirmed": True}, Verdict.DEFER),
            ({"has_address": False, "suppression": "complaint"}, Verdict.DROP),
            ({"suppression": "complaint"}, Verdict.DROP),
            ({"opted_out": True}, Verdict.SEND),
            ({"consent": None}, Verdict.SEND),
            ({"consent": False}, Verdict.SEND),
            ({"recent": hours_ago(1, 2, 3)}, Verdict.SEND),
            ({"now": NOON.replace(hour=23)}, Verdict.SEND),
        ],
    )
    def test_transactional_mail_meets_only_the_first_five(self, fields: dict[str, Any], verdict: Verdict) -> None:
        question = ask(kind=Kind.TRANSACTIONAL, stale_after=timedelta())
        assert decide(question, facts(**fields), AT_NIGHT).verdict is verdict

    @pytest.mark.parametrize(
        ("consent", "rule", "verdict"),
        [
            (True, ConsentRule.RECORDED, Verdict.SEND),
            (None, ConsentRule.RECORDED, Verdict.DROP),
            (False, ConsentRule.RECORDED, Verdict.DROP),
            (True, ConsentRule.ASSUMED, Verdict.SEND),
            (None, ConsentRule.ASSUMED, Verdict.SEND),
            (False, ConsentRule.ASSUMED, Verdict.DROP),  # a recorded no outlives any assumption
        ],
    )
    def test_consent(self, consent: bool | None, rule: ConsentRule, verdict: Verdict) -> None:
        policy = GatePolicy(quiet=NEVER_QUIET, consent=rule)
        assert decide(ask(), facts(consent=consent), policy).verdict is verdict


class TestOwed:
    """What is owed waits for what may still be told, an hour from when it was due."""

    @pytest.mark.parametrize(
        ("lacks", "rule", "reason"),
        [
            ({"has_address": False}, "address", "no email address is known"),
            ({"unconfirmed": True}, "backend", "only a page has reported it, and no backend"),
        ],
    )
    @pytest.mark.parametrize(
        ("waited", "until"), [(0, 5), (52, 57), (57, 60), (60, None), (600, None)], ids="{} minutes".format
    )
    def test_it_asks_again_for_an_hour(
        self, lacks: dict[str, Any], rule: str, reason: str, waited: int, until: int | None
    ) -> None:
        now = NOON + waited * HOUR / 60
        decision = decide(ask(kind=Kind.TRANSACTIONAL), facts(now=now, **lacks), AT_NIGHT)
        assert decision.rule == rule
        if until is None:
            assert (decision.verdict, decision.reason, decision.until) == (Verdict.DROP, reason, None)
        else:
            assert (decision.verdict, decision.until) == (Verdict.DEFER, NOON + until * HOUR / 60)
            assert decision.reason.startswith(f"{reason}: waits until ")

    def test_marketing_does_not(self) -> None:
        assert decide(ask(), facts(has_address=False), POLICY).verdict is Verdict.DROP
        assert decide(ask(), facts(unconfirmed=True), POLICY).verdict is Verdict.SEND

    def test_a_shop_may_trust_its_pages(self) -> None:
        policy = GatePolicy(quiet=NEVER_QUIET, pages_owe=True)
        assert decide(ask(kind=Kind.TRANSACTIONAL), facts(unconfirmed=True), policy).verdict is Verdict.SEND


class TestCaps:
    @pytest.mark.parametrize(
        ("recent", "until", "reason"),
        [
            # One a day: 24 h after the last.
            (hours_ago(1), NOON + 23 * HOUR, "1 mail in 24 h: waits until 2026-03-05 11:00 UTC"),
            (hours_ago(23.5), NOON + 0.5 * HOUR, "1 mail in 24 h: waits until 2026-03-04 12:30 UTC"),
            # Three in 48 h: 48 h after the third last, when that is later than the daily cap.
            (of_another_stage(24, 25, 26), NOON + 22 * HOUR, "3 mails in 48 h: waits until 2026-03-05 10:00 UTC"),
            (of_another_stage(1, 46, 47), NOON + 23 * HOUR, "1 mail in 24 h: waits until 2026-03-05 11:00 UTC"),
            # Three for the stage in 7 days: 7 days after the third last of that stage.
            (
                hours_ago(72, 96, 120),
                NOON + 48 * HOUR,
                "3 mails for purchase in 7 days: waits until 2026-03-06 12:00 UTC",
            ),
        ],
    )
    def test_defer_to_the_moment_the_last_of_them_opens(
        self, recent: tuple[PastMessage, ...], until: datetime, reason: str
    ) -> None:
        assert decide(ask(), facts(recent=recent), POLICY) == Decision(
            verdict=Verdict.DEFER, reason=reason, until=until, rule="caps"
        )

    @pytest.mark.parametrize("recent", [hours_ago(24), of_another_stage(24, 36, 48), hours_ago(60, 80, 168), ()])
    def test_windows_are_half_open(self, recent: tuple[PastMessage, ...]) -> None:
        assert decide(ask(), facts(recent=recent), POLICY).verdict is Verdict.SEND

    def test_a_moment_less_than_the_window_defers(self) -> None:
        recent = sent(timedelta(hours=24) - timedelta(microseconds=1))
        decision = decide(ask(), facts(recent=recent), POLICY)
        assert decision.until == NOON + timedelta(microseconds=1)

    def test_other_stages_do_not_count_for_the_stage(self) -> None:
        days = [timedelta(days=each) for each in (3, 4, 5)]
        assert decide(ask(), facts(recent=sent(*days, stage=Stage.AWARENESS)), POLICY).verdict is Verdict.SEND

    def test_urgent_waives_the_daily_cap_alone(self) -> None:
        urgent = ask(urgent=True)
        assert decide(urgent, facts(recent=hours_ago(1)), POLICY).verdict is Verdict.SEND
        assert decide(urgent, facts(recent=of_another_stage(1, 2, 3)), POLICY).until == NOON + 45 * HOUR
        assert decide(urgent, facts(recent=hours_ago(72, 96, 120)), POLICY).until == NOON + 48 * HOUR
        assert decide(urgent, facts(now=NOON.replace(hour=23)), AT_NIGHT).verdict is Verdict.DEFER

    def test_a_claim_ahead_of_this_clock_counts(self) -> None:
        assert decide(ask(), facts(recent=hours_ago(-1)), POLICY).until == NOON + 25 * HOUR

    def test_a_cap_below_one_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            Caps(per_day=0)

    def test_horizon_covers_the_longest_window(self) -> None:
        assert Caps().horizon == timedelta(days=7)
        assert Caps(stage_window=HOUR).horizon == timedelta(hours=48)


class TestQuietHours:
    def test_defer_to_the_morning_of_the_customers_zone(self) -> None:
        # 12:00 UTC is 21:00 in Tokyo; 08:00 there is 23:00 UTC.
        decision = decide(ask(), facts(zone="Asia/Tokyo"), AT_NIGHT)
        assert decision.until == NOON.replace(hour=23)
        assert decision.reason == "quiet hours: waits until 2026-03-04 23:00 UTC"

    def test_an_unknown_zone_takes_the_default(self) -> None:
        policy = GatePolicy(default_zone="Asia/Tokyo")
        assert decide(ask(), facts(zone="Mars/Olympus"), policy).until == NOON.replace(hour=23)
        with pytest.raises(ValidationError, match="IANA"):
            GatePolicy(default_zone="Mars/Olympus")

    def test_a_cap_that_opens_at_night_waits_for_the_morning(self) -> None:
        # Sent 14 h ago at 22:00: the cap opens at 22:00 today, which is quiet.
        decision = decide(ask(), facts(recent=hours_ago(14)), AT_NIGHT)
        assert decision.until == datetime(2026, 3, 5, 8, tzinfo=UTC)
        assert decision.reason == "1 mail in 24 h, then quiet hours: waits until 2026-03-05 08:00 UTC"

    def test_a_cap_that_opens_after_the_night_is_the_only_cause(self) -> None:
        at_night = facts(now=NOON.replace(hour=23), recent=hours_ago(1))
        assert decide(ask(), at_night, AT_NIGHT).reason == "1 mail in 24 h: waits until 2026-03-05 11:00 UTC"


class TestStaleness:
    def test_a_wait_within_the_limit_defers(self) -> None:
        assert decide(ask(stale_after=23 * HOUR), facts(recent=hours_ago(1)), POLICY).verdict is Verdict.DEFER

    def test_a_wait_beyond_the_limit_drops(self) -> None:
        decision = decide(ask(stale_after=22 * HOUR), facts(recent=hours_ago(1)), POLICY)
        reason = "too late to make sense: 1 mail in 24 h, first possible 2026-03-05 11:00 UTC"
        assert decision == Decision(verdict=Verdict.DROP, reason=reason, rule="staleness")

    def test_asked_too_late_drops(self) -> None:
        decision = decide(ask(due_at=NOON - 3 * HOUR, stale_after=2 * HOUR), facts(), POLICY)
        assert decision.verdict is Verdict.DROP
        assert decision.reason == "too late to make sense: asked late, first possible 2026-03-04 12:00 UTC"

    def test_the_limit_itself_is_in_time(self) -> None:
        assert decide(ask(due_at=NOON - HOUR, stale_after=HOUR), facts(), POLICY).verdict is Verdict.SEND

    def test_without_a_limit_nothing_is_too_late(self) -> None:
        assert decide(ask(due_at=NOON - timedelta(days=90)), facts(), POLICY).verdict is Verdict.SEND


stages = st.sampled_from(Stage)
policies = st.builds(
    GatePolicy,
    caps=st.builds(Caps, per_day=st.integers(1, 3), per_48h=st.integers(1, 5), per_stage=st.integers(1, 4)),
    quiet=st.builds(QuietHours, start=st.times(), end=st.times()),
    default_zone=st.sampled_from(["UTC", "America/New_York"]),
)


@st.composite
def questions(draw: st.DrawFn) -> tuple[Ask, GateFacts]:
    now = draw(moments)
    past = st.builds(
        PastMessage,
        sent_or_claimed_at=st.timedeltas(timedelta(), timedelta(days=9)).map(lambda ago: now - ago),
        stage=stages,
    )
    question = ask(
        stage=draw(stages),
        urgent=draw(st.booleans()),
        due_at=now - draw(st.timedeltas(timedelta(), timedelta(days=2))),
        stale_after=draw(st.none() | st.timedeltas(timedelta(), timedelta(days=20))),
    )
    return question, facts(now=now, zone=draw(zones), recent=tuple(draw(st.lists(past, max_size=8))))


def goes_wrong(question: Ask, known: GateFacts, policy: GatePolicy) -> list[str]:
    """What a send at `known.now` would break; written apart from the code under test."""
    caps, now = policy.caps, known.now
    wall = now.astimezone(zone_or_default(known.zone, policy.default_zone)).time()
    ages = [now - past.sent_or_claimed_at for past in known.recent]
    staged = [now - past.sent_or_claimed_at for past in known.recent if past.stage is question.stage]
    broken = {
        "quiet hours": policy.quiet.covers(wall),
        "per day": not question.urgent and sum(age < timedelta(days=1) for age in ages) >= caps.per_day,
        "per 48 h": sum(age < timedelta(days=2) for age in ages) >= caps.per_48h,
        "per stage": sum(age < caps.stage_window for age in staged) >= caps.per_stage,
        "stale": question.stale_after is not None and now > question.due_at + question.stale_after,
    }
    return [rule for rule, is_broken in broken.items() if is_broken]


class TestWhatMustHold:
    @given(questions(), policies)
    @settings(max_examples=400, deadline=None)
    def test_sends_exactly_when_no_rule_is_broken(self, question: tuple[Ask, GateFacts], policy: GatePolicy) -> None:
        decision = decide(*question, policy)
        assert (decision.verdict is Verdict.SEND) == (not goes_wrong(*question, policy))
        assert (decision.until is not None) == (decision.verdict is Verdict.DEFER)

    @given(questions(), policies)
    @settings(max_examples=400, deadline=None)
    def test_a_deferred_mail_goes_when_asked_again(self, question: tuple[Ask, GateFacts], policy: GatePolicy) -> None:
        wanted, known = question
        decision = decide(wanted, known, policy)
        if decision.until is None:
            return
        # The longest window, plus at most a day of quiet hours (and the hours by which clocks change).
        assert known.now < decision.until <= known.now + policy.caps.horizon + timedelta(hours=30)
        assert decide(wanted, known.model_copy(update={"now": decision.until}), policy).verdict is Verdict.SEND
        just_before = known.model_copy(update={"now": decision.until - timedelta(microseconds=1)})
        assert just_before.now <= known.now or goes_wrong(wanted, just_before, policy)

    @given(policies, st.lists(st.tuples(st.timedeltas(timedelta(), timedelta(days=1)), stages), max_size=25))
    @settings(max_examples=100, deadline=None)
    def test_no_stream_of_asks_gets_past_the_caps(
        self, policy: GatePolicy, asks: list[tuple[timedelta, Stage]]
    ) -> None:
        now, out = NOON, list[PastMessage]()
        for gap, stage in asks:
            now += gap
            decision = decide(ask(stage=stage), facts(now=now, recent=tuple(out)), policy)
            now = decision.until or now
            out.append(PastMessage(sent_or_claimed_at=now, stage=stage))

        every = [past.sent_or_claimed_at for past in out]
        assert_spaced(every, policy.caps.per_day, timedelta(days=1))
        assert_spaced(every, policy.caps.per_48h, timedelta(days=2))
        for stage in Stage:
            staged = [past.sent_or_claimed_at for past in out if past.stage is stage]
            assert_spaced(staged, policy.caps.per_stage, policy.caps.stage_window)


def assert_spaced(moments: list[datetime], limit: int, window: timedelta) -> None:
    """No half-open window holds more than `limit` of them."""
    assert all(late - early >= window for early, late in zip(moments, moments[limit:], strict=False))
