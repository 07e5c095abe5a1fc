"""Segments: groups a customer belongs to now, and the stage they are in. Computed from facts and events, never stored.

A customer may be in several. Most follow from the customer's row alone; the two that need events say so.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from domain.behaviour import observe
from domain.bounds import Bounds
from domain.customer import Customer
from domain.event import Event, StoredEvent
from domain.evidence import CLOSING, is_about_content, is_about_prices, tells
from domain.message import Stage
from domain.segment_rules import DEFAULT_RULES, SegmentRules

__all__ = ["DEFAULT_RULES", "Segment", "SegmentRules", "bounds_of", "lifecycle", "segments_of"]


class Segment(StrEnum):
    """The groups, by the default rules. Their names stand in commands and journeys: renaming one changes both."""

    NEW = "new"
    """First seen less than 14 days ago, and has not ordered."""
    ACTIVE = "active"
    """On the site less than seven days ago."""
    CONTENT_EXPLORER = "content explorer"
    """Read, watched or downloaded at least three pieces in 30 days. Needs events."""
    PRICING_SHOPPER = "pricing shopper"
    """Looked at prices at least twice in 30 days, and did not buy after. Needs events."""
    LOYAL = "loyal"
    """At least three orders, the last less than 90 days ago."""
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
    possible = [segment for segment in Segment if bounds_of(segment, now, rules).admit(customer)]
    lately = _since(events, now - rules.lately)
    shown = {
        Segment.CONTENT_EXPLORER: sum(map(is_about_content, lately)) >= rules.content_pieces,
        Segment.PRICING_SHOPPER: sum(map(is_about_prices, _since_bought(lately))) >= rules.pricing_views,
    }
    return frozenset(segment for segment in possible if shown.get(segment, True))


def bounds_of(segment: Segment, now: datetime, rules: SegmentRules = DEFAULT_RULES) -> Bounds:
    """What the row of everybody in a segment says. Where the segment needs events, others' rows may say it too."""
    match segment:
        case Segment.NEW:
            return Bounds(first_seen_after=now - rules.new_within, most_orders=0)
        case Segment.ACTIVE:
            return Bounds(seen_after=now - rules.active_within)
        case Segment.CONTENT_EXPLORER | Segment.PRICING_SHOPPER:
            return Bounds(seen_after=now - rules.lately)  # whoever does one of these is on the site
        case Segment.LOYAL:
            return Bounds(least_orders=rules.loyal_orders, ordered_after=now - rules.dormant_after)
        case Segment.VIP:
            return Bounds(spent_over=rules.vip_over)
        case Segment.AT_RISK:
            return Bounds(least_orders=1, seen_until=now - rules.at_risk_after, seen_after=now - rules.dormant_after)
        case Segment.DORMANT:
            return Bounds(seen_until=now - rules.dormant_after)


def lifecycle(
    customer: Customer, events: Sequence[StoredEvent], now: datetime, rules: SegmentRules = DEFAULT_RULES
) -> Stage:
    """The stage the customer is in: the one their intent is scored with."""
    return observe(events, now=now, orders=customer.orders, rules=rules).stage


def _since(events: Sequence[StoredEvent], since: datetime) -> list[Event]:
    ordered = sorted(events, key=lambda stored: (stored.event.occurred_at, stored.seq))
    return [stored.event for stored in ordered if stored.event.occurred_at > since and not stored.repeats]


def _since_bought(events: list[Event]) -> list[Event]:
    start = max((index for index, event in enumerate(events, start=1) if tells(event, *CLOSING)), default=0)
    return events[start:]
