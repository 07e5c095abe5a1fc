"""What a browser's key may say. It stands in a web page, so that anybody may send anything with it, about anybody.

Why each of these rules is there: docs/decisions/0031-a-key-that-anybody-has.md.
"""

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from pydantic import ConfigDict

from domain.customer import Customer
from domain.errors import NotAllowedError
from domain.event import (
    CONCLUDED,
    CUSTOMER_ERASED,
    DATA_REQUEST_CONFIRMED,
    DATA_REQUESTS,
    LONGEST_MESSAGE_ID,
    ORDER_CANCELLED,
    ORDER_REFUNDED,
    SUBSCRIPTION_CANCELLED,
    SUBSCRIPTION_RENEWED,
    SUBSCRIPTION_UPDATED,
    UNSUBSCRIBED,
    WEBINAR_CANCELLED,
    Event,
    EventType,
)
from domain.identity import ANONYMOUS_PREFIX
from domain.ignored import BACKENDS_ONLY, without
from domain.model import Value
from domain.soundness import join
from domain.wording import as_words, with_words

PREFIX = "browser:"
"""Of message ids. Else whoever guesses the id of an event to come could take its place."""

_BY_MAIL = "Email "
"""What the events of the Segment spec for email begin with."""

_OWN = (UNSUBSCRIBED, *CONCLUDED, CUSTOMER_ERASED, *DATA_REQUESTS, DATA_REQUEST_CONFIRMED)
"""What Segue concludes itself, what its operator says, or a recipient by the links of a mail."""

_BOOKED = (
    ORDER_CANCELLED,
    ORDER_REFUNDED,
    SUBSCRIPTION_UPDATED,
    SUBSCRIPTION_RENEWED,
    SUBSCRIPTION_CANCELLED,
    WEBINAR_CANCELLED,
)
"""What becomes of something bought or booked. It takes mails away that a customer is owed, or puts them off, and is
known to billing. What visitors do on the page ends journeys as well, and may be reported: products put into the cart,
checkouts, orders, subscriptions begun, products shared, recordings watched."""

_NEVER = (*_OWN, *_BOOKED)

_WHO = ("email", "name", "firstName", "first_name", "lastName", "last_name", "birthday")
"""Traits that say whom mails go to, how they are addressed, and when they are congratulated."""

_FOR_THE_GATE = ("segment", "best_hour", "bestHour")
"""Traits that decide how many mails come, and when; see `domain.preferences`."""

_FIRST_ONLY = {"timezone": ("timezone",), "locale": ("locale", "language")}
"""Fields of a customer that decide when mails come and how they read, with their traits: the first that is told stays.
"""

_ELSEWHERE = ("referrer",)
"""Properties that lead to other sites by nature, and are never shown."""

_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*:[/\\]{2,}\S+|(?<!:)//\S+|(?:(?<=\s)|^)(?:www\.\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/\S*)",
    re.IGNORECASE,
)
"""With a scheme, without, and what mail programs make a link of: `www.…`, and a host with a path."""


class BrowserPolicy(Value):
    """What browsers' keys are trusted with, beyond what they always are."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    refuses: tuple[str, ...] = ()
    """Events that browsers' keys may not report, by name; of orders, say, where the backend reports these."""
    addresses: bool = True
    """Whether they may tell addresses: a visitor's, and the first of somebody with a user id."""
    owes: bool = False
    """Whether mail is owed by their word alone, such as an order's confirmation. Anybody with the key can then have
    mail sent to any address, so it is for shops that report orders from pages alone."""
    hosts: tuple[str, ...] = ()
    """Further hosts that links and pictures of products may lead to; the shop's own always may."""


