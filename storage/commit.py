"""One commit of events: whose they are, what is new, what it changes, written in a few statements.

The order of steps is what keeps concurrent commits right. Customers are locked before anything is compared with what is
stored, and events get their numbers after that: so a customer's events are numbered in the order in which they are
committed, and no fact is folded from a stale one.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.coupon import read_codes
from domain.customer import CartLine, Customer
from domain.errors import ContendedError
from domain.event import CUSTOMER_RETURNED, Event
from domain.folding import Folded, absorb, is_order, order_id
from domain.identity import ANONYMOUS_PREFIX, Resolution, tells_of_ids
from domain.mailbox import binds, goes_along, tells_of_mailbox
from domain.model import Instant
from domain.ordering import KnownOrder, cancelled, fold_known, known_as, passes_on, take_back
from domain.profile import normalise_email, read_traits
from domain.visitor import without_address
from domain.withdrawal import read_withdrawal, source_of
from storage.coupons import Coupons
from storage.customers import Customers
from storage.erasures import Erasures
from storage.feedback import Feedback
from storage.identities import Identities
from storage.joining import Joining
from storage.mailboxes import Mailboxes
from storage.permissions import Consent, Permissions
from storage.refusals import Refusals
from storage.repository import Repository
from storage.suppressions import Suppressions
from storage.tables import EVENTS, ORDERS

_FoldedEvent = tuple[Event, str, Folded]
"""An event, its customer, and what it led to."""


class Commit(Repository):
    """Stores one batch.

    Args:
        session: a writing one.
        dispatched_at: when it is taken for dispatched; None: it is to be.
        mailboxes: addresses to be held besides (`storage.locks`).
        of_known: message ids of events that are stored for customers who are there alone.
    """

    def __init__(
        self,
        session: AsyncSession,
        dispatched_at: Instant | None = None,
        mailboxes: Collection[str] = (),
        of_known: Collection[str] = (),
    ) -> None:
        super().__init__(session)
        self._dispatched_at, self._also_held, self._of_known = dispatched_at, mailboxes, of_known

    async def run(self, events: Sequence[Event]) -> frozenset[str]:
        """Store events of distinct message ids. Returns those of the new ones. Raises as `EventStore.commit` does."""
        identities, customers = Identities(self.session), Customers(self.session)
        events, resolution = await self._resolve(events)
        if not events:
            return frozenset()
        owners = {order.customer for order in (await self._known_orders(_backends(events))).values() if order.by_page}
        facts = await customers.hold_or_create(
            _first_seen(events, resolution), {*(old for old, _ in resolution.joins), *owners}
        )
        await Mailboxes(self.session).hold({*_mailboxes(events, resolution, facts), *self._also_held})
        await identities.write(resolution)
        await self._join(resolution, facts, {event.message_id: event for event in events})
        mailboxes = {customer.id: customer.email for customer in facts.values() if customer is not None}

        known = await self._stored_ids(events)
        new = [
            (event, whose)
            for event, whose in zip(events, resolution.customers, strict=True)
            if event.message_id not in known
        ]
        new = await self._less_crowded(new)
        bound = await Mailboxes(self.session).bound({whose for event, whose in new if tells_of_mailbox(event)})
        orders = await self._known_orders(events)
        _require_owners(new, orders, facts)
        folded = _fold_all(new, facts, dict(orders), bound)

        changed = {*(whose for _, whose, _ in folded), *(each for join in resolution.joins for each in join)}
        await customers.save(customer for each in sorted(changed) if (customer := facts.get(each)) is not None)
        seqs = await self._insert_events(folded, {event.message_id for event, _ in new})
        await self._write_orders(folded, seqs, orders)
        await self._redeem(folded)
        await Feedback(self.session).note([event for event, _, _ in folded])
        permissions, suppressions = Permissions(self.session), Suppressions(self.session)
        await permissions.record(_consents(folded))
        for event, whose, result in folded:
            await self._leave(whose, mailboxes.get(whose), result.customer.email)
            mailboxes[whose] = result.customer.email
            await _withdraw(permissions, suppressions, event, whose)
        return frozenset(event.message_id for event, _ in new)

    async def _resolve(self, events: Sequence[Event]) -> tuple[Sequence[Event], Resolution]:
        """Leave out what is stored already, or of somebody who had to be there, and find whose the rest is.

        What an event says of ids holds once: told again, an id that has passed on meanwhile would go back.
        """
        identities = Identities(self.session)
        fresh = await self._fresh(events) if any(map(tells_of_ids, events)) else events
        resolution = await identities.resolve(fresh)
        if resolution.aliases:
            # Now that this transaction alone may write ids down: another may have stored one of these until it could.
            still_fresh = await self._fresh(fresh)
            if len(still_fresh) < len(fresh):
                fresh, resolution = still_fresh, await identities.resolve(still_fresh)
        if gone := await self._of_gone(fresh, resolution):
            fresh = [event for event in fresh if event.message_id not in gone]
            resolution = await identities.resolve(fresh)
        return fresh, resolution

    async def _of_gone(self, events: Sequence[Event], resolution: Resolution) -> set[str]:
        """Events of customers who had to be there and are not. Nobody is forgotten from now on: ids are held."""
        whose = {
            event.message_id: {customer, *(old for old, new in resolution.joins if new == customer)}
            for event, customer in zip(events, resolution.customers, strict=True)
            if event.message_id in self._of_known
        }
        if not whose:
            return set()
        there = await Customers(self.session).load({customer for each in whose.values() for customer in each})
        return {message_id for message_id, theirs in whose.items() if theirs.isdisjoint(there)}

    async def _less_crowded(self, new: Sequence[tuple[Event, str]]) -> list[tuple[Event, str]]:
        """Leave out addresses that pages give to one more than may have them: each asks about all who have it."""
        told = {email for event, _ in new if tells_of_mailbox(event) and (email := _told_address(event)) is not None}
        crowded = await Mailboxes(self.session).crowded(told)
        return [
            (without_address(event) if tells_of_mailbox(event) and _told_address(event) in crowded else event, whose)
            for event, whose in new
        ]

    async def _fresh(self, events: Sequence[Event]) -> list[Event]:
        known = await self._stored_ids(events)
        return [event for event in events if event.message_id not in known]

    async def _join(
        self, resolution: Resolution, facts: dict[str, Customer | None], events: Mapping[str, Event]
    ) -> None:
        for old, new in resolution.joins:
            if (theirs := facts.get(old)) is None:
                continue
            cause = events[resolution.causes[old]]
            along = goes_along(facts.get(new), theirs, cause)
            mailbox = _mailbox_of(facts.get(new), theirs, cause)
            if await Erasures(self.session).is_of_another(old, mailbox, goes_along=along):
                continue  # what somebody asked to be erased goes to nobody: only the ids lead elsewhere from now on
            facts[new] = joined = absorb(facts.get(new), theirs, customer_id=new, by_page=cause.public)
            facts[old] = Customer(id=old, first_seen_at=theirs.first_seen_at, last_seen_at=theirs.last_seen_at)
            if old.startswith(ANONYMOUS_PREFIX):
                await Suppressions(self.session).leave_behind(old, joined.email)
            if not along:
                await self._leave(old, theirs.email, joined.email)
            await Joining(self.session).join(old, new, cause, email=joined.email, goes_along=along)

    async def _leave(self, customer: str, left: str | None, email: str | None) -> None:
        """Where an address is theirs no more, what they refused there goes on for whoever has it."""
        if left is not None and left != email:
            await Refusals(self.session).leave(customer, left)

    async def _stored_ids(self, events: Sequence[Event]) -> set[str]:
        ids = [event.message_id for event in events]
        return set((await self.execute(select(EVENTS.c.message_id).where(EVENTS.c.message_id.in_(ids)))).scalars())

    async def _known_orders(self, events: Sequence[Event]) -> dict[str, KnownOrder]:
        ids = [order_id(event) for event in events if is_order(event)]
        if not ids:
            return {}
        fields = ("order_id", "customer_id", "nth", "total", "currency", "lines")
        said = (*(ORDERS.c[name] for name in fields), EVENTS.c.public)
        reported = ORDERS.join(EVENTS, EVENTS.c.seq == ORDERS.c.event_seq)
        rows = await self.execute(select(*said).select_from(reported).where(ORDERS.c.order_id.in_(ids)))
        return {row.order_id: _known(row) for row in rows}

    async def _insert_events(self, folded: Sequence[_FoldedEvent], told: Collection[str]) -> dict[str, int]:
        """Insert events; gives their places. `told` are the caller's, which have to be new: what follows may be there.

        Its cause was told before, say, and is no longer kept.
        """
        if not folded:
            return {}
        statement = self.insert(EVENTS).on_conflict_do_nothing(index_elements=["message_id"])
        rows = await self.execute(
            statement.returning(EVENTS.c.message_id, EVENTS.c.seq),
            [_event_row(*each) | {"dispatched_at": self._dispatched_at} for each in folded],
        )
        seqs = {row.message_id: row.seq for row in rows}
        _require_all(seqs, told)
        return seqs

    async def _write_orders(
        self, folded: Sequence[_FoldedEvent], seqs: Mapping[str, int], known: Mapping[str, KnownOrder]
    ) -> None:
        """Insert new orders, and correct those of pages that a backend reports: their customer is held."""
        told = (_order_row(event, whose, result, seqs) for event, whose, result in folded if result.order is not None)
        last = {row["order_id"]: row for row in told}
        for identifier in sorted(last.keys() & known.keys()):
            await self.execute(update(ORDERS).where(ORDERS.c.order_id == identifier).values(last[identifier]))
        rows = [row for identifier, row in last.items() if identifier not in known]
        if rows:
            statement = self.insert(ORDERS).on_conflict_do_nothing(index_elements=["order_id"])
            stored = await self.execute(statement.returning(ORDERS.c.order_id), rows)
            _require_all(stored.scalars().all(), [row["order_id"] for row in rows])

    async def _redeem(self, folded: Sequence[_FoldedEvent]) -> None:
        """Note which coupons the new orders bear."""
        orders = [(read_codes(event.properties), result.order) for event, _, result in folded if result.order]
        coupons = Coupons(self.session)
        # In the order of the codes, by everybody: so nobody waits in a circle.
        for codes, order in sorted(((codes, order) for codes, order in orders if codes), key=lambda pair: pair[0]):
            await coupons.redeem(codes, order.order_id, order.total, order.completed_at)


async def _withdraw(permissions: Permissions, suppressions: Suppressions, event: Event, whose: str) -> None:
    """Keep what an event takes away, or gives back, for the journeys that begin later."""
    if event.name == CUSTOMER_RETURNED or is_order(event):
        await suppressions.end_sunset(whose, event.occurred_at)
    withdrawal = read_withdrawal(event)
    if withdrawal is None:
        return
    source = source_of(event)
    if withdrawal.opt_out is not None:
        await permissions.opt_out(whose, withdrawal.opt_out, event.occurred_at, source)
    if withdrawal.suppression is not None:
        await suppressions.suppress(whose, withdrawal.suppression, event.occurred_at, source)


def _first_seen(events: Sequence[Event], resolution: Resolution) -> dict[str, Instant]:
    seen: dict[str, Instant] = {}
    for event, whose in zip(events, resolution.customers, strict=True):
        seen.setdefault(whose, event.occurred_at)
    # An alias may belong to somebody whose events in this batch went elsewhere in the end: a row must be there for it.
    for whose in resolution.aliases.values():
        seen.setdefault(whose, events[0].occurred_at)
    return seen


def _mailbox_of(known: Customer | None, other: Customer, cause: Event) -> str | None:
    """The address of whom somebody turned out to be: the customer's, or the one that they sign up with, or brought."""
    told = normalise_email(read_traits(cause).get("email"))
    return (known.email if known is not None else None) or told or other.email


