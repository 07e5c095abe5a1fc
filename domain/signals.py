"""What a running enrollment can be told, by any backend in any language: the payloads of its Temporal signals.

Signal names are the class names in lower case (`observe` for `Observation`) and are frozen: clients in other
languages use them. Renaming one takes several deploys. Every signal names the event it reports; an event that was
seen before changes nothing.
"""

from pydantic import Field

from domain.model import Instant, WireValue


class Signal(WireValue):
    """Something the customer did. `occurred_at` is product time; left out, it is the moment of arrival."""

    event_id: str = Field(min_length=1)
    occurred_at: Instant | None = None


class Click(Signal):
    """The customer followed a link of one of our mails."""

    message: str | None = None
    """Ledger id of the mail, when known."""
    link: int | None = None


class Revisit(Signal):
    """The customer came back to the site: the first activity after half an hour away."""


class Purchase(Signal):
    """The customer ordered. `revenue` in the shop's currency."""

    revenue: float = Field(default=0.0, allow_inf_nan=False)
    order_id: str | None = None


class Unsubscribe(Signal):
    """The customer wants no more mail. No topic: from all marketing."""

    topic: str | None = None


class Observation(Signal):
    """Any other event a journey may react to or end with, by its name."""

    name: str = Field(min_length=1)
    about: str | None = None
    """What it is about, where a customer has one enrollment per thing, e.g. the order id of a refund."""