class Visitors:
    """Admits what browsers report.

    Args:
        policy: what they are trusted with.
        addresses: web addresses of the shop's own, whose hosts links may lead to.
    """

    def __init__(self, policy: BrowserPolicy, *addresses: str) -> None:
        self._policy = policy
        named = (*policy.hosts, *(urlsplit(address).hostname or "" for address in addresses))
        self._hosts = tuple(host.lower().removeprefix("www.") for host in named if host)

    def admit(self, event: Event, path: str = "") -> Event:
        """The event as a browser may report it: less what it may not say of a person, see `domain.ignored`.

        Args:
            event: as it was read from the call.
            path: where in the body the call stands, e.g. `batch.3`.

        Raises:
            NotAllowedError: it says what only a backend may say.
        """
        self._refuse(event, path)
        event = without(event, BACKENDS_ONLY)
        update: dict[str, Any] = {
            "public": True,
            "message_id": _own_id(event.message_id),
            "properties": self._fit(event.properties),
            "context": self._context(event),
        }
        if event.type is EventType.ALIAS:
            # The spec allows user ids here as well. By one of these anybody could become anybody.
            update |= {"anonymous_id": event.previous_id, "previous_id": None}
        admitted = event.model_copy(update=update)
        # Also no visitor's: it would be taken along when they sign in.
        return admitted if self._policy.addresses else without_address(admitted)

    def _refuse(self, event: Event, path: str) -> None:
        if event.name.startswith(_BY_MAIL) or event.name in (*_NEVER, *self._policy.refuses):
            raise NotAllowedError(
                join(path, "event"),
                f"a browser's key may not report {event.name!r}: report it from your backend",
                reason="a browser's key may not report this event: report it from your backend",
            )
        if event.type is EventType.ALIAS and event.anonymous_id not in (None, event.previous_id):
            raise NotAllowedError(
                join(path, "previousId"),
                "a browser's key may name its own anonymousId alone: join user ids from your backend",
            )

    def _context(self, event: Event) -> dict[str, Any]:
        traits = event.context.get("traits")
        return event.context if traits is None else event.context | {"traits": self._fit(traits)}

    def _fit(self, value: Any) -> Any:
        """What mails may show of it: links to the shop alone, and words without any."""
        return with_words(self._without_links(value), as_words)

    def _without_links(self, value: Any) -> Any:
        """Leave out every text that leads to another site: mails show what products are called, and link to them."""
        match value:
            case dict():
                kept = ((key, each) for key, each in value.items() if key in _ELSEWHERE or not self._leads_away(each))
                return {key: self._without_links(each) for key, each in kept}
            case list():
                return [self._without_links(each) for each in value if not self._leads_away(each)]
            case _:
                return value

    def _leads_away(self, value: object) -> bool:
        return isinstance(value, str) and any(not self._is_own(each) for each in _ADDRESS.findall(value))

    def _is_own(self, address: str) -> bool:
        try:
            parts = urlsplit(address if "//" in address else f"//{address}")
        except ValueError:
            return False
        host = (parts.hostname or "").lower()
        at_home = any(host == own or host.endswith(f".{own}") for own in self._hosts)
        return at_home and parts.scheme.lower() in ("http", "https", "") and "\\" not in address and "@" not in address


def news_of(customer: Customer, traits: dict[str, Any], *, is_bound: bool = False) -> dict[str, Any]:
    """What a browser may tell of a customer: of one with a user id and an address, no other address and no name.

    Else whoever knows a user id would have that customer's mails sent to themselves. What the gate goes by is left out
    of anybody's: a visitor may turn out to be a customer, who takes over what they lack.

    Args:
        customer: as known so far.
        traits: those of the call.
        is_bound: something was agreed to or refused for the address they have, which therefore stays.
    """
    left_out = {*_FOR_THE_GATE}
    if _is_known(customer):
        left_out |= {*_WHO, *_told_already(customer)}
    elif is_bound and customer.email is not None:
        left_out.add("email")
    return {name: value for name, value in traits.items() if name not in left_out}


def profile_of(customer: Customer, said: dict[str, str]) -> dict[str, str]:
    """Of the fields that a browser's call tells of a customer, those that are taken in; see `news_of`."""
    fixed = [name for name in _FIRST_ONLY if _is_known(customer) and getattr(customer, name)]
    return {name: value for name, value in said.items() if name not in fixed}


def taken_over(known: Customer, visitor: Customer) -> dict[str, Any]:
    """The traits of a visitor that go to the customer they turn out to be, who has an address of their own.

    Anybody may have told what the visitor is called, and anybody may say that they are this customer.
    """
    left_out = {*_WHO, *_FOR_THE_GATE, *BACKENDS_ONLY, *_told_already(known)}
    return {name: value for name, value in visitor.traits.items() if name not in left_out}


def _is_known(customer: Customer) -> bool:
    return customer.email is not None and not customer.id.startswith(ANONYMOUS_PREFIX)


def _told_already(customer: Customer) -> list[str]:
    """Traits of fields that are known, and are not told anew."""
    return [trait for name, traits in _FIRST_ONLY.items() if getattr(customer, name) for trait in traits]


def _own_id(message_id: str) -> str:
    own = f"{PREFIX}{message_id}"
    return own if len(own) <= LONGEST_MESSAGE_ID else f"{PREFIX}{hashlib.sha256(message_id.encode()).hexdigest()}"


def without_address(event: Event) -> Event:
    """An event less the address that it tells."""
    context = event.context
    if isinstance(context.get("traits"), dict):
        context = context | {"traits": _less_email(context["traits"])}
    return event.model_copy(update={"properties": _less_email(event.properties), "context": context})


def _less_email(traits: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in traits.items() if name != "email"}
