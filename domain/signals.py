"""What a running enrollment can be told, by any backend in any language: the payloads of its Temporal signals.

Signal names are the class names in lower case (`observe` for `Observation`) and are frozen: clients in other
languages use them. Renaming one takes several deploys. Every signal names the event it reports; an event that was
seen before changes nothing.
"""

from typing import Final

from pydantic import Field

from domain.model import CustomerId, Instant, WireValue


class Signal(WireValue):
    """Something the customer did. `occurred_at` is product time; left out, it is the moment of arrival.

    One signal may stand for a burst: several events of one kind about one thing. Then `others` are the ids of all but
    one of them, and `occurred_at` is when the latest happened.
    """

    event_id: str = Field(min_length=1)
    occurred_at: Instant | None = None
    others: tuple[str, ...] = ()
    """Ids of further events it stands for."""
    more: int = Field(default=0, ge=0)
    """Further events it stands for whose ids are not named any more: what a step reads instead of `others`."""

    @property
    def count(self) -> int:
        """How many events it stands for."""
        return 1 + len(self.others) + self.more

    @property
    def subject(self) -> tuple[object, ...]:
        """What it is about: to a journey, signals of one kind and subject say the same thing."""
        return ()


class Click(Signal):
    """The customer followed a link of one of our mails."""

    message: str | None = None
    """Ledger id of the mail, when known."""
    link: int | None = None

    @property
    def subject(self) -> tuple[object, ...]:
        """The mail and the link."""
        return (self.message, self.link)


class Revisit(Signal):
    """The customer came back to the site: the first activity after half an hour away."""


class Purchase(Signal):
    """The customer ordered. `revenue` in the shop's currency."""

    revenue: float = Field(default=0.0, allow_inf_nan=False)
    order_id: str | None = None

    @property
    def subject(self) -> tuple[object, ...]:
        """The order; one without an id is told apart by its event."""
        return (self.event_id,) if self.order_id is None else (self.order_id, "order")


class Unsubscribe(Signal):
    """The customer wants no more mail. No topic: from all marketing."""

    topic: str | None = None

    @property
    def subject(self) -> tuple[object, ...]:
        """The topic."""
        return (self.topic,)


class Observation(Signal):
    """Any other event a journey may react to or end with, by its name."""

    name: str = Field(min_length=1)
    about: str | None = None
    """What it is about, where a customer has one enrollment per thing, e.g. the order id of a refund."""

    @property
    def subject(self) -> tuple[object, ...]:
        """The event's name, and what it is about."""
        return (self.name, self.about)


SIGNAL_NAMES: Final[dict[type[Signal], str]] = {
    Click: "click",
    Revisit: "revisit",
    Purchase: "purchase",
    Unsubscribe: "unsubscribe",
    Observation: "observe",
}
"""Every kind of signal, and the name it has on the wire."""

JOIN: Final = "join"


class Join(WireValue):
    """What the dispatcher tells an enrollment whose customer turned out to be another. Nothing a step waits for.

    It names the enrollment, since the workflow id may be a later one's by now. Told twice it changes nothing.
    """

    enrollment: str
    customer: CustomerId
    """Whose the enrollment is now."""
    superseded_by: str | None = None
    """Workflow id of the enrollment that goes on in place of this one, which ends."""
