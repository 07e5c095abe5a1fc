"""An order that is reported more than once: a backend's word counts before a page's. Pure.

Of a page's reports the first counts, of a backend's as well; and a backend's takes over what a page reported.
See docs/decisions/0038.
"""

import hashlib
from typing import NamedTuple

from domain import event as names
from domain.basket import read_currency
from domain.customer import CartLine, Customer
from domain.event import Event
from domain.folding import Folded, Order, fold, is_order, order_id, read_order, read_total
from domain.identity import ANONYMOUS_PREFIX


class KnownOrder(NamedTuple):
    """An order that counts already."""

    customer: str
    nth: int
    total: float
    by_page: bool
    """It was reported with a browser's key, and by no backend yet."""
    currency: str
    lines: tuple[CartLine, ...] = ()


def known_as(order: Order, event: Event, customer: str) -> KnownOrder:
    """An order, once its report is folded."""
    return KnownOrder(customer, order.nth, order.total, event.public, order.currency, order.lines)


def passes_on(event: Event, customer: str, known: KnownOrder | None) -> bool:
    """Whether a report gives an order to another customer than the one it counted for."""
    return known is not None and known.by_page and not event.public and known.customer != customer


def fold_known(
    customer: Customer | None, event: Event, known: KnownOrder | None, *, customer_id: str, is_bound: bool = False
) -> Folded:
    """Fold an event, where `known` is the order it reports if that counts already; see `domain.folding.fold`.

    One that passes on is folded as a new one; `take_back` is for whom it counted before.
    """
    if known is None or passes_on(event, customer_id, known):
        return fold(customer, event, customer_id=customer_id, is_bound=is_bound)
    folded = fold(
        customer,
        event,
        customer_id=customer_id,
        known_order=known.nth,
        is_bound=is_bound,
        is_anothers=event.public and known.customer != customer_id,
    )
    if event.public or not known.by_page:
        return folded
    # The same customer's: counted already, and the backend knows how much it was.
    order = _corrected(read_order(folded.customer, event), event, known)
    value = round(folded.customer.lifetime_value - known.total + order.total, 2)
    return folded.model_copy(
        update={"order": order, "customer": folded.customer.model_copy(update={"lifetime_value": value})}
    )


def _corrected(order: Order, event: Event, known: KnownOrder) -> Order:
    """An order by a backend's report. What that leaves out stays as the page said it."""
    total = read_total(event, order.lines)
    return order.model_copy(
        update={
            "nth": known.nth,
            "total": known.total if total is None else total,
            "currency": read_currency(event.properties, known.currency),
            "lines": order.lines or known.lines,
        }
    )


def take_back(customer: Customer, known: KnownOrder) -> Customer:
    """A customer less an order that turned out to be another's. Their cart stays as the order left it."""
    orders, reports = max(customer.orders - 1, 0), customer.counts.get(names.ORDER_COMPLETED, 0) - 1
    counts = {name: count for name, count in customer.counts.items() if name != names.ORDER_COMPLETED}
    never = {} if orders else {"first_order_at": None, "last_order_at": None}
    return customer.model_copy(
        update={
            "orders": orders,
            "lifetime_value": round(customer.lifetime_value - known.total, 2) if orders else 0.0,
            "counts": counts | ({names.ORDER_COMPLETED: reports} if reports > 0 else {}),
            **never,
        }
    )


def cancelled(event: Event, former: str) -> Event:
    """What follows for whom the order counted before: to them it is as one that was cancelled."""
    assert is_order(event)  # noqa: S101 the caller's
    digest = hashlib.sha256(f"{event.message_id}\n{former}".encode()).hexdigest()
    is_visitor = former.startswith(ANONYMOUS_PREFIX)
    return event.model_copy(
        update={
            "message_id": f"{digest}/order-passed-on",
            "name": names.ORDER_CANCELLED,
            "user_id": None if is_visitor else former,
            "anonymous_id": former.removeprefix(ANONYMOUS_PREFIX) if is_visitor else None,
            "properties": {"order_id": order_id(event)},
            "context": {},
            "previous_id": None,
        }
    )
