"""Segments: each rule at its edge, and what must hold for anybody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.customer import Customer
from domain.event import (
    CONTENT_DOWNLOADED,
    CONTENT_VIEWED,
    EMAIL_LINK_CLICKED,
    GUIDE_OPENED,
    ORDER_COMPLETED,
    PRICING_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
    SUBSCRIPTION_STARTED,
    VIDEO_COMPLETED,
    Event,
    EventType,
    StoredEvent,
)
from domain.message import Stage
from domain.segments import Segment, SegmentRules, lifecycle, segments_of

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)


def customer(*, away: timedelta = timedelta(), known: timedelta = 400 * DAY, **facts: Any) -> Customer:
    """Somebody last seen so long ago, first seen so long ago."""
    if facts.get("orders"):
        facts = {"last_order_at": NOW - away} | facts
    return Customer(id="c1", first_seen_at=NOW - max(known, away), last_seen_at=NOW - away, **facts)


def event(name: str, ago: timedelta = timedelta(), *, kind: EventType = EventType.TRACK) -> StoredEvent:
    at = NOW - ago
    fact = Event(message_id=f"{name} {ago}", type=kind, name=name, occurred_at=at, received_at=at)
    return StoredEvent(seq=1, customer="c1", event=fact)


def segments(who: Customer, *events: StoredEvent, rules: SegmentRules | None = None) -> frozenset[Segment]:
    return segments_of(who, events, NOW, rules or SegmentRules())


class TestByFacts:
    @pytest.mark.parametrize(
        ("who", "expected"),
        [
            (customer(), {Segment.ACTIVE}),
            (customer(known=14 * DAY - MOMENT), {Segment.NEW, Segment.ACTIVE}),
            (customer(known=14 * DAY), {Segment.ACTIVE}),
            (customer(known=DAY, orders=1), {Segment.ACTIVE}),
            (customer(away=7 * DAY - MOMENT), {Segment.ACTIVE}),
            (customer(away=7 * DAY), set()),
            (customer(away=30 * DAY), set()),
            (customer(away=30 * DAY - MOMENT, orders=1), set()),
            (customer(away=30 * DAY, orders=1), {Segment.AT_RISK}),
            (customer(away=90 * DAY - MOMENT, orders=1), {Segment.AT_RISK}),
            (customer(away=90 * DAY, orders=1), {Segment.DORMANT}),
            (customer(away=90 * DAY), {Segment.DORMANT}),
            (customer(orders=2), {Segment.ACTIVE}),
            (customer(orders=3), {Segment.ACTIVE, Segment.LOYAL}),
            (customer(orders=3, last_order_at=NOW - 90 * DAY + MOMENT), {Segment.ACTIVE, Segment.LOYAL}),
            (customer(orders=3, last_order_at=NOW - 90 * DAY), {Segment.ACTIVE}),
            (customer(orders=1, lifetime_value=500.0), {Segment.ACTIVE}),
            (customer(orders=1, lifetime_value=500.01), {Segment.ACTIVE, Segment.VIP}),
            (customer(orders=1, lifetime_value=900.0, away=200 * DAY), {Segment.DORMANT, Segment.VIP}),
        ],
    )
    def test_each_begins_and_ends_at_its_edge(self, who: Customer, expected: set[Segment]) -> None:
        assert segments(who) == expected


class TestByEvents:
    @pytest.mark.parametrize(
        ("events", "expected"),
        [
            ((event(CONTENT_VIEWED), event(CONTENT_DOWNLOADED)), False),
            ((event(CONTENT_VIEWED), event(GUIDE_OPENED), event(VIDEO_COMPLETED)), True),
            (tuple(event(CONTENT_VIEWED, 30 * DAY - MOMENT) for _ in range(3)), True),
            (tuple(event(CONTENT_VIEWED, 30 * DAY) for _ in range(3)), False),
            (tuple(event(PRODUCT_VIEWED) for _ in range(9)), False),
        ],
    )
    def test_content_explorers_take_three_pieces(self, events: tuple[StoredEvent, ...], expected: bool) -> None:
        assert (Segment.CONTENT_EXPLORER in segments(customer(), *events)) is expected

    @pytest.mark.parametrize(
        ("events", "expected"),
        [
            ((event(PRICING_VIEWED),), False),
            ((event(PRICING_VIEWED), event("Pricing", DAY, kind=EventType.PAGE)), True),
            ((event(PRICING_VIEWED, 2 * DAY), event(PRICING_VIEWED, 30 * DAY)), False),
            ((event(PRICING_VIEWED, 2 * DAY), event(PRICING_VIEWED, 3 * DAY), event(ORDER_COMPLETED, DAY)), False),
            ((event(PRICING_VIEWED, 2 * DAY), event(PRICING_VIEWED, 3 * DAY), event(SUBSCRIPTION_STARTED)), False),
            ((event(PRICING_VIEWED), event(PRICING_VIEWED, DAY), event(ORDER_COMPLETED, 2 * DAY)), True),
        ],
    )
    def test_pricing_shoppers_look_twice_and_did_not_buy(self, events: tuple[StoredEvent, ...], expected: bool) -> None:
        assert (Segment.PRICING_SHOPPER in segments(customer(), *events)) is expected
        assert (Segment.PRICING_SHOPPER in segments(customer(), *reversed(events))) is expected


class TestStage:
    @pytest.mark.parametrize(
        ("who", "events", "stage"),
        [
            (customer(), (), Stage.AWARENESS),
            (customer(), (event(PRODUCT_VIEWED, DAY),), Stage.CONSIDERATION),
            (customer(), (event(PRODUCT_VIEWED, 31 * DAY),), Stage.AWARENESS),
            (customer(), (event(PRODUCT_ADDED, DAY),), Stage.PURCHASE),
            (customer(orders=1), (event(PRODUCT_ADDED, 31 * DAY),), Stage.RETENTION),
            (customer(orders=2), (event(EMAIL_LINK_CLICKED),), Stage.RETENTION),
            (customer(orders=3), (), Stage.RETENTION),
            (customer(orders=3), (event(EMAIL_LINK_CLICKED, 30 * DAY - MOMENT),), Stage.ADVOCACY),
            (customer(orders=3), (event(EMAIL_LINK_CLICKED, 30 * DAY),), Stage.RETENTION),
        ],
    )
    def test_follows_from_facts_and_events(self, who: Customer, events: tuple[StoredEvent, ...], stage: Stage) -> None:
        assert lifecycle(who, events, NOW) is stage


class TestRules:
    def test_are_settings(self) -> None:
        eager = SegmentRules(vip_over=10, loyal_orders=1, pricing_views=1, content_pieces=1)
        who = customer(orders=1, lifetime_value=11)
        assert segments(who, event(PRICING_VIEWED), event(CONTENT_VIEWED), rules=eager) == {
            Segment.ACTIVE,
            Segment.VIP,
            Segment.LOYAL,
            Segment.PRICING_SHOPPER,
            Segment.CONTENT_EXPLORER,
        }

    @pytest.mark.parametrize(
        "wrong",
        [
            {"active_within": 30 * DAY},
            {"dormant_after": 30 * DAY},
            {"lately": 31 * DAY},
            {"lately": timedelta()},
            {"content_pieces": 0},
        ],
    )
    def test_that_contradict_each_other_are_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            SegmentRules(**wrong)


spans = st.timedeltas(timedelta(), timedelta(days=200))
names = st.sampled_from([CONTENT_VIEWED, PRICING_VIEWED, ORDER_COMPLETED, EMAIL_LINK_CLICKED, "Warehouse Restocked"])


class TestWhatMustHold:
    @given(spans, spans, st.integers(0, 9), st.floats(0, 2000), st.lists(st.builds(event, names, spans), max_size=8))
    @settings(max_examples=150, deadline=None)
    def test_presence_and_absence_exclude_each_other(
        self, away: timedelta, known: timedelta, orders: int, spent: float, events: list[StoredEvent]
    ) -> None:
        found = segments(customer(away=away, known=known, orders=orders, lifetime_value=spent), *events)
        assert len(found & {Segment.ACTIVE, Segment.AT_RISK, Segment.DORMANT}) <= 1
        assert not {Segment.NEW, Segment.LOYAL} <= found
