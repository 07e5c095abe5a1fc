"""Evidence: what a single event says of a customer, before it is weighed against the others.

Pure reading of names and properties. An event nobody taught this module says nothing, and malformed properties count
as absent: any backend may send anything.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from domain import basket
from domain import event as names
from domain.event import Event, EventType
from domain.intent import Action

CLOSING: Final = (names.ORDER_COMPLETED, names.SUBSCRIPTION_STARTED)
"""The customer bought: it answers all that came before it."""

CONTENT_READ: Final = (names.CONTENT_VIEWED, names.GUIDE_OPENED)
CONTENT_TAKEN: Final = (names.CONTENT_DOWNLOADED, names.VIDEO_COMPLETED, names.WEBINAR_REGISTERED)
"""Content that cost the customer an address or some of their time."""

PRICING_PAGES: Final = frozenset({"pricing", "prices", "preise"})
"""A page or screen is one about prices if its name, or a part of its path, is one of these words."""

GOOD_RATING: Final = 4
"""Of five stars: a review of so many speaks for the product."""

ACTIONS: Final[Mapping[str, Action]] = {
    names.EMAIL_OPENED: Action.MAIL_OPENED,
    names.EMAIL_LINK_CLICKED: Action.HOMEPAGE,  # came to the site; where to, the next event tells
    names.SIGNED_UP: Action.HOMEPAGE,
    names.PRODUCT_REVIEWED: Action.HOMEPAGE,
    names.PROMOTION_CLICKED: Action.HOMEPAGE,  # one that was merely seen says nothing: every page shows some
    names.PRODUCT_LIST_VIEWED: Action.CATEGORY,
    names.PRODUCT_LIST_FILTERED: Action.CATEGORY,
    names.PRODUCTS_SEARCHED: Action.CATEGORY,
    **dict.fromkeys(CONTENT_READ, Action.CONTENT),
    **dict.fromkeys(CONTENT_TAKEN, Action.CONTENT_TAKEN),
    names.PRODUCT_VIEWED: Action.PRODUCT,
    names.PRODUCT_CLICKED: Action.PRODUCT,  # and no view: shops that report both would count it twice
    names.PRODUCT_SHARED: Action.PRODUCT,
    names.PRODUCT_REMOVED: Action.PRODUCT,
    names.PRODUCT_NO_LONGER_WISHED_FOR: Action.PRODUCT,
    names.PRICING_VIEWED: Action.PRICING,
    names.PRODUCT_WISHED_FOR: Action.WISHED,
    names.CART_VIEWED: Action.CART_VIEWED,
    names.CART_SHARED: Action.CART_VIEWED,
    names.PRODUCT_ADDED: Action.CART_ADDED,
    names.CHECKOUT_STARTED: Action.CHECKOUT,
    **dict.fromkeys(CLOSING, Action.CHECKOUT),  # counts as activity only: reading starts after it
}
"""What a track event of a name says by itself. A page or screen is `Action.HOMEPAGE`, or one about prices."""

_PAGES: Final = (EventType.PAGE, EventType.SCREEN)


def action_of(event: Event) -> Action:
    """What the customer did. NONE: the event is no activity of theirs, or none we can read."""
    if is_about_prices(event):
        return Action.PRICING
    if event.type is EventType.TRACK:
        return ACTIONS.get(event.name, Action.NONE)
    return Action.HOMEPAGE if is_page(event) else Action.NONE


def tells(event: Event, *track_names: str) -> bool:
    """Whether it is a track event of one of these names. A page may bear the same name, and is none."""
    return event.type is EventType.TRACK and event.name in track_names


def is_page(event: Event) -> bool:
    """Whether it is a page of the site or a screen of the app."""
    return event.type in _PAGES


def is_about_prices(event: Event) -> bool:
    """Whether the customer looked at prices: Pricing Viewed, or a page that is one of `PRICING_PAGES`."""
    if not is_page(event):
        return tells(event, names.PRICING_VIEWED)
    words = (event.name, *_path(event).split("/"))
    return not PRICING_PAGES.isdisjoint(word.strip().casefold() for word in words)


def is_about_content(event: Event) -> bool:
    """Whether the customer read, watched or downloaded something."""
    return tells(event, *CONTENT_READ, *CONTENT_TAKEN)


def is_praise(event: Event) -> bool:
    """Whether it is a review that speaks for a product."""
    rating = basket.read_number(event.properties.get("rating")) if tells(event, names.PRODUCT_REVIEWED) else None
    return rating is not None and rating >= GOOD_RATING


def _path(event: Event) -> str:
    """The page's path, from wherever the client put it; of an address, its path."""
    page = event.context.get("page")
    places: tuple[Mapping[str, Any], ...] = (event.properties, page if isinstance(page, Mapping) else {})
    for where in places:
        for name in ("path", "url"):
            if text := basket.read_text(where.get(name)):
                return _without_host(text)
    return ""


def _without_host(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:  # such as http://[
        return ""
