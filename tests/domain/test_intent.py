"""Intent: the anchors with their arithmetic, tiers with hysteresis, and what must hold for any behaviour."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.intent import DEFAULT_THRESHOLDS, HALF_LIFE, Action, Behaviour, Intent, Thresholds, Tier, score
from domain.message import Stage
from tests.domain.scores import (
    CART_VIEWED,
    HOMEPAGE,
    KEEN_LEFT_LONG,
    KEEN_LEFT_SHORT,
    LEFT_LONG,
    MINUTE,
    NOW,
    PRODUCT_VIEWER,
    behaviour,
    keen,
)

DAY = timedelta(days=1)


def score_now(seen: Behaviour) -> Intent:
    return score(seen, now=NOW)


class TestAnchors:
    @pytest.mark.parametrize(
        ("seen", "contributions", "expected", "tier"),
        [
            # 30 % time, 25 % depth, 25 % category, 20 % stage.
            # 0 + .25*80 + 0 + .2*70 = 34, floor of a viewed cart 60
            (CART_VIEWED, [0, 20, 0, 14], 60, Tier.HIGH),
            # 0 + .25*100 + 0 + .2*70 = 39, floor of a cart left in a long session 90
            (LEFT_LONG, [0, 25, 0, 14], 90, Tier.HIGH),
            # .3*100 + .25*100 + .25*100 + .2*70 = 94, above its floor of 90
            (KEEN_LEFT_LONG, [30, 25, 25, 14], 94, Tier.HIGH),
            # .3*10 + .25*40 + .25*100 + .2*70 = 52: a look around; no cart floor
            (KEEN_LEFT_SHORT, [3, 10, 25, 14], 52, Tier.MEDIUM),
            # 0 + .25*10 + 0 + .2*10 = 4.5
            (HOMEPAGE, [0, 2.5, 0, 2], 4, Tier.LOW),
            # .3*20 + .25*40 + .25*100 + .2*40 = 49
            (PRODUCT_VIEWER, [6, 10, 25, 8], 49, Tier.MEDIUM),
        ],
    )
    def test_are_reproduced(self, seen: Behaviour, contributions: list[float], expected: int, tier: Tier) -> None:
        intent = score_now(seen)
        assert [part.contribution for part in intent.parts] == contributions
        assert (intent.score, intent.tier) == (expected, tier)

    @pytest.mark.parametrize("seconds", [0, 10, 90, 300])
    def test_a_short_session_is_52_however_short(self, seconds: int) -> None:
        seen = keen(session=timedelta(seconds=seconds), cart_abandoned=True)
        assert score_now(seen).score == 52

    def test_a_second_more_than_five_minutes_is_long(self) -> None:
        assert score_now(keen(session=timedelta(seconds=301), cart_abandoned=True)).score == 94

    @pytest.mark.parametrize("deepest", [Action.NONE, Action.HOMEPAGE])
    @pytest.mark.parametrize("stage", Stage)
    def test_a_homepage_visitor_is_low_however_loyal(self, deepest: Action, stage: Stage) -> None:
        seen = behaviour(deepest=deepest, stage=stage, session=60 * MINUTE, category_focus=1)
        assert score_now(seen).tier is Tier.LOW

    @pytest.mark.parametrize("minutes", [0, 1, 5, 60])
    @pytest.mark.parametrize("focus", [0, 0.5, 1])
    @pytest.mark.parametrize("stage", Stage)
    def test_a_product_viewer_is_medium_however_long(self, minutes: int, focus: float, stage: Stage) -> None:
        seen = behaviour(deepest=Action.PRODUCT, time_on_products=minutes * MINUTE, category_focus=focus, stage=stage)
        assert score_now(seen).tier is Tier.MEDIUM

    @pytest.mark.parametrize("deepest", [action for action in Action if action >= Action.REPEATED_PRODUCT])
    def test_cart_checkout_and_repeated_visits_are_high(self, deepest: Action) -> None:
        assert score_now(behaviour(deepest=deepest)).tier is Tier.HIGH

    def test_a_category_viewer_is_low_and_one_who_bought_before_is_medium(self) -> None:
        seen = behaviour(deepest=Action.CATEGORY, category_focus=1)
        assert score_now(seen).tier is Tier.LOW  # 0 + 5 + 25 + 2 = 32
        assert score_now(seen.model_copy(update={"stage": Stage.RETENTION})).tier is Tier.MEDIUM  # 44

    @pytest.mark.parametrize("session", [timedelta(), 5 * MINUTE])
    def test_a_checkout_left_in_a_short_session_is_no_look_around(self, session: timedelta) -> None:
        assert score_now(behaviour(deepest=Action.CHECKOUT, cart_abandoned=True, session=session)).score == 75

    def test_a_dropped_cart_does_not_hide_repeated_visits(self) -> None:
        dropped = behaviour(deepest=Action.CART_ADDED, cart_abandoned=True, look=Action.REPEATED_PRODUCT)
        assert score_now(dropped).score == 60


class TestTables:
    @pytest.mark.parametrize(
        ("deepest", "contribution", "least", "most"),
        [
            # 25 % of the points; the scores with all other parts at none, and at their best (75 more)
            (Action.NONE, 0, 2, 34),
            (Action.MAIL_OPENED, 1.25, 3, 34),
            (Action.HOMEPAGE, 2.5, 4, 34),
            (Action.CATEGORY, 5, 7, 54),
            (Action.CONTENT, 5, 7, 54),
            (Action.CONTENT_TAKEN, 7.5, 20, 54),
            (Action.CONTENT_REPEATED, 10, 40, 54),
            (Action.PRODUCT, 10, 40, 54),
            (Action.PRICING, 12.5, 45, 54),
            (Action.WISHED, 15, 50, 54),
            (Action.REPEATED_PRODUCT, 17.5, 60, 92),
            (Action.REPEATED_PRICING, 17.5, 60, 92),
            (Action.CART_VIEWED, 20, 60, 95),
            (Action.CART_ADDED, 22.5, 60, 98),  # 97.5
            (Action.CHECKOUT, 25, 75, 100),
        ],
    )
    def test_each_action_has_its_points_and_bounds(
        self, deepest: Action, contribution: float, least: int, most: int
    ) -> None:
        best = {"time_on_products": 5 * MINUTE, "category_focus": 1, "stage": Stage.ADVOCACY}
        bare, full = score_now(behaviour(deepest=deepest)), score_now(behaviour(deepest=deepest, **best))
        assert bare.parts[1].contribution == contribution
        assert (bare.score, full.score) == (least, most)

    @pytest.mark.parametrize(
        ("stage", "contribution"),
        [
            (Stage.AWARENESS, 2),
            (Stage.CONSIDERATION, 8),
            (Stage.PURCHASE, 14),
            (Stage.RETENTION, 14),
            (Stage.ADVOCACY, 20),
        ],
    )
    def test_each_stage_has_its_points(self, stage: Stage, contribution: float) -> None:
        assert score_now(behaviour(stage=stage)).parts[3].contribution == contribution


class TestPersistence:
    """A deep session and many visits each add 5 points of depth, which is 1.25 of the score."""

    @pytest.mark.parametrize(
        ("fields", "points", "why"),
        [
            ({"session_steps": 7, "visits": 2}, 40, "product viewed"),
            ({"session_steps": 8}, 45, "product viewed, 8 steps in a session"),
            ({"visits": 3}, 45, "product viewed, 3 visits"),
            ({"session_steps": 9, "visits": 4}, 50, "product viewed, 9 steps in a session, 4 visits"),
        ],
    )
    def test_adds_to_the_depth(self, fields: dict[str, int], points: float, why: str) -> None:
        depth = score_now(behaviour(deepest=Action.PRODUCT, **fields)).parts[1]
        assert (depth.points, depth.why) == (points, why)

    def test_never_takes_an_action_out_of_its_bounds(self) -> None:
        often = {"session_steps": 99, "visits": 99, "category_focus": 1, "time_on_products": 60 * MINUTE}
        assert score_now(behaviour(deepest=Action.PRODUCT, **often)).tier is Tier.MEDIUM
        assert score_now(behaviour(deepest=Action.HOMEPAGE, **often)).tier is Tier.LOW
        assert score_now(behaviour(deepest=Action.CHECKOUT, **often)).parts[1].points == 100


class TestReasons:
    @pytest.mark.parametrize(
        ("seen", "why"),
        [
            (KEEN_LEFT_LONG, "94: product views over 5 min, cart left in a long session"),
            (KEEN_LEFT_SHORT, "52: product views over 5 min, cart left in a short session"),
            (keen(time_on_products=5 * MINUTE), "92: product views of 5 min, product added to the cart"),
            (CART_VIEWED, "60: cart viewed"),
            (PRODUCT_VIEWER, "49: product views of 1 min, product viewed"),
            (behaviour(deepest=Action.CART_VIEWED, last_activity_at=NOW - DAY), "54: cart viewed, 1 day ago"),
            (behaviour(last_activity_at=None), "2: nothing done lately"),
            (behaviour(deepest=Action.PRICING, time_on_prices=2 * MINUTE, visits=3),
             "45: views of products and prices of 2 min, prices viewed, 3 visits"),
            (keen(deepest=Action.CHECKOUT, session=9 * MINUTE, cart_abandoned=True, last_activity_at=NOW - 7 * DAY),
             "47: product views over 5 min, checkout left in a long session, 7 days ago"),
        ],
    )  # fmt: skip
    def test_why_is_one_line(self, seen: Behaviour, why: str) -> None:
        assert score_now(seen).why == why

    def test_parts_name_what_they_weigh(self) -> None:
        intent = score_now(KEEN_LEFT_LONG)
        assert [(part.name, part.weight) for part in intent.parts] == [
            ("time spent", 0.30),
            ("depth of action", 0.25),
            ("category relevance", 0.25),
            ("lifecycle stage", 0.20),
        ]
        assert [part.why for part in intent.parts] == [
            "product views over 5 min",
            "cart left in a long session",
            "100% of views in one category",
            "purchase stage",
        ]

    def test_explained_adds_the_parts_up(self) -> None:
        assert score_now(KEEN_LEFT_LONG).explained() == (
            ("time spent", "30 of 30, product views over 5 min"),
            ("depth of action", "25 of 25, cart left in a long session"),
            ("category relevance", "25 of 25, 100% of views in one category"),
            ("lifecycle stage", "14 of 20, purchase stage"),
            ("together", "94"),
            ("score", "94, high"),
        )

    def test_explained_says_where_the_sum_is_not_the_score(self) -> None:
        faded = score(CART_VIEWED, now=NOW + HALF_LIFE).explained()
        assert faded[-3:] == (
            ("together", "34; what was done counts at least 60"),
            ("faded", "50% is left since the last activity"),
            ("score", "30, low"),
        )
        roaming = behaviour(deepest=Action.HOMEPAGE, category_focus=1, stage=Stage.ADVOCACY)
        assert ("together", "47.5; what was done counts at most 34") in score_now(roaming).explained()

    def test_survives_the_wire(self) -> None:
        intent = score_now(KEEN_LEFT_LONG)
        assert Intent.model_validate_json(intent.model_dump_json()) == intent


class TestFading:
    def test_halves_with_each_half_life(self) -> None:
        scores = [score(KEEN_LEFT_LONG, now=NOW + weeks * HALF_LIFE).score for weeks in range(4)]
        assert scores == [94, 47, 24, 12]  # 23.5 and 11.75 rounded

    def test_an_activity_ahead_of_this_clock_counts_as_now(self) -> None:
        assert score(CART_VIEWED, now=NOW - DAY).score == 60

    def test_keeps_the_tier_of_an_action_for_most_of_a_day(self) -> None:
        assert score(CART_VIEWED, now=NOW + timedelta(hours=21)).tier is Tier.HIGH
        assert score(PRODUCT_VIEWER, now=NOW + timedelta(hours=21)).tier is Tier.MEDIUM


class TestTiers:
    def test_compare_by_rank_not_by_spelling(self) -> None:
        ordered = [Tier.LOW, Tier.MEDIUM, Tier.HIGH]
        assert sorted([Tier.HIGH, Tier.LOW, Tier.MEDIUM]) == ordered
        assert max(Tier) is Tier.HIGH
        assert [tier.rank for tier in ordered] == [0, 1, 2]
        for one, other in product(Tier, repeat=2):
            signs = (one < other, one <= other, one > other, one >= other)
            ranks = (one.rank, other.rank)
            assert signs == (ranks[0] < ranks[1], ranks[0] <= ranks[1], ranks[0] > ranks[1], ranks[0] >= ranks[1])

    @pytest.mark.parametrize(
        ("value", "previous", "expected"),
        [
            (55, None, Tier.HIGH),
            (54, None, Tier.MEDIUM),
            (35, None, Tier.MEDIUM),
            (34, None, Tier.LOW),
            # Leaving takes a fall of 5 below the threshold …
            (54, Tier.HIGH, Tier.HIGH),
            (50, Tier.HIGH, Tier.HIGH),
            (49, Tier.HIGH, Tier.MEDIUM),
            (34, Tier.MEDIUM, Tier.MEDIUM),
            (30, Tier.MEDIUM, Tier.MEDIUM),
            (29, Tier.MEDIUM, Tier.LOW),
            # … a fall through both tiers keeps the middle one's margin …
            (32, Tier.HIGH, Tier.MEDIUM),
            (29, Tier.HIGH, Tier.LOW),
            # … and entering takes no more than the threshold.
            (54, Tier.MEDIUM, Tier.MEDIUM),
            (55, Tier.MEDIUM, Tier.HIGH),
            (55, Tier.LOW, Tier.HIGH),
            (34, Tier.LOW, Tier.LOW),
        ],
    )
    def test_have_hysteresis(self, value: int, previous: Tier | None, expected: Tier) -> None:
        assert DEFAULT_THRESHOLDS.tier(value, previous) is expected

    def test_score_takes_thresholds_and_the_previous_tier(self) -> None:
        assert score(KEEN_LEFT_SHORT, now=NOW, previous=Tier.HIGH).tier is Tier.HIGH
        assert score(KEEN_LEFT_SHORT, now=NOW, thresholds=Thresholds(high=52)).tier is Tier.HIGH

    def test_thresholds_out_of_order_are_refused(self) -> None:
        with pytest.raises(ValidationError, match="must be below"):
            Thresholds(medium=60, high=60)


spans = st.timedeltas(timedelta(), timedelta(hours=3))
behaviours = st.builds(
    Behaviour,
    time_on_products=spans,
    session=spans,
    deepest=st.sampled_from(Action),
    look=st.sampled_from([action for action in Action if action < Action.CART_VIEWED]),
    session_steps=st.integers(0, 50),
    visits=st.integers(0, 20),
    time_on_prices=spans,
    cart_abandoned=st.booleans(),
    category_focus=st.floats(0, 1),
    stage=st.sampled_from(Stage),
    last_activity_at=st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=90)).map(lambda ago: NOW - ago),
)


class TestWhatMustHold:
    @given(behaviours)
    @settings(max_examples=300, deadline=None)
    def test_scores_are_bounded_and_parts_add_up(self, seen: Behaviour) -> None:
        intent = score_now(seen)
        assert 0 <= intent.score <= 100
        assert all(0 <= part.points <= 100 for part in intent.parts)
        assert sum(part.weight for part in intent.parts) == pytest.approx(1)
        for part in intent.parts:
            assert part.contribution == pytest.approx(part.weight * part.points)
        assert intent.weighted == pytest.approx(sum(part.contribution for part in intent.parts))

    @given(behaviours)
    @settings(max_examples=50, deadline=None)
    def test_without_a_floor_or_fading_the_sum_is_the_score(self, seen: Behaviour) -> None:
        browsing = {"deepest": Action.CATEGORY, "cart_abandoned": False, "last_activity_at": NOW}
        intent = score_now(seen.model_copy(update=browsing))
        assert intent.score == round(min(intent.weighted, 54))  # 54: the ceiling of browsing

    @given(behaviours, st.timedeltas(timedelta(), timedelta(days=400)))
    @settings(max_examples=200, deadline=None)
    def test_older_never_scores_higher(self, seen: Behaviour, later: timedelta) -> None:
        assert score(seen, now=NOW + later).score <= score_now(seen).score

    @given(behaviours, spans, spans)
    @settings(max_examples=200, deadline=None)
    def test_more_time_never_lowers_the_score(
        self, seen: Behaviour, on_products: timedelta, session: timedelta
    ) -> None:
        longer = {"time_on_products": seen.time_on_products + on_products, "session": seen.session + session}
        assert score_now(seen.model_copy(update=longer)).score >= score_now(seen).score

    @given(behaviours, st.sampled_from(Action), st.floats(0, 1))
    @settings(max_examples=200, deadline=None)
    def test_deeper_and_more_focused_never_lower_the_score(self, seen: Behaviour, action: Action, focus: float) -> None:
        more = {"deepest": max(seen.deepest, action), "category_focus": max(seen.category_focus, focus)}
        assert score_now(seen.model_copy(update=more)).score >= score_now(seen).score

    @given(behaviours)
    @settings(max_examples=100, deadline=None)
    def test_persistence_never_lowers_the_score(self, seen: Behaviour) -> None:
        more = {"session_steps": seen.session_steps + 8, "visits": seen.visits + 3}
        assert score_now(seen.model_copy(update=more)).score >= score_now(seen).score

    @given(st.lists(st.integers(50, 54), max_size=30), st.sampled_from([Tier.MEDIUM, Tier.HIGH]))
    @settings(max_examples=50, deadline=None)
    def test_a_score_within_the_margin_keeps_the_tier(self, scores: list[int], tier: Tier) -> None:
        """High begins at 55 and ends below 50: whoever moves between stays where they were."""
        for value in scores:
            assert DEFAULT_THRESHOLDS.tier(value, tier) is tier

    @given(behaviours, st.sampled_from(Tier))
    @settings(max_examples=100, deadline=None)
    def test_the_previous_tier_never_lowers_the_present_one(self, seen: Behaviour, previous: Tier) -> None:
        tier = score(seen, now=NOW, previous=previous).tier
        assert score_now(seen).tier <= tier <= max(previous, score_now(seen).tier)