def _mailboxes(
    events: Sequence[Event], resolution: Resolution, facts: Mapping[str, Customer | None]
) -> set[str | None]:
    """Where permission to write may be taken away: to be held before anything of a message is (`storage.locks`).

    The addresses that whoever withdraws it has, had under another id, or is given in the same batch; and those that
    somebody leaves, with what they refused there.
    """
    theirs = [*zip(events, resolution.customers, strict=True)]
    withdrawing = {whose for event, whose in theirs if read_withdrawal(event) is not None}
    told = {_told_address(event) for event, whose in theirs if whose in withdrawing}
    held = {customer.id: customer.email for customer in facts.values() if customer is not None}
    leaving = {whose for event, whose in theirs if _told_address(event) not in (None, held.get(whose))}
    joined = {old for old, _ in resolution.joins}
    return told | {held.get(each) for each in withdrawing | leaving | joined}


def _told_address(event: Event) -> str | None:
    return normalise_email(read_traits(event).get("email"))


def _backends(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if not event.public]


def _known(row: Row[Any]) -> KnownOrder:
    """A stored order. Its lines are read where they may be needed: a page's may be all that is said of it."""
    lines = tuple(CartLine.model_validate(line) for line in row.lines) if row.public else ()
    return KnownOrder(row.customer_id, row.nth, row.total, row.public, row.currency, lines)


