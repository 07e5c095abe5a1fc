"""Segments: groups a customer belongs to now, and the stage they are in. Computed from facts and events, never stored.

Most follow from the customer's row alone, so that a database can find candidates; the two that need events say so.
A customer may be in several. Not to be confused with `domain.segment`, which reads the calls of the Segment API.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from domain.behaviour import observe
from domain.customer import Customer
from domain.event import Event, StoredEvent
from domain.evidence import CLOSING, is_about_content, is_about_prices, tells
from domain.message import Stage
from domain.segment_rules import DEFAULT_RULES, SegmentRules

__all__ = ["DEFAULT_RULES", "Segment", "SegmentRules", "lifecycle", "segments_of"]


class Segment(StrEnum):
    """The groups. Their names are part of the command line and of journeys' facts: renaming one changes both."""

    NEW = "new"
    """First seen within 14 days, and has not ordered."""
    ACTIVE = "active"
    """On the site within seven days."""
    CONTENT_EXPLORER = "content explorer"
    """Read, watched or downloaded at least three pieces in 30 days. Needs events."""
    PRICING_SHOPPER = "pricing shopper"
    """Looked at prices at least twice in 30 days, and did not buy after. Needs events."""
    LOYAL = "loyal"
    """At least three orders, the last within 90 days."""
    VIP = "vip"
    """Orders of more than 500 in all."""
    AT_RISK = "at risk"
    """Ordered before, and away for 30 days but not yet for 90."""
    DORMANT = "dormant"
    """Away for 90 days or longer."""


def segments_of(
    customer: Customer, events: Sequence[StoredEvent], now: datetime, rules: SegmentRules = DEFAULT_RULES
) -> frozenset[Segment]:
    """The customer's segments.

    Args:
        customer: the facts.
        events: what the store has of the last 30 days at least, in any order; more does not matter.
        now: product time.
        rules: the thresholds.
    """
    away = now - customer.last_seen_at
    lately = _lately(events, now - rules.lately)
    holds = {
        Segment.NEW: customer.orders == 0 and now - customer.first_seen_at <= rules.new_within,
        Segment.ACTIVE: away <= rules.active_within,
        Segment.CONTENT_EXPLORER: sum(map(is_about_content, lately)) >= rules.content_pieces,
        Segment.PRICING_SHOPPER: sum(map(is_about_prices, _since_bought(lately))) >= rules.pricing_views,
        Segment.LOYAL: customer.orders >= rules.loyal_orders and _ordered_within(customer, now, rules.dormant_after),
        Segment.VIP: customer.lifetime_value > rules.vip_over,
        Segment.AT_RISK: customer.orders > 0 and rules.at_risk_after <= away < rules.dormant_after,
        Segment.DORMANT: away >= rules.dormant_after,
    }
    return frozenset(segment for segment, is_in in holds.items() if is_in)


def lifecycle(
    customer: Customer, events: Sequence[StoredEvent], now: datetime, rules: SegmentRules = DEFAULT_RULES
) -> Stage:
    """The stage the customer is in: the one their intent is scored with."""
    return observe(events, now=now, orders=customer.orders, rules=rules).stage


def _lately(events: Sequence[StoredEvent], since: datetime) -> list[Event]:
    ordered = sorted(events, key=lambda stored: (stored.event.occurred_at, stored.seq))
    return [stored.event for stored in ordered if stored.event.occurred_at >= since and not stored.repeats]


def _since_bought(events: list[Event]) -> list[Event]:
    start = max((index for index, event in enumerate(events, start=1) if tells(event, *CLOSING)), default=0)
    return events[start:]


def _ordered_within(customer: Customer, now: datetime, span: timedelta) -> bool:
    return customer.last_order_at is not None and now - customer.last_order_at <= span
