"""Looks of scheduled sources: customers page by page, those for whom an occasion is due, one event for each.

A look reads without locks. What it finds is looked at once more under the customers' locks, in the transaction that
commits the events: so nobody is told twice, whoever looks at the same time.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain import event as names
from domain.civil import zone_or_default
from domain.customer import Customer
from domain.enrollment import State
from domain.event import Event, EventType
from domain.evidence import is_praise
from domain.folding import Order
from domain.gate import ConsentRule
from domain.occasions import (
    ACQUAINTED,
    ADVOCATES_ORDER,
    LATELY,
    NEWSLETTER_TOPIC,
    REPURCHASE_WITHIN,
    Candidate,
    SourcePolicy,
)
from domain.rhythm import LONGEST, PATIENCE, SOONEST, declared_rhythm, find_rhythm
from domain.sources import Source
from storage.allowances import Allowance, Allowances
from storage.customers import Customers
from storage.events import EventStore
from storage.identities import Identities
from storage.products import Products
from storage.repository import Repository
from storage.tables import CUSTOMERS, ENROLLMENTS, EVENTS, ORDERS

_READ_ORDERS = 3 * LONGEST
"""How far back orders are read: three times the slowest rhythm."""

_Filter = Callable[[datetime, SourcePolicy], ColumnElement[bool]]
_Facts = dict[str, dict[str, Any]]
"""By customer, further fields of `Candidate`."""

_WORTH_A_LOOK: Mapping[str, _Filter] = {
    "lapsed": lambda now, policy: CUSTOMERS.c.last_seen_at.between(
        now - policy.lapsed_after - policy.lapsed_within, now - policy.lapsed_after
    ),
    "anniversary": lambda now, _: CUSTOMERS.c.first_order_at <= now - timedelta(days=360),
    "birthday": lambda _now, _: CUSTOMERS.c.traits["birthday"].as_string().is_not(None),
    "repurchase": lambda now, _: CUSTOMERS.c.last_order_at.between(
        now - LONGEST * PATIENCE - REPURCHASE_WITHIN, now - SOONEST
    ),
    "advocates": lambda _now, _: CUSTOMERS.c.orders >= ADVOCATES_ORDER,
    "newsletter": lambda now, _: CUSTOMERS.c.first_seen_at <= now - ACQUAINTED,
}
"""What the database can tell by itself: never narrower than the source's rule."""