def _require_owners(
    new: Sequence[tuple[Event, str]], orders: Mapping[str, KnownOrder], facts: Mapping[str, Customer | None]
) -> None:
    """Make sure that whoever an order is taken from is held. If not, they were joined with somebody just then."""
    for event, whose in new:
        known = orders.get(order_id(event)) if is_order(event) else None
        if known is not None and passes_on(event, whose, known) and facts.get(known.customer) is None:
            raise ContendedError("another transaction was giving an order to somebody: try the batch again")


def _fold_all(
    new: Sequence[tuple[Event, str]], facts: dict[str, Customer | None], orders: dict[str, KnownOrder], bound: set[str]
) -> list[_FoldedEvent]:
    """Fold in order, each event followed by what follows from it. Updates facts, known orders, and who is bound."""
    folded: list[_FoldedEvent] = []
    for event, whose in new:
        known_order = orders.get(order_id(event)) if is_order(event) else None
        result = fold_known(facts[whose], event, known_order, customer_id=whose, is_bound=whose in bound)
        folded.append((event, whose, result))
        facts[whose] = result.customer
        if binds(event, result.permissions):
            bound.add(whose)
        if result.order is not None:
            orders[result.order.order_id] = known_as(result.order, event, whose)
        if known_order is not None and passes_on(event, whose, known_order):
            former = known_order.customer
            if (theirs := facts[former]) is not None:
                facts[former] = take_back(theirs, known_order)
            folded += _fold_all([(cancelled(event, former), former)], facts, orders, bound)
        folded += _fold_all([(each, whose) for each in result.derived], facts, orders, bound)
    return folded


