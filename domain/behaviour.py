"""Behaviour read from events: what a customer's recent events say, in the terms that `domain.intent` scores.

An order answers all that came before it, so reading starts after the last one. Events nobody taught this module
to read change nothing, and malformed properties count as absent: any backend may send anything.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from domain import event as names
from domain.customer import VISIT_GAP
from domain.event import Event, EventType, StoredEvent
from domain.evidence import is_praise, tells
from domain.intent import Action, Behaviour
from domain.message import Stage
from domain.segment_rules import DEFAULT_RULES, SegmentRules

REPEATS = 3
"""So many views of one product are a second thought, not a mistaken click."""

LONGEST_STAY = timedelta(minutes=10)
"""A gap to the next event counts for at most this as time on a page: beyond it the customer was elsewhere."""

_ACTIONS = {
    names.EMAIL_LINK_CLICKED: Action.HOMEPAGE,  # came to the site; where to, the next event tells
    names.PRODUCT_LIST_VIEWED: Action.CATEGORY,
    names.PRODUCTS_SEARCHED: Action.CATEGORY,
    names.PRODUCT_VIEWED: Action.PRODUCT,
    names.PRODUCT_REMOVED: Action.PRODUCT,
    names.CART_VIEWED: Action.CART_VIEWED,
    names.PRODUCT_ADDED: Action.CART_ADDED,
    names.CHECKOUT_STARTED: Action.CHECKOUT,
    names.ORDER_COMPLETED: Action.CHECKOUT,  # counts as activity only: reading starts after it
}
_VIEWS = (names.PRODUCT_VIEWED, names.PRODUCT_LIST_VIEWED)


def observe(
    events: Sequence[StoredEvent], *, now: datetime, orders: int = 0, rules: SegmentRules = DEFAULT_RULES
) -> Behaviour:
    """Read a customer's recent events.

    Args:
        events: what the store has, in any order.
        now: product time; tells whether a cart was left.
        orders: how many orders the customer made in all, for those older than `events`.
        rules: when a customer counts as an advocate.
    """
    ordered = [stored.event for stored in sorted(events, key=lambda stored: (stored.event.occurred_at, stored.seq))]
    seen = _activity(ordered)
    open_matters = _after_last(names.ORDER_COMPLETED, ordered)
    current = _activity(open_matters)
    cart = [event for event in _after_last(names.CART_EMPTIED, open_matters) if _action(event) >= Action.CART_VIEWED]
    sessions = _sessions(current)
    deepest = _deepest(current, cart)
    return Behaviour(
        time_on_products=sum((_time_on_products(session) for session in sessions), timedelta()),
        session=_length(_session_that_counts(sessions, current, cart)),
        deepest=deepest,
        repeated_product=_repeats_product(current),
        # Half an hour away ends a visit; before that the customer may still be on the way to the till.
        cart_abandoned=bool(cart) and now - seen[-1].occurred_at >= VISIT_GAP,
        category_focus=_category_focus(current),
        stage=Stage.ADVOCACY
        if orders >= rules.loyal_orders and _speaks_well(ordered, now - rules.lately)
        else _stage(deepest, has_ordered=orders > 0 or len(open_matters) < len(ordered)),
        last_activity_at=seen[-1].occurred_at if seen else None,
    )


def _action(event: Event) -> Action:
    """What the customer did. NONE: the event is no activity of theirs, or none we can read."""
    if event.type is EventType.TRACK:
        return _ACTIONS.get(event.name, Action.NONE)
    return Action.HOMEPAGE if event.type in (EventType.PAGE, EventType.SCREEN) else Action.NONE


def _activity(events: list[Event]) -> list[Event]:
    return [event for event in events if _action(event) > Action.NONE]


def _is(event: Event, *track_names: str) -> bool:
    return event.type is EventType.TRACK and event.name in track_names


def _after_last(name: str, events: list[Event]) -> list[Event]:
    start = max((index for index, event in enumerate(events, start=1) if _is(event, name)), default=0)
    return events[start:]


def _deepest(current: list[Event], cart: list[Event]) -> Action:
    """Actions on a cart that was emptied since count as looks at its products."""
    looks = [min(_action(event), Action.PRODUCT) for event in current]
    again = [Action.REPEATED_PRODUCT] if _repeats_product(current) else []
    return max([*looks, *again, *map(_action, cart)], default=Action.NONE)


def _repeats_product(current: list[Event]) -> bool:
    products = [_key(event.properties, "product_id") for event in current if _is(event, names.PRODUCT_VIEWED)]
    return max(Counter(product for product in products if product is not None).values(), default=0) >= REPEATS


def _category_focus(current: list[Event]) -> float:
    """A view without a category lowers the share: what is unknown is no focus."""
    views = [event.properties.get("category") for event in current if _is(event, *_VIEWS)]
    known = Counter(view.strip().casefold() for view in views if isinstance(view, str) and view.strip())
    return max(known.values(), default=0) / max(len(views), 1)


def _stage(deepest: Action, *, has_ordered: bool) -> Stage:
    if deepest >= Action.CART_VIEWED:
        return Stage.PURCHASE
    if has_ordered:
        return Stage.RETENTION
    return Stage.CONSIDERATION if deepest >= Action.PRODUCT else Stage.AWARENESS


def _speaks_well(events: list[Event], since: datetime) -> bool:
    """Whether they still take part: praised a product, or clicked in a mail."""
    recent = [event for event in events if event.occurred_at >= since]
    return any(is_praise(event) or tells(event, names.EMAIL_LINK_CLICKED) for event in recent)


def _sessions(activity: list[Event]) -> list[list[Event]]:
    """By the backend's session id where there is one; an event without joins the one before it, if not too far."""
    sessions: dict[str | int, list[Event]] = {}
    key: str | int = ""
    for number, event in enumerate(activity):
        reported = _key(event.context, "session") or _key(event.context, "sessionId")
        if reported is not None:
            key = reported
        elif number == 0 or event.occurred_at - activity[number - 1].occurred_at > VISIT_GAP:
            key = f"gap before {number}"
        sessions.setdefault(key, []).append(event)
    return list(sessions.values())