class Looks(Repository):
    """Looks at customers for sources.

    Args:
        session: a reading one for `page` and `due`, a writing one for `commit`.
        policy: of the sources.
        consent: what marketing needs.
        default_zone: of customers who reported none.
    """

    def __init__(self, session: AsyncSession, policy: SourcePolicy, consent: ConsentRule, default_zone: str) -> None:
        super().__init__(session)
        self._policy, self._consent, self._zone = policy, consent, default_zone

    async def page(self, after: str, limit: int) -> list[str]:
        """The next customers behind an id, in the database's order of ids; fewer than the limit at the end."""
        behind = select(CUSTOMERS.c.id).where(CUSTOMERS.c.id > after).order_by(CUSTOMERS.c.id).limit(limit)
        return list((await self.execute(behind)).scalars())

    async def due(self, source: Source, customers: Sequence[str], now: datetime) -> list[Event]:
        """The events that are due for some of these customers, in their order. Up to some thousand at once."""
        found = (source.due(each, now, self._policy) for each in await self._candidates(source, customers, now))
        return [event for event in found if event is not None]

    async def commit(self, source: Source, events: Sequence[Event], now: datetime) -> int:
        """Commit what is due as it stands now; how many events were new. What a look found is only where to look."""
        if not events:
            return 0
        # The lock of all commits first, then the customers', as everybody takes them: so nobody waits in a circle.
        await Identities(self.session).resolve(events)
        customers = [event.user_id or "" for event in events]
        await Customers(self.session).hold_all(customers)
        still_due = await self.due(source, customers, now)
        return (await EventStore(self.session).commit(still_due)).accepted

    async def _candidates(self, source: Source, ids: Sequence[str], now: datetime) -> list[Candidate]:
        customers = await self._worth_a_look(source, ids, now)
        if not customers:
            return []
        told = await self._told(source, list(customers))
        allowances = await Allowances(self.session).of(list(customers.values()))
        more = await self._more(source, customers, allowances, now)
        return [
            Candidate(
                customer,
                zone_or_default(customer.timezone, self._zone),
                told_at=told.get(each),
                reachable=allowances[each].allows_any(self._consent),
                **more.get(each, {}),
            )
            for each in ids
            if (customer := customers.get(each)) is not None
        ]

    async def _worth_a_look(self, source: Source, ids: Sequence[str], now: datetime) -> dict[str, Customer]:
        worth = _WORTH_A_LOOK[source.name](now, self._policy) & CUSTOMERS.c.email.is_not(None)
        found = await self.execute(select(CUSTOMERS.c.id).where(CUSTOMERS.c.id.in_(ids), worth))
        return await Customers(self.session).load(list(found.scalars()))

    async def _told(self, source: Source, ids: Sequence[str]) -> dict[str, datetime]:
        theirs = EVENTS.c.customer_id.in_(ids) & (EVENTS.c.name == source.event)
        latest = select(EVENTS.c.customer_id, func.max(EVENTS.c.occurred_at).label("at")).where(theirs)
        return {row.customer_id: row.at for row in await self.execute(latest.group_by(EVENTS.c.customer_id))}

    async def _more(
        self, source: Source, customers: Mapping[str, Customer], allowances: Mapping[str, Allowance], now: datetime
    ) -> _Facts:
        """What only one rule asks for."""
        ids = list(customers)
        reads: Mapping[str, Callable[[], Awaitable[_Facts]]] = {
            "repurchase": lambda: self._purchases(ids, now),
            "advocates": lambda: self._praise(ids, now),
            "newsletter": lambda: self._readiness(allowances),
        }
        read = reads.get(source.name)
        return {} if read is None else await read()

    async def _purchases(self, ids: Sequence[str], now: datetime) -> _Facts:
        theirs = ORDERS.c.customer_id.in_(ids) & (ORDERS.c.completed_at >= now - _READ_ORDERS)
        columns = [ORDERS.c[name] for name in Order.model_fields]
        orders: dict[str, list[Order]] = defaultdict(list)
        for row in (await self.execute(select(ORDERS.c.customer_id, *columns).where(theirs))).mappings():
            fields = dict(row)
            orders[fields.pop("customer_id")].append(Order.model_validate(fields))
        once = (each for some in orders.values() if find_rhythm(some, {}) is None for each in some)
        products = await Products(self.session).get({line.product_id for order in once for line in order.lines})
        rhythms = {name: every for name, each in products.items() if (every := declared_rhythm(each)) is not None}
        return {each: {"orders": tuple(some), "rhythms": rhythms} for each, some in orders.items()}

    async def _praise(self, ids: Sequence[str], now: datetime) -> _Facts:
        columns = [EVENTS.c[name] for name in Event.model_fields]
        lately = EVENTS.c.name.in_([names.EMAIL_LINK_CLICKED, names.PRODUCT_REVIEWED]) & (
            EVENTS.c.occurred_at >= now - LATELY
        )
        theirs = EVENTS.c.customer_id.in_(ids) & (EVENTS.c.type == EventType.TRACK) & lately
        found = select(EVENTS.c.customer_id, *columns).where(theirs).order_by(EVENTS.c.occurred_at)
        spoke: _Facts = {}
        for row in (await self.execute(found)).mappings():
            fields = dict(row)
            customer, event = fields.pop("customer_id"), Event.model_validate(fields)
            if event.name == names.EMAIL_LINK_CLICKED or is_praise(event):
                spoke[customer] = {"spoke_well_at": event.occurred_at}
        return spoke

    async def _readiness(self, allowances: Mapping[str, Allowance]) -> _Facts:
        theirs = ENROLLMENTS.c.customer_id.in_(list(allowances)) & (ENROLLMENTS.c.state != State.ENDED)
        busy = set((await self.execute(select(ENROLLMENTS.c.customer_id).where(theirs))).scalars())
        return {
            each: {"wants_newsletter": allowance.allows(NEWSLETTER_TOPIC, self._consent), "busy": each in busy}
            for each, allowance in allowances.items()
        }