def _require_all(stored: Collection[str], expected: Collection[str]) -> None:
    """Make sure that all rows went in. If not, another transaction was just adding one that was folded here as new."""
    if not set(expected).issubset(stored):
        raise ContendedError("another transaction was storing one of these events: try the batch again")


def _event_row(event: Event, whose: str, result: Folded) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in Event.model_fields}
    place = {name: getattr(result, name) for name in ("nth", "starts_visit", "repeats")}
    return row | {"customer_id": whose} | place


def _order_row(event: Event, whose: str, result: Folded, seqs: Mapping[str, int]) -> dict[str, Any]:
    assert result.order is not None  # noqa: S101 the caller chose those with one; tells the type checker
    fields = {name: getattr(result.order, name) for name in ("order_id", "total", "currency", "completed_at", "nth")}
    lines = [line.model_dump(mode="json") for line in result.order.lines]
    return fields | {"customer_id": whose, "event_seq": seqs[event.message_id], "lines": lines}


def _consents(folded: Sequence[_FoldedEvent]) -> list[Consent]:
    return [
        Consent(
            customer=whose,
            topic=permission.topic,
            granted=permission.granted,
            source=permission.source or f"event {event.message_id}",
            # Nobody agrees after it was reported.
            at=min(permission.at or event.occurred_at, event.occurred_at),
            wording=permission.wording,
        )
        for event, whose, result in folded
        for permission in result.permissions
    ]
