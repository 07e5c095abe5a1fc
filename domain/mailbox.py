"""Whose mailbox is meant: what was agreed to or refused was said for one. Pure.

Two customers may turn out to be one person by the word of anybody's page (`domain.visitor`). Where they have different
addresses, a yes for the one is none for the other, and neither is a no.
"""

from collections.abc import Sequence

from domain.customer import Customer
from domain.event import Event
from domain.profile import Permission, read_traits
from domain.withdrawal import read_withdrawal


def share_mailbox(known: Customer, other: Customer) -> bool:
    """Whether `other`, who turns out to be `known`, has the same address, or brings the first."""
    return known.email is None or known.email == other.email


def goes_along(known: Customer | None, other: Customer, cause: Event) -> bool:
    """Whether consents, opt-outs and choices of `other` become those of whom it turns out to be.

    Without an address, they were said by whoever is there: a backend is believed that this is `known`, a page is not.

    Args:
        known: None for somebody new.
        other: the former id.
        cause: what said so.
    """
    if known is None or share_mailbox(known, other):
        return True
    return other.email is None and not cause.public


def binds(event: Event, permissions: Sequence[Permission]) -> bool:
    """Whether an event says something for a mailbox: a yes or a no."""
    withdrawal = read_withdrawal(event)
    return bool(permissions) or (withdrawal is not None and withdrawal.opt_out is not None)


def tells_of_mailbox(event: Event) -> bool:
    """Whether anybody's page says which mailbox somebody has. Where something was said for one, it is not changed."""
    return event.public and "email" in read_traits(event)