def _session_that_counts(sessions: list[list[Event]], current: list[Event], cart: list[Event]) -> list[Event]:
    """The one that last touched the cart, for a look at the homepage later takes nothing back; else the latest."""
    deciding = (cart or current)[-1:]
    return next((session for session in sessions if any(event is deciding[0] for event in session)), [])


def _length(session: list[Event]) -> timedelta:
    """From first to last event and the reported stay there. Idle stretches of half an hour do not count."""
    gaps = [later.occurred_at - earlier.occurred_at for earlier, later in pairwise(session)]
    last_stay = (_reported_stay(session[-1]) if session else None) or timedelta()
    return sum((gap for gap in gaps if gap <= VISIT_GAP), last_stay)


def _time_on_products(session: list[Event]) -> timedelta:
    followers = [*session[1:], None]
    visits = zip(session, followers, strict=True)
    return sum((_stay(event, then) for event, then in visits if _is(event, names.PRODUCT_VIEWED)), timedelta())


def _stay(event: Event, then: Event | None) -> timedelta:
    """As reported, else until the next event of the session. Of a session's last page nothing is known."""
    reported = _reported_stay(event)
    if reported is not None:
        return reported
    return min(then.occurred_at - event.occurred_at, LONGEST_STAY) if then else timedelta()


def _reported_stay(event: Event) -> timedelta | None:
    """`time_on_page` in seconds, believed up to the pause that would have ended the visit."""
    try:
        seconds = float(event.properties["time_on_page"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return timedelta(seconds=min(seconds, VISIT_GAP.total_seconds()))


def _key(where: Mapping[str, Any], name: str) -> str | int | None:
    value = where.get(name)
    return value if isinstance(value, str | int) and value != "" else None
