"""What the world has in store: asked by the virtual performer wherever production asks the world."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from domain.intent import Intent
from domain.message import MessageStatus
from domain.moments import Moment
from domain.offer import Offer
from domain.signals import Signal
from workflows.vocabulary import verbs
from workflows.vocabulary.verbs import SIGNAL_WORDS


class Cancel:
    """An operator cancels the enrollment. Arrives as signals do."""


Arrival = tuple[datetime, Signal | Cancel]


class Allowed(NamedTuple):
    """What the gate is told of a customer besides their mails and the time; fields as in `domain.gate.GateFacts`."""

    has_address: bool = True
    suppression: str | None = None
    sunset: str | None = None
    opted_out: bool = False
    consent: bool | None = True
    consent_misreported: bool = False
    last_seen_at: datetime | None = None
    best_hour: int | None = None
    at_most_every: timedelta | None = None
    wants_none: bool = False
    paused_until: datetime | None = None
    segment: str | None = None
    unconfirmed: bool = False


FREE = Allowed()
"""Everything may go."""


class Fate(Protocol):
    """What the world has in store for one verb."""

    def arrival(self, now: datetime, until: datetime) -> Arrival | None:
        """What arrives next, from `now` until `until` inclusive; asked again after each."""

    def allowed(self, now: datetime) -> Allowed:
        """Whether the customer may be mailed now."""

    def ends_before_mail(self) -> Signal | None:
        """An event that is committed just before the hand-over, and told a moment later."""

    def handed_over(self, template: str) -> MessageStatus:
        """What the mail server makes of a mail: sent, unknown or refused."""

    def arrives_while_sending(self) -> Signal | None:
        """A signal that comes while the mail is being handed over."""

    def last_activity(self, names: tuple[str, ...], now: datetime, since: datetime) -> datetime | None:
        """When the customer last did one of these things, up to now; `since` is the last time known."""

    def moment(self, moment: Moment, now: datetime) -> datetime | None:
        """When a declared moment is, as far as anybody has reported it by now."""

    def fact(self, verb: "verbs.ReadFact[Any]", now: datetime) -> object:
        """What a fact says."""

    def intent(self, now: datetime) -> Intent:
        """The customer's intent."""

    def offer(self, now: datetime) -> Offer:
        """What the policy grants."""

    def variant(self, verb: verbs.ChooseVariant) -> str:
        """The customer's variant."""

    def since(self, change: str) -> bool:
        """Whether the enrollment comes to a change of the code after it was deployed."""


def in_words_of(arrived: Signal | Cancel) -> str:
    """What arrived, as a person would say it."""
    if isinstance(arrived, Cancel):
        return "an operator cancels"
    name = getattr(arrived, "name", None)
    return f"“{name}”" if name else SIGNAL_WORDS[type(arrived)]
