"""What an enrollment is about, as its mails show it: read from the event that began it and from later ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain import basket
from domain import event as names
from domain.event import StoredEvent
from domain.moments import EVENT_END, EVENT_START, RENEWAL, Moment
from mail.context import About

_RENEWS: Final = (names.SUBSCRIPTION_UPDATED, names.SUBSCRIPTION_RENEWED)

CHANGES: Final = dict.fromkeys((names.SUBSCRIPTION_STARTED, *_RENEWS), _RENEWS) | {
    names.TRIAL_STARTED: (names.TRIAL_STARTED,),
    names.WEBINAR_REGISTERED: (names.WEBINAR_REGISTERED,),
}
"""By the event that began an enrollment, those that change what it is about."""

_SAME: Final = {names.TRIAL_STARTED: "trial_id", names.WEBINAR_REGISTERED: "webinar_id"}
"""By the event that began an enrollment, the property by which the others name the same thing."""
_MOST_YEARS: Final = 150

_TEXTS: Final = {
    "title": ("title", "name"),
    "url": ("url",),
    "topic": ("topic",),
    "industry": ("industry",),
    "plan": ("plan", "plan_name"),
    "recording_url": ("recording_url",),
    "guide_url": ("guide_url",),
    "manage_url": ("manage_url",),
    "level": ("level", "tier", "loyalty_tier"),
}
"""Fields of `About`, and the properties they are read from; the first that says something counts."""


def read_about(began: StoredEvent | None, later: Sequence[StoredEvent], zone: ZoneInfo) -> About:
    """Read it.

    Args:
        began: the event that began the enrollment; None: an operator did, and it is about nothing.
        later: events of the names that `CHANGES` has for it, the oldest first.
        zone: the customer's, which the moments are given in.
    """
    if began is None or is_about_a_product(began):
        return About()
    said = [began, *(each for each in later if each.seq > began.seq and _is_same(each, began))]
    properties = {name: value for each in said for name, value in each.event.properties.items() if value is not None}
    texts = {field: _first(properties, keys) for field, keys in _TEXTS.items()}
    return About(
        **texts | {"industry": texts["industry"].lower()},
        starts_at=_moment(EVENT_START, said, zone),
        ends_at=_moment(EVENT_END, said, zone),
        renews_at=_moment(RENEWAL, said, zone),
        years=int(min(max(basket.read_number(properties.get("years")) or 0, 0), _MOST_YEARS)),
    )


def is_about_a_product(stored: StoredEvent) -> bool:
    """Whether its properties are those of a product, whose name is no title of anything else."""
    return any(basket.read_text(stored.event.properties.get(key)) for key in ("product_id", "productId", "sku"))


def _first(properties: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := basket.read_text(properties.get(key)))), "")


def _is_same(later: StoredEvent, began: StoredEvent) -> bool:
    same = _SAME.get(began.event.name, "subscription_id")
    about, told = (basket.read_id(each.event.properties.get(same)) for each in (began, later))
    return not about or not told or about == told


def _moment(moment: Moment, said: Sequence[StoredEvent], zone: ZoneInfo) -> datetime | None:
    found = moment.read(said, None, zone.key, zone.key)
    return found.astimezone(zone) if found is not None else None
