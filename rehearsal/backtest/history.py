"""What a recording says of everybody: its events in order of time, folded as `storage.commit` folds them. Pure.

Folded once, however many versions of a journey are run over it. Each event is a commit of its own, so an anonymous
visitor is somebody of their own until a call says who they are, as when events are reported while they happen.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from domain.customer import Customer
from domain.event import Event, StoredEvent
from domain.folding import Folded, absorb, fold, is_order, order_id
from domain.identity import ANONYMOUS_PREFIX, Key, keys_of, resolve
from domain.mailbox import goes_along
from domain.withdrawal import HARD_BOUNCE, read_withdrawal
from rehearsal.backtest.timeline import Barred, Mailboxes, Said, Timeline, Told


class History:
    """A folded recording.

    Args:
        events: in any order; one that stands in it twice counts once.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.timelines: dict[str, Timeline] = {}
        """By customer, in the order in which they first appear."""
        self._people = _People()
        self._orders: dict[str, int] = {}
        self._mailboxes = Mailboxes()
        self._seq = 0
        distinct: dict[str, Event] = {}
        for event in events:
            distinct.setdefault(event.message_id, event)
        ordered = sorted(distinct.values(), key=lambda event: event.occurred_at)
        self.events = len(ordered)
        self.begins: datetime | None = ordered[0].occurred_at if ordered else None
        self.ends: datetime | None = ordered[-1].occurred_at if ordered else None
        for event in ordered:
            self._commit(event)

    @property
    def customers(self) -> int:
        """How many people it is about; an anonymous visitor who turned out to be one of them is not counted twice."""
        return sum(timeline.heir is None for timeline in self.timelines.values())

    def _commit(self, event: Event) -> None:
        customer, joins = self._people.find(event)
        for old, new in joins:
            self._join(old, new, event)
        self._fold(event, self._timeline(customer))

    def _fold(self, event: Event, timeline: Timeline) -> None:
        known_order = self._orders.get(order_id(event)) if is_order(event) else None
        is_bound = bool(timeline.said or timeline.opt_outs)
        folded = fold(timeline.newest, event, customer_id=timeline.customer, known_order=known_order, is_bound=is_bound)
        if folded.order is not None:
            self._orders[folded.order.order_id] = folded.order.nth
        self._seq += 1
        stored = StoredEvent(
            seq=self._seq,
            customer=timeline.customer,
            event=event,
            nth=folded.nth,
            starts_visit=folded.starts_visit,
            repeats=folded.repeats,
        )
        timeline.tell(Told(stored, folded.customer))
        self._permit(event, folded, timeline)
        for derived in folded.derived:
            self._fold(derived, timeline)

    def _permit(self, event: Event, folded: Folded, timeline: Timeline) -> None:
        """Keep what was agreed to, refused and withdrawn. Saying the same again adds nothing."""
        at = event.occurred_at
        for permission in folded.permissions:
            last = next((each for each in reversed(timeline.said) if each.topic == permission.topic), None)
            if last is None or last.granted != permission.granted:
                timeline.said.append(Said(at, permission.topic, permission.granted, at))
        withdrawal = read_withdrawal(event)
        if withdrawal is None:
            return
        if withdrawal.opt_out is not None:
            timeline.opt_outs.append(Barred(at, withdrawal.opt_out))
        if withdrawal.suppression is not None:
            barred = Barred(at, withdrawal.suppression, folded.customer.email)
            # As in `storage.permissions`: a mailbox that is gone says nothing about the next one.
            if withdrawal.suppression != HARD_BOUNCE or barred.address is None:
                timeline.suppressions.append(barred)
            if barred.address is not None:
                self._mailboxes.barred.setdefault(barred.address, barred)

    def _join(self, old: str, new: str, cause: Event) -> None:
        """Give a known customer what was folded of an anonymous one, and whatever happens to them from now on."""
        left = self.timelines.get(old)
        if left is None or left.newest is None:
            return
        taken, known, at = self._timeline(new), left.newest, cause.occurred_at
        along = goes_along(taken.newest, known, cause)
        joined = absorb(taken.newest, known, customer_id=new, by_page=cause.public)
        taken.learn(joined, at)
        left.learn(Customer(id=old, first_seen_at=known.first_seen_at, last_seen_at=known.last_seen_at), at)
        events = [stored for _, stored in left.inherited] + [told.stored for told in left.told]
        taken.inherited += [(at, stored.model_copy(update={"customer": new})) for stored in events]
        if along:
            taken.said += [each._replace(since=at) for each in left.said]
            taken.opt_outs += [each._replace(since=at) for each in left.opt_outs]
        # What was complained about at an address that a visitor mistyped is no word of the customer's.
        own = {None, joined.email}
        theirs = [each for each in left.suppressions if each.address in own or not old.startswith(ANONYMOUS_PREFIX)]
        taken.suppressions += [each._replace(since=at) for each in theirs]
        left.becomes(taken, at, self._seq + 1)

    def _timeline(self, customer: str) -> Timeline:
        if customer not in self.timelines:
            self.timelines[customer] = Timeline(customer, self._mailboxes)
        return self.timelines[customer]


class _People:
    """Whose each event is, by what was told of ids before."""

    def __init__(self) -> None:
        self._written: dict[Key, str] = {}
        self._joined: dict[str, str] = {}

    def find(self, event: Event) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The event's customer, and which ids turn out to be somebody else: (old, new)."""
        known = {key: self._now(self._written[key]) for key in keys_of(event) if key in self._written}
        found = resolve([event], known, made_up=_id_of)
        self._written.update(found.aliases)
        self._joined.update(found.joins)
        return found.customers[0], found.joins

    def _now(self, customer: str) -> str:
        while customer in self._joined:
            customer = self._joined[customer]
        return customer


def _id_of(key: Key) -> str:
    """The store draws these by lot; a backtest must come out the same each time."""
    return f"c-{hashlib.sha256(':'.join(key).encode()).hexdigest()[:16]}"
