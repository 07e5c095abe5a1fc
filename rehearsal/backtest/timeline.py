"""One customer's recorded events in order, and what was known of the customer at any moment."""

from bisect import bisect_right
from collections.abc import Collection
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from domain.consent import standing
from domain.customer import Customer
from domain.enrollment import Occasion
from domain.event import StoredEvent
from domain.ignored import misreported_consent
from domain.intent import DEFAULT_THRESHOLDS, Thresholds
from domain.portrait import LOOK_BACK, MOST_EVENTS, Portrait
from domain.preferences import read_preferences
from domain.profile import ALL_MARKETING
from rehearsal.fate import Allowed


class Told(NamedTuple):
    """An event that journeys are told of, and what was known right after it."""

    stored: StoredEvent
    customer: Customer

    @property
    def at(self) -> datetime:
        """When it happened, which in a backtest is also when it was reported."""
        return self.stored.event.occurred_at


class Said(NamedTuple):
    """A customer agreed to a topic, or refused it. `since` is when that was known to be this customer's word."""

    since: datetime
    topic: str
    granted: bool
    at: datetime


class Barred(NamedTuple):
    """Something forbids mail: a topic the customer opted out of, or a reason for which nothing may go."""

    since: datetime
    what: str
    address: str | None = None
    """What the customer had for an address when it was said."""


class Mailboxes:
    """What a recording says of addresses, whoever has them. Written with the timelines."""

    def __init__(self) -> None:
        self.barred: dict[str, Barred] = {}
        """Why nothing may go to an address: what was said first."""
        self._holders: dict[str, dict[str, Timeline]] = {}

    def note(self, holder: "Timeline", address: str) -> None:
        """Somebody has an address from now on."""
        self._holders.setdefault(address, {})[holder.customer] = holder

    def sharers(self, address: str, now: datetime) -> list["Timeline"]:
        """Who had an address at a moment."""
        return [each for each in self._holders.get(address, {}).values() if each.address(now) == address]


class Timeline:
    """What a recording says of one customer. Written in order of time by `history`, read as of any moment."""

    def __init__(self, customer: str, mailboxes: Mailboxes) -> None:
        self.customer = customer
        self.told: list[Told] = []
        self.said: list[Said] = []
        self.opt_outs: list[Barred] = []
        self.suppressions: list[Barred] = []
        self.inherited: list[tuple[datetime, StoredEvent]] = []
        """What was reported under an id the customer had before, and since when it is known as theirs."""
        self.heir: Timeline | None = None
        """Whoever this turned out to be, and who has taken everything over."""
        self.gone_at: datetime | None = None
        """When that was told."""
        self.gone_with = 0
        """By which event; see `domain.event.StoredEvent.seq`."""
        self.addresses: set[str] = set()
        """All that they ever had."""
        self._mailboxes = mailboxes
        self._told_at: list[datetime] = []
        self._facts: list[Customer] = []
        self._facts_at: list[datetime] = []

    def tell(self, told: Told) -> None:
        """Add an event."""
        self.told.append(told)
        self._told_at.append(told.at)
        self.learn(told.customer, told.at)

    def learn(self, customer: Customer, at: datetime) -> None:
        """Change what is known."""
        self._facts.append(customer)
        self._facts_at.append(at)
        if customer.email is not None:
            self.addresses.add(customer.email)
            self._mailboxes.note(self, customer.email)

    @property
    def newest(self) -> Customer | None:
        """What is known after all events so far."""
        return self._facts[-1] if self._facts else None

    def becomes(self, heir: "Timeline", at: datetime, seq: int) -> None:
        """This is somebody else from now on."""
        self.heir, self.gone_at, self.gone_with = heir, at, seq

    def at(self, now: datetime) -> "Timeline":
        """The timeline of whom this was known to be at a moment."""
        if self.heir is None or self.gone_at is None or now < self.gone_at:
            return self
        return self.heir.at(now)

    @cached_property
    def story(self) -> tuple[Told, ...]:
        """What enrollments that begin under this id are told of: its own events, then those of whom it became.

        To be asked for once all is written.
        """
        if self.heir is None:
            return tuple(self.told)
        return (*self.told, *(told for told in self.heir.story if told.stored.seq >= self.gone_with))

    def facts(self, now: datetime) -> Customer:
        """What was known then, by everything that had happened up to and including that moment."""
        if (whose := self.at(now)) is not self:
            return whose.facts(now)
        return self._facts[max(bisect_right(self._facts_at, now) - 1, 0)]

    def address(self, now: datetime) -> str | None:
        """Where their mail went at a moment; None also for whoever was not there yet, or is somebody else by then."""
        known = self.at(now) is self and bool(self._facts_at) and self._facts_at[0] <= now
        return self.facts(now).email if known else None

    def sharers(self, now: datetime) -> list["Timeline"]:
        """Whose mail went to the same address at a moment: theirs always."""
        address = self.address(now)
        found = self._mailboxes.sharers(address, now) if address is not None else []
        return found if self in found else [*found, self]

    def events(self, now: datetime) -> list[StoredEvent]:
        """What had happened by then."""
        if (whose := self.at(now)) is not self:
            return whose.events(now)
        own = [told.stored for told in self.told[: bisect_right(self._told_at, now)]]
        return [stored for since, stored in self.inherited if since <= now] + own

    def portrait(self, occasion: Occasion, now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Portrait:
        """What a fact or a trigger was told at a moment."""
        events = [each for each in self.events(now) if each.event.occurred_at >= now - LOOK_BACK]
        recent = tuple(sorted(events, key=lambda each: (each.event.occurred_at, each.seq))[-MOST_EVENTS:])
        began = next((each.event.properties for each in events if each.seq == occasion.seq), {})
        return Portrait(now, self.facts(now), occasion, began, recent, thresholds)

    def last(self, names: Collection[str], now: datetime) -> datetime | None:
        """When the customer last did one of these things."""
        return max(
            (stored.event.occurred_at for stored in self.events(now) if stored.event.name in names), default=None
        )

    def allowed(self, topic: str, now: datetime) -> Allowed:
        """What was on record then of whether mail about a topic may go."""
        if (whose := self.at(now)) is not self:
            return whose.allowed(topic, now)
        facts = self.facts(now)
        return Allowed(
            has_address=facts.email is not None,
            suppression=self._suppression(facts.email, now),
            opted_out=any(sharer.has_left(topic, now) for sharer in self.sharers(now)),
            consent=standing(self._said_last(topic, now), self._said_last(ALL_MARKETING, now)),
            consent_misreported=misreported_consent(facts.traits),
            last_seen_at=facts.last_seen_at,
            **dict(read_preferences(facts.traits)),
        )

    def has_left(self, topic: str, now: datetime) -> bool:
        """Whether this very customer had opted out by then."""
        return any(each.what in (topic, ALL_MARKETING) for each in self.opt_outs if each.since <= now)

    def _suppression(self, email: str | None, now: datetime) -> str | None:
        barred = self._mailboxes.barred
        of_address = [barred[email]] if email in barred else []
        said = [each for each in (*self.suppressions, *of_address) if each.since <= now]
        return min(said, key=lambda each: each.since).what if said else None

    def _said_last(self, topic: str, now: datetime) -> Said | None:
        said = [each for each in self.said if each.topic == topic and each.since <= now]
        return max(said, key=lambda each: each.at, default=None)
