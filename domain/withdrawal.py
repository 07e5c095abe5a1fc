"""What an event takes away for good: the permission to write to somebody. It outlasts the journeys that run now."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from domain.basket import read_text
from domain.event import EMAIL_BOUNCED, EMAIL_COMPLAINED, LONGEST_MESSAGE_ID, UNSUBSCRIBED, Event
from domain.model import Value
from domain.profile import ALL_MARKETING

HARD_BOUNCE = "hard bounce"
COMPLAINT = "complaint"
"""Reasons of suppressions, as the ledger and the gate tell them."""

_SOFT = ("soft", "transient", "deferred", "block")
"""How providers call a bounce that may pass."""

_BOUNCE_TYPE = ("bounce_type", "bounceType", "type")

FORMER_ADDRESS = "former_address"
"""Property, true, of an event about a mail to an address that the customer has left since."""

_OF_AN_ADDRESS = (EMAIL_BOUNCED, EMAIL_COMPLAINED)


class Page(StrEnum):
    """A page of our own on which a recipient may leave.

    The ids of what they report begin with the value. They are stored: a value stays as it is.
    """

    UNSUBSCRIBE = "unsubscribe"
    """Behind a mail's link: out at once."""
    CENTRE = "left"
    """The preference centre."""


_SOURCES: Final[Mapping[Page, str]] = {Page.UNSUBSCRIBE: "{}", Page.CENTRE: "preference centre, {}"}
"""Of the refusal that a page reports, by the mail whose link led there."""


class Withdrawal(Value):
    """Either a topic the customer opted out of (`*`: all marketing), or why nothing at all may go to the address."""

    opt_out: str | None = None
    suppression: str | None = None


def report_id(page: Page, message: str, *more: str) -> str:
    """The message id of an `Unsubscribed` of our own."""
    return "-".join((page, message, *more))[:LONGEST_MESSAGE_ID]


def said_on(page: Page, message: str) -> str:
    """The source of a refusal on one of our pages, by a mail's link."""
    return _SOURCES[page].format(message)


def source_of(event: Event) -> str:
    """Where that was said which an event withdraws. What our own page reports is one refusal with the page's own."""
    message = read_text(event.properties.get("message"))
    for page in Page if event.name == UNSUBSCRIBED and message else ():
        if event.message_id.startswith(report_id(page, message)):
            return said_on(page, message)
    return f"event {event.message_id}"


def read_withdrawal(event: Event) -> Withdrawal | None:
    """What an event withdraws; None when nothing."""
    if is_of_former_address(event):
        return None
    match event.name:
        case str(name) if name == UNSUBSCRIBED:
            return Withdrawal(opt_out=read_text(event.properties.get("topic")) or ALL_MARKETING)
        case str(name) if name == EMAIL_COMPLAINED:
            return Withdrawal(suppression=COMPLAINT)
        case str(name) if name == EMAIL_BOUNCED and not is_soft_bounce(event):
            return Withdrawal(suppression=HARD_BOUNCE)
        case _:
            return None


def is_soft_bounce(event: Event) -> bool:
    """Whether a bounce says of itself that it may pass, in `bounce_type`, `bounceType` or `type`."""
    kind = read_text(next(filter(None, (event.properties.get(name) for name in _BOUNCE_TYPE)), None)).lower()
    return event.name == EMAIL_BOUNCED and kind.startswith(_SOFT)


def is_of_former_address(event: Event) -> bool:
    """Whether it is a bounce of, or a complaint from, an address that the customer has left: that one alone is shut."""
    return event.name in _OF_AN_ADDRESS and event.properties.get(FORMER_ADDRESS) is True


def may_pass(event: Event) -> bool:
    """Whether a bounce or complaint leaves the customer where they were, so that no journey needs to hear of it."""
    return is_soft_bounce(event) or is_of_former_address(event)
