"""Behaviour read from events: what a customer's recent events say, in the terms that `domain.intent` scores.

An order answers all that came before it, and so does a subscription: reading starts after the last one. Events nobody
taught `domain.evidence` to read change nothing, and malformed properties count as absent.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from domain import event as names
from domain.basket import read_product_id
from domain.customer import VISIT_GAP
from domain.event import Event, StoredEvent
from domain.evidence import CLOSING, CONTENT_TAKEN, action_of, is_about_prices, is_praise, tells
from domain.intent import Action, Behaviour
from domain.message import Stage
from domain.segment_rules import DEFAULT_RULES, SegmentRules
from domain.visits import count_visits, length_of, sessions_of, time_on

LOOK_BACK: Final = timedelta(days=30)
"""Behaviour so old has decayed to nothing, and is not read."""

REPEATS: Final = 3
"""So many views of one product, or of prices, are a second thought, not a mistaken click."""

TAKEN_AGAIN: Final = 2
"""So many downloads, videos or registrations are more than one curious moment."""

_VIEWS = (names.PRODUCT_VIEWED, names.PRODUCT_LIST_VIEWED)
_CHOICES = (names.PRODUCT_ADDED, names.PRODUCT_WISHED_FOR)


def observe(
    events: Sequence[StoredEvent], *, now: datetime, orders: int = 0, rules: SegmentRules = DEFAULT_RULES
) -> Behaviour:
    """Read a customer's recent events.

    Args:
        events: what the store has, in any order; those as old as `LOOK_BACK` do not matter.
        now: product time; tells whether a cart was left.
        orders: how many orders the customer made in all, for those older than `events`.
        rules: when a customer counts as an advocate.
    """
    ordered = _in_order(events, now - LOOK_BACK)
    seen = _activity(ordered)
    open_matters = _after_last(CLOSING, ordered)
    current = _activity(open_matters)
    cart = [event for event in _after_last((names.CART_EMPTIED,), open_matters) if _is_about_the_cart(event)]
    sessions = sessions_of(current)
    deciding = _session_that_counts(sessions, current, cart)
    look = _furthest_look(open_matters)
    deepest = max([look, *map(action_of, cart)])
    has_ordered = orders > 0 or len(open_matters) < len(ordered)
    speaks_well = orders >= rules.loyal_orders and _speaks_well(ordered, now - rules.lately)
    return Behaviour(
        time_on_products=_total_time(sessions, names.PRODUCT_VIEWED),
        time_on_prices=sum((time_on(session, is_about_prices) for session in sessions), timedelta()),
        session=length_of(deciding),
        session_steps=len(deciding),
        visits=count_visits(current),
        deepest=deepest,
        look=look,
        # Half an hour away ends a visit; before that the customer may still be on the way to the till.
        cart_abandoned=bool(cart) and now - seen[-1].occurred_at >= VISIT_GAP,
        category_focus=_category_focus(current),
        stage=Stage.ADVOCACY if speaks_well else _stage(deepest, has_ordered=has_ordered),
        last_activity_at=_last(seen) or _last(ordered, names.EMAIL_OPENED),
    )


def _in_order(events: Sequence[StoredEvent], since: datetime) -> list[Event]:
    """An order that is reported once more is no further order."""
    counted = [stored for stored in events if stored.event.occurred_at > since and not stored.repeats]
    return [stored.event for stored in sorted(counted, key=lambda stored: (stored.event.occurred_at, stored.seq))]


def _activity(events: list[Event]) -> list[Event]:
    """What the customer did on the site. A mail that was opened is none: machines open mails too."""
    return [event for event in events if action_of(event) >= Action.HOMEPAGE]


def _after_last(closing: tuple[str, ...], events: list[Event]) -> list[Event]:
    start = max((index for index, event in enumerate(events, start=1) if tells(event, *closing)), default=0)
    return events[start:]


def _last(events: list[Event], *only: str) -> datetime | None:
    moments = [event.occurred_at for event in events if not only or tells(event, *only)]
    return moments[-1] if moments else None


def _is_about_the_cart(event: Event) -> bool:
    return action_of(event) >= Action.CART_VIEWED


def _furthest_look(current: list[Event]) -> Action:
    """Actions on a cart, which may have been emptied since, count as looks at its products."""
    looks = [Action.PRODUCT if _is_about_the_cart(event) else action_of(event) for event in current]
    return max([*looks, *_repeated(current)], default=Action.NONE)


def _repeated(current: list[Event]) -> list[Action]:
    products = [read_product_id(event.properties) for event in current if tells(event, names.PRODUCT_VIEWED)]
    views = Counter(product for product in products if product)
    again = {
        Action.CONTENT_REPEATED: sum(tells(event, *CONTENT_TAKEN) for event in current) >= TAKEN_AGAIN,
        Action.REPEATED_PRODUCT: max(views.values(), default=0) >= REPEATS,
        Action.REPEATED_PRICING: sum(map(is_about_prices, current)) >= REPEATS,
    }
    return [action for action, is_so in again.items() if is_so]


def _category_focus(current: list[Event]) -> float:
    """A view without a category lowers the share: what is unknown is no focus. A choice without says nothing."""
    views = [_category(event) for event in current if tells(event, *_VIEWS)]
    choices = [category for event in current if tells(event, *_CHOICES) if (category := _category(event))]
    known = Counter(category for category in (*views, *choices) if category)
    return max(known.values(), default=0) / max(len(views) + len(choices), 1)


def _category(event: Event) -> str:
    category = event.properties.get("category")
    return category.strip().casefold() if isinstance(category, str) else ""


def _stage(deepest: Action, *, has_ordered: bool) -> Stage:
    if deepest >= Action.CART_VIEWED:
        return Stage.PURCHASE
    if has_ordered:
        return Stage.RETENTION
    return Stage.CONSIDERATION if deepest >= Action.CONTENT_TAKEN else Stage.AWARENESS


def _speaks_well(events: list[Event], since: datetime) -> bool:
    """Whether they still take part: praised a product, or clicked in a mail."""
    recent = [event for event in events if event.occurred_at > since]
    return any(is_praise(event) or tells(event, names.EMAIL_LINK_CLICKED) for event in recent)


def _session_that_counts(sessions: list[list[Event]], current: list[Event], cart: list[Event]) -> list[Event]:
    """The one that last touched the cart, for a look at the homepage later takes nothing back; else the latest."""
    deciding = (cart or current)[-1:]
    return next((session for session in sessions if any(event is deciding[0] for event in session)), [])


def _total_time(sessions: list[list[Event]], name: str) -> timedelta:
    return sum((time_on(session, lambda event: tells(event, name)) for session in sessions), timedelta())
