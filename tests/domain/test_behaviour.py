"""Behaviour: what is read from events, and what must not disturb the reading."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import event as names
from domain.behaviour import LOOK_BACK, observe
from domain.event import (
    CART_EMPTIED,
    CART_VIEWED,
    CHECKOUT_STARTED,
    CONTENT_DOWNLOADED,
    CONTENT_VIEWED,
    EMAIL_BOUNCED,
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    GUIDE_OPENED,
    ORDER_COMPLETED,
    PRICING_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_LIST_VIEWED,
    PRODUCT_REMOVED,
    PRODUCT_REVIEWED,
    PRODUCT_VIEWED,
    PRODUCT_WISHED_FOR,
    PRODUCTS_SEARCHED,
    SIGNED_UP,
    SUBSCRIPTION_STARTED,
    VIDEO_COMPLETED,
    WEBINAR_REGISTERED,
    EventType,
    StoredEvent,
)
from domain.evidence import ACTIONS
from domain.intent import Action, Behaviour, score
from domain.message import Stage
from tests.domain.visits import MINUTE, START, event

SOON = 1.0
LATER = 120.0


def page(minute: float = 0, **properties: Any) -> StoredEvent:
    return event("Home", minute, kind=EventType.PAGE, **properties)


def seen(*events: StoredEvent, after: float = SOON, orders: int = 0) -> Behaviour:
    """What was seen so many minutes after the last event."""
    last = max((each.event.occurred_at for each in events), default=START)
    return observe(events, now=last + after * MINUTE, orders=orders)


class TestDepth:
    @pytest.mark.parametrize(
        ("events", "deepest"),
        [
            ((), Action.NONE),
            ((page(),), Action.HOMEPAGE),
            ((event(EMAIL_LINK_CLICKED),), Action.HOMEPAGE),
            ((event(PRODUCT_LIST_VIEWED),), Action.CATEGORY),
            ((event(PRODUCTS_SEARCHED), page(1)), Action.CATEGORY),
            ((event(PRODUCT_VIEWED, product_id="a"),), Action.PRODUCT),
            ((event(CART_VIEWED), event(PRODUCT_VIEWED, 1)), Action.CART_VIEWED),
            ((event(PRODUCT_ADDED), event(PRODUCT_REMOVED, 1)), Action.CART_ADDED),
            ((event(CHECKOUT_STARTED), event(PRODUCT_ADDED, 1)), Action.CHECKOUT),
            ((event(PRODUCT_ADDED), event(PRODUCT_REMOVED, 1), event(CART_EMPTIED, 1)), Action.PRODUCT),
            ((event(CART_EMPTIED), event(CART_VIEWED, 1)), Action.CART_VIEWED),
            ((event(CHECKOUT_STARTED), event(ORDER_COMPLETED, 1)), Action.NONE),
            ((event(CHECKOUT_STARTED), event(ORDER_COMPLETED, 1), event(PRODUCT_VIEWED, 2)), Action.PRODUCT),
            ((event(ORDER_COMPLETED), event(CART_VIEWED, 1), event(ORDER_COMPLETED, 2)), Action.NONE),
            ((event("Product Viewed", kind=EventType.PAGE),), Action.HOMEPAGE),
            ((event(EMAIL_OPENED),), Action.MAIL_OPENED),
            ((event(SIGNED_UP), event(EMAIL_OPENED, 1)), Action.HOMEPAGE),
            ((event(PRODUCT_REVIEWED, rating=1),), Action.HOMEPAGE),
            ((event(CONTENT_VIEWED),), Action.CONTENT),
            ((event(GUIDE_OPENED), event(PRODUCT_LIST_VIEWED, 1)), Action.CONTENT),
            ((event(CONTENT_DOWNLOADED),), Action.CONTENT_TAKEN),
            ((event(VIDEO_COMPLETED), event(CONTENT_VIEWED, 1)), Action.CONTENT_TAKEN),
            ((event(WEBINAR_REGISTERED),), Action.CONTENT_TAKEN),
            ((event(CONTENT_DOWNLOADED), event(CONTENT_DOWNLOADED, 1)), Action.CONTENT_REPEATED),
            ((event(CONTENT_DOWNLOADED), event(VIDEO_COMPLETED, 1)), Action.CONTENT_REPEATED),
            ((event(PRICING_VIEWED), event(PRODUCT_VIEWED, 1)), Action.PRICING),
            ((event(PRODUCT_WISHED_FOR), event(PRICING_VIEWED, 1)), Action.WISHED),
            (tuple(event(PRICING_VIEWED, minute) for minute in range(3)), Action.REPEATED_PRICING),
            ((event(PRICING_VIEWED), event(SUBSCRIPTION_STARTED, 1)), Action.NONE),
            ((event(PRODUCT_ADDED), event(SUBSCRIPTION_STARTED, 1), page(2)), Action.HOMEPAGE),
            ((event("identify", kind=EventType.IDENTIFY), event("alias", kind=EventType.ALIAS)), Action.NONE),
            ((event(names.PRODUCT_LIST_FILTERED),), Action.CATEGORY),
            ((event(names.PROMOTION_VIEWED),), Action.NONE),
            ((event(names.PROMOTION_CLICKED),), Action.HOMEPAGE),
            ((event(names.PRODUCT_CLICKED),), Action.PRODUCT),
            ((event(names.PRODUCT_NO_LONGER_WISHED_FOR),), Action.PRODUCT),
            ((event(names.PRODUCT_SHARED),), Action.PRODUCT),
            ((event(names.CART_SHARED),), Action.CART_VIEWED),
        ],
    )
    def test_is_the_furthest_since_the_last_order(self, events: tuple[StoredEvent, ...], deepest: Action) -> None:
        assert seen(*events).deepest is deepest

    def test_three_views_of_one_product_are_repeated(self) -> None:
        views = [event(PRODUCT_VIEWED, minute, product_id="a") for minute in range(3)]
        other = event(PRODUCT_VIEWED, 3, product_id="b")
        assert seen(*views[:2], other).deepest is Action.PRODUCT
        assert seen(*views).deepest is Action.REPEATED_PRODUCT
        assert seen(*views, other).deepest is Action.REPEATED_PRODUCT
        assert seen(*views, event(PRODUCT_ADDED, 4)).look is Action.REPEATED_PRODUCT

    def test_a_product_may_be_told_by_its_sku(self) -> None:
        views = [event(PRODUCT_VIEWED, minute, sku="a") for minute in range(3)]
        assert seen(*views).deepest is Action.REPEATED_PRODUCT

    def test_a_click_on_a_product_and_its_page_are_one_view(self) -> None:
        both = (names.PRODUCT_CLICKED, PRODUCT_VIEWED)
        views = [event(name, minute, product_id="a") for minute in range(2) for name in both]
        assert seen(*views).deepest is Action.PRODUCT

    def test_an_emptied_cart_does_not_hide_repeated_visits(self) -> None:
        views = [event(PRODUCT_VIEWED, minute, product_id="a") for minute in range(3)]
        assert seen(*views, event(PRODUCT_ADDED, 4), event(CART_EMPTIED, 5)).deepest is Action.REPEATED_PRODUCT

    def test_views_without_a_product_are_not_one_product(self) -> None:
        assert seen(*(event(PRODUCT_VIEWED, minute) for minute in range(5))).deepest is Action.PRODUCT

    @pytest.mark.parametrize(
        ("cart", "look"),
        [
            ((), Action.WISHED),
            ((event(PRODUCT_ADDED, 1),), Action.WISHED),
            ((event(PRODUCT_ADDED, 1), event(CART_EMPTIED, 2)), Action.WISHED),
        ],
    )
    def test_a_cart_hides_no_look(self, cart: tuple[StoredEvent, ...], look: Action) -> None:
        assert seen(event(PRODUCT_WISHED_FOR), *cart).look is look

    def test_an_order_reported_once_more_closes_nothing(self) -> None:
        events = [event(ORDER_COMPLETED), event(PRODUCT_ADDED, 1), event(ORDER_COMPLETED, 2)]
        again = events[-1].model_copy(update={"repeats": True})
        assert seen(*events).deepest is Action.NONE
        assert seen(*events[:-1], again).deepest is Action.CART_ADDED

    def test_what_is_thirty_days_old_is_not_read(self) -> None:
        visit = event(PRODUCT_ADDED)
        assert observe([visit], now=START + LOOK_BACK - MINUTE).deepest is Action.CART_ADDED
        assert observe([visit], now=START + LOOK_BACK) == Behaviour()

    def test_the_order_of_arrival_does_not_matter(self) -> None:
        events = [event(PRODUCT_ADDED), event(ORDER_COMPLETED, 1), page(2)]
        assert seen(*reversed(events)) == seen(*events)


class TestTimeAndSessions:
    def test_a_product_view_lasts_until_the_next_event_of_the_session(self) -> None:
        events = [event(PRODUCT_VIEWED), page(2), event(PRODUCT_VIEWED, 3), event(PRODUCT_ADDED, 4.5)]
        assert seen(*events).time_on_products == 3.5 * MINUTE

    def test_the_last_page_of_a_session_counts_nothing(self) -> None:
        assert seen(event(PRODUCT_VIEWED), page(31)).time_on_products == timedelta()

    def test_a_long_gap_counts_as_ten_minutes(self) -> None:
        assert seen(event(PRODUCT_VIEWED), page(29)).time_on_products == 10 * MINUTE

    def test_a_reported_time_wins(self) -> None:
        assert seen(event(PRODUCT_VIEWED, time_on_page=45), page(5)).time_on_products == timedelta(seconds=45)
        assert seen(event(PRODUCT_VIEWED, time_on_page=0), page(5)).time_on_products == timedelta()
        assert seen(event(PRODUCT_VIEWED, time_on_page="90.5")).time_on_products == timedelta(seconds=90.5)

    @pytest.mark.parametrize("nonsense", [None, "soon", -1, float("nan"), float("inf"), [], {}, 10**400, "9" * 5000])
    def test_a_malformed_time_counts_as_none_reported(self, nonsense: object) -> None:
        assert seen(event(PRODUCT_VIEWED, time_on_page=nonsense), page(5)).time_on_products == 5 * MINUTE

    def test_a_forgotten_tab_is_not_believed(self) -> None:
        assert seen(event(PRODUCT_VIEWED, time_on_page=1e300)).time_on_products == 30 * MINUTE

    def test_half_an_hour_away_begins_a_session(self) -> None:
        assert seen(page(), page(30), page(60)).session == 60 * MINUTE
        assert seen(page(), page(5), page(36), page(38)).session == 2 * MINUTE

    def test_the_backends_session_id_decides_where_there_is_one(self) -> None:
        first, second = page(0, session="a"), page(3, session="b")
        assert seen(first, second, page(7, session="b")).session == 4 * MINUTE
        assert seen(first, page(5), page(6, session="a")).session == 6 * MINUTE  # no id: joins the session under way
        assert seen(first, page(200, session="a"), page(202, session="a")).session == 2 * MINUTE  # idle: not counted

    def test_a_reported_time_on_the_last_page_lengthens_the_session(self) -> None:
        assert seen(page(), event(PRODUCT_VIEWED, 2, time_on_page=240)).session == 6 * MINUTE

    def test_the_session_that_left_the_cart_counts(self) -> None:
        visit = [event(PRODUCT_VIEWED), event(PRODUCT_ADDED, 6), page(8)]
        assert seen(*visit, page(100)).session == 8 * MINUTE
        assert seen(*visit, event(CART_VIEWED, 100), page(103)).session == 3 * MINUTE

    def test_nothing_seen_is_no_time_at_all(self) -> None:
        assert observe([], now=START) == Behaviour()

    def test_time_on_prices_is_told_apart(self) -> None:
        events = [event(PRODUCT_VIEWED), event(PRICING_VIEWED, 1), event("Pricing", 4, kind=EventType.PAGE), page(5)]
        behaviour = seen(*events)
        assert (behaviour.time_on_products, behaviour.time_on_prices) == (MINUTE, 4 * MINUTE)

    def test_a_sessions_depth_is_what_was_done_in_it(self) -> None:
        assert seen(*(page(minute) for minute in range(8))).session_steps == 8
        assert seen(*(page(minute) for minute in range(8)), page(60)).session_steps == 1
        assert seen(page(), event("Toaster Exploded", 1), event(EMAIL_OPENED, 2)).session_steps == 1

    def test_visits_are_counted_by_the_pauses_between(self) -> None:
        assert seen().visits == 0
        assert seen(page(), page(30), page(61), page(200)).visits == 3
        assert seen(page(0, session="kept"), page(60, session="kept")).visits == 2
        assert seen(page(), event(ORDER_COMPLETED, 100), page(200)).visits == 1


class TestMailOpened:
    """Perhaps a machine did it: it tells that the mail arrived, and nothing of what the customer does."""

    def test_is_no_activity(self) -> None:
        events = [event(PRODUCT_ADDED), event(EMAIL_OPENED, 40)]
        assert seen(*events) == seen(event(PRODUCT_ADDED), after=41)

    def test_alone_it_fades_from_its_moment(self) -> None:
        assert seen(event(EMAIL_OPENED, 3), after=LATER).last_activity_at == START + 3 * MINUTE


class TestAbandonment:
    @pytest.mark.parametrize("name", [PRODUCT_ADDED, CART_VIEWED, CHECKOUT_STARTED])
    def test_takes_half_an_hour_of_quiet(self, name: str) -> None:
        assert not seen(event(name), after=29.9).cart_abandoned
        assert seen(event(name), after=30).cart_abandoned

    def test_browsing_on_is_not_leaving(self) -> None:
        assert not seen(event(PRODUCT_ADDED), page(40), after=10).cart_abandoned

    @pytest.mark.parametrize("name", [ORDER_COMPLETED, CART_EMPTIED])
    def test_nothing_is_left_behind_after(self, name: str) -> None:
        assert not seen(event(PRODUCT_ADDED), event(name, 1), after=LATER).cart_abandoned

    def test_looking_is_not_leaving_a_cart(self) -> None:
        assert not seen(event(PRODUCT_VIEWED), after=LATER).cart_abandoned


class TestFocus:
    @pytest.mark.parametrize(
        ("categories", "focus"),
        [
            ([], 0),
            (["shoes"], 1),
            (["shoes", " Shoes ", "hats"], 2 / 3),
            (["shoes", None, "", 7], 1 / 4),
            ([None], 0),
        ],
    )
    def test_is_the_share_of_the_most_viewed_category(self, categories: list[object], focus: float) -> None:
        views = [event(PRODUCT_VIEWED, minute, category=category) for minute, category in enumerate(categories)]
        assert seen(*views).category_focus == pytest.approx(focus)

    @pytest.mark.parametrize("name", [PRODUCT_ADDED, PRODUCT_WISHED_FOR])
    def test_a_choice_counts_where_its_category_is_known(self, name: str) -> None:
        views = [event(PRODUCT_VIEWED, 0, category="shoes"), event(PRODUCT_VIEWED, 1, category="hats")]
        assert seen(*views, event(name, 2, category="shoes")).category_focus == pytest.approx(2 / 3)
        assert seen(*views, event(name, 2)).category_focus == pytest.approx(1 / 2)


class TestStage:
    @pytest.mark.parametrize(
        ("events", "orders", "stage"),
        [
            ((), 0, Stage.AWARENESS),
            ((event(PRODUCT_LIST_VIEWED),), 0, Stage.AWARENESS),
            ((event(PRODUCT_VIEWED),), 0, Stage.CONSIDERATION),
            ((event(PRODUCT_ADDED),), 0, Stage.PURCHASE),
            ((event(CHECKOUT_STARTED),), 0, Stage.PURCHASE),
            ((event(CHECKOUT_STARTED), event(ORDER_COMPLETED, 1)), 0, Stage.RETENTION),
            ((event(ORDER_COMPLETED), event(PRODUCT_VIEWED, 1)), 0, Stage.RETENTION),
            ((event(ORDER_COMPLETED), event(PRODUCT_ADDED, 1)), 0, Stage.PURCHASE),
            ((page(),), 1, Stage.RETENTION),
            ((event(CART_VIEWED),), 3, Stage.PURCHASE),
            ((event(CONTENT_VIEWED),), 0, Stage.AWARENESS),
            ((event(CONTENT_DOWNLOADED),), 0, Stage.CONSIDERATION),
            ((event(PRICING_VIEWED),), 0, Stage.CONSIDERATION),
            ((event(SUBSCRIPTION_STARTED),), 0, Stage.RETENTION),
            ((event(EMAIL_LINK_CLICKED),), 2, Stage.RETENTION),
            ((event(EMAIL_LINK_CLICKED),), 3, Stage.ADVOCACY),
            ((event(PRODUCT_REVIEWED, rating=4), event(PRODUCT_ADDED, 1)), 3, Stage.ADVOCACY),
            ((event(PRODUCT_REVIEWED, rating="5"), event(ORDER_COMPLETED, 1)), 3, Stage.ADVOCACY),
            ((event(PRODUCT_REVIEWED, rating=3),), 3, Stage.RETENTION),
            ((event(PRODUCT_REVIEWED),), 3, Stage.RETENTION),
        ],
    )
    def test_follows_from_facts(self, events: tuple[StoredEvent, ...], orders: int, stage: Stage) -> None:
        assert seen(*events, orders=orders).stage is stage


class TestScoredTogether:
    """From events to the anchors of `domain.intent`."""

    VISIT = (
        event(PRODUCT_VIEWED, 0, product_id="a", category="shoes"),
        event(PRODUCT_VIEWED, 3, product_id="b", category="shoes"),
        event(PRODUCT_ADDED, 6, product_id="b", category="shoes"),
        event(CART_VIEWED, 7),
    )

    def test_a_long_visit_with_a_cart_left_fades_from_94(self) -> None:
        now = START + 37 * MINUTE
        assert score(observe(self.VISIT, now=now), now=now).why == (
            "94: product views over 5 min, cart left in a long session"
        )

    def test_the_cart_dropped_in_a_short_session_is_52(self) -> None:
        earlier = self.VISIT[:2]
        now = START + 160 * MINUTE
        events = [*earlier, page(6), event(PRODUCT_ADDED, 120, product_id="b")]
        assert score(observe(events, now=now), now=now).score == 52

    def test_after_the_order_intent_is_low(self) -> None:
        now = START + 9 * MINUTE
        events = [*self.VISIT, event(ORDER_COMPLETED, 8)]
        assert score(observe(events, now=now), now=now).score == 14


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
read_properties = st.fixed_dictionaries(
    {},
    optional={
        "product_id": anything,
        "category": anything,
        "time_on_page": anything,
        "rating": anything,
        "path": anything,
        "url": anything | st.sampled_from(["http://[", "https://shop.example/pricing?x"]),
    },
)
known_names = st.sampled_from([*ACTIONS, CART_EMPTIED])
minutes = st.floats(0, 5000)
known_events = st.builds(
    lambda name, minute, kind, session, properties: event(name, minute, kind=kind, session=session, **properties),
    known_names,
    minutes,
    st.sampled_from([EventType.TRACK, EventType.TRACK, EventType.PAGE, EventType.SCREEN]),
    anything,
    read_properties,
)
unknown_events = st.builds(
    lambda name, minute, kind, properties: event(name, minute, kind=kind, **properties),
    st.sampled_from(["Warehouse Restocked", EMAIL_BOUNCED, "product viewed", "💥"]),
    minutes,
    st.sampled_from([EventType.TRACK, EventType.IDENTIFY, EventType.GROUP, EventType.ALIAS]),
    read_properties,
)


class TestWhatMustHold:
    @given(st.lists(known_events, max_size=12), minutes)
    @settings(max_examples=150, deadline=None)
    def test_any_events_give_a_score(self, events: list[StoredEvent], minute: float) -> None:
        now = START + minute * MINUTE
        assert 0 <= score(observe(events, now=now), now=now).score <= 100

    @given(st.lists(known_events, max_size=6), st.lists(unknown_events, max_size=6), minutes)
    @settings(max_examples=150, deadline=None)
    def test_unknown_events_change_nothing(
        self, events: list[StoredEvent], unknown: list[StoredEvent], minute: float
    ) -> None:
        now = START + minute * MINUTE
        assert observe([*events, *unknown], now=now) == observe(events, now=now)
