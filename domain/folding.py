"""Folding: what one event changes about what is known of a customer. Pure; the store calls it inside the commit.

Events come late and out of order. Each counts at the moment it occurred: nothing known moves backwards because an old
event arrives after a newer one.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from domain import basket
from domain import event as names
from domain.customer import VISIT_GAP, Cart, CartLine, Customer
from domain.event import Event, EventType
from domain.mailbox import share_mailbox
from domain.model import Instant, Value
from domain.profile import MOST_TRAITS, Permission, read_permissions, read_profile, read_traits
from domain.visitor import news_of, profile_of, taken_over

MOST_COUNTED_NAMES = 500
"""Different event names counted for one customer. Pages may be named by their address; later names stay uncounted."""

HIGHEST_TOTAL = 1e12
"""Of one order. Above it a revenue is a mistake, and would drown every other one."""

AWAY = timedelta(days=30)
"""Whoever does something on the site after so long has returned (`domain.event.CUSTOMER_RETURNED`)."""

_SEEN = (EventType.PAGE, EventType.SCREEN)

_OTHER_CALLS = (EventType.IDENTIFY, EventType.GROUP, EventType.ALIAS)

_NOT_DONE_THERE = (names.UNSUBSCRIBED, names.DATA_REQUEST_CONFIRMED, *names.DATA_REQUESTS, *names.CONCLUDED)

_WHOLE_CARTS = (names.CART_VIEWED, names.CHECKOUT_STARTED)

_DO_NOT_BEGIN_VISITS = (names.EMAIL_LINK_CLICKED, names.ORDER_COMPLETED)
"""Activity, but no return to the shop by itself: a click is told as a click, and the page it opens must not be told
as a return as well; an order may be a renewal that nobody was there for."""


class Order(Value):
    """One completed order. `total` in `currency`; `nth` counts the customer's orders from 1."""

    order_id: str
    total: float
    currency: str
    lines: tuple[CartLine, ...] = ()
    completed_at: Instant
    nth: int


class Folded(Value):
    """What one event led to."""

    customer: Customer
    nth: int = 1
    """It is the customer's nth event of that name; of Order Completed, the nth order."""
    starts_visit: bool = False
    """It is the first thing the customer did on the site after `VISIT_GAP` away, or at all."""
    repeats: bool = False
    """It reports an order that was counted before."""
    derived: tuple[Event, ...] = ()
    """What follows from it. To be stored, and folded, right after it."""
    order: Order | None = None
    """A new order; None when it was counted before, or is none."""
    permissions: tuple[Permission, ...] = ()
    """What the customer agreed to or refused."""


def fold(
    customer: Customer | None,
    event: Event,
    *,
    customer_id: str,
    known_order: int | None = None,
    is_bound: bool = False,
    is_anothers: bool = False,
) -> Folded:
    """Apply an event to the facts.

    Args:
        customer: what is known so far; None for somebody new.
        event: what happened.
        customer_id: whose facts they are.
        known_order: for Order Completed, the `Order.nth` of that order id if it was counted before.
        is_anothers: that order counted for another customer. What it took out of this one's cart is gone all the same.
        is_bound: something was said for the address that a visitor has (`domain.mailbox`): no page changes it.
    """
    starts_visit = _starts_visit(customer, event)
    known = customer or Customer(id=customer_id, first_seen_at=event.occurred_at, last_seen_at=event.occurred_at)
    traits = read_traits(event)
    if event.public:
        traits = news_of(known, traits, is_bound=is_bound)
    known = _told(_seen(known, event), event, traits)
    order = read_order(known, event) if known_order is None and is_order(event) else None
    shopped = _ordered(known, order) if order else _shopped(known, event)
    if is_anothers:
        shopped = known.model_copy(update={"cart": _cart_less(known.cart, read_order(known, event))})
    return Folded(
        customer=_counted(shopped, event.name, counts=known_order is None),
        nth=_nth(known, event, known_order),
        starts_visit=starts_visit,
        repeats=known_order is not None,
        derived=(*_return(customer, event), *(_derive(known, shopped, event) if order is None else ())),
        order=order,
        permissions=() if event.public else read_permissions(traits),
    )


def is_order(event: Event) -> bool:
    """Whether the event reports an order."""
    return event.type is EventType.TRACK and event.name == names.ORDER_COMPLETED


def order_id(event: Event) -> str:
    """The order's id; an order reported without one is told apart by its event."""
    return reported_order_id(event) or event.message_id


def reported_order_id(event: Event) -> str:
    """What the shop calls the order, which a customer may be shown; empty where it does not say."""
    return basket.read_id(event.properties.get("order_id") or event.properties.get("orderId"))


def is_site_activity(event: Event) -> bool:
    """Whether the customer was there: pages, screens and tracked actions, clicks in mails included.

    What servers report about mail (delivered, opened, bounced, unsubscribed) and what Segue concludes is none.
    """
    if event.type is EventType.TRACK:
        return _is_done_there(event.name)
    return event.type in _SEEN


def was_active(customer: Customer) -> bool:
    """Whether the customer was ever there, as far as is known: somebody whom a list brought was not."""
    return any(_is_done_there(name) and name not in _OTHER_CALLS for name in customer.counts)


def absorb(known: Customer | None, other: Customer, *, customer_id: str, by_page: bool = False) -> Customer:
    """Join two rows that turn out to be one person: what `known` says stands, what it lacks is taken over.

    Where `known` has an address that `other` has not, they keep their own name, or none.
    Carts are put together: shops do so when somebody signs in.

    Args:
        known: None for somebody new.
        other: the former id.
        customer_id: of whom it turned out to be.
        by_page: anybody's page said so. What it may not tell of `known` itself, it may not tell in this way.
    """
    if known is None:
        return other.model_copy(update={"id": customer_id})
    is_named = share_mailbox(known, other) and not (by_page and known.email)
    fields = ("email", "first_name", "timezone", "locale") if is_named else ("timezone", "locale")
    taken = {name: getattr(known, name) or getattr(other, name) for name in fields}
    return known.model_copy(
        update=taken
        | {
            "traits": (other.traits if is_named else taken_over(known, other)) | known.traits,
            "cart": _joined_cart(known, other),
            "orders": known.orders + other.orders,
            "lifetime_value": round(known.lifetime_value + other.lifetime_value, 2),
            "first_order_at": _pick(min, known.first_order_at, other.first_order_at),
            "last_order_at": _pick(max, known.last_order_at, other.last_order_at),
            "first_seen_at": min(known.first_seen_at, other.first_seen_at),
            "last_seen_at": max(known.last_seen_at, other.last_seen_at),
            "counts": _sum(known.counts, other.counts),
        }
    )


def _joined_cart(known: Customer, other: Customer) -> Cart:
    """What one person would have in the cart who had done all of it: both carts, less what an order took since."""
    mine, theirs = _not_ordered(known.cart, other.last_order_at), _not_ordered(other.cart, known.last_order_at)
    if mine.is_empty or theirs.is_empty:
        return theirs if mine.is_empty else mine
    held = {line.product_id for line in mine.lines}
    lines = (*mine.lines, *(line for line in theirs.lines if line.product_id not in held))
    changed_at = _pick(max, mine.changed_at, theirs.changed_at)
    cut = mine.cut or theirs.cut or len(lines) > basket.MOST_LINES
    return mine.model_copy(update={"lines": lines[-basket.MOST_LINES :], "changed_at": changed_at, "cut": cut})


def _not_ordered(cart: Cart, ordered_at: datetime | None) -> Cart:
    """A cart, or nothing where the same person ordered after they last changed it."""
    if ordered_at is None or cart.changed_at is None or cart.changed_at > ordered_at:
        return cart
    return Cart(currency=cart.currency, changed_at=ordered_at)


def _is_done_there(name: str) -> bool:
    by_server = name.startswith("Email ") and name != names.EMAIL_LINK_CLICKED
    return not by_server and name not in _NOT_DONE_THERE


def _return(customer: Customer | None, event: Event) -> tuple[Event, ...]:
    """What follows when somebody is back. A click counts, and an order alone does not: it may be a renewal."""
    if customer is None or not is_site_activity(event) or event.name == names.ORDER_COMPLETED:
        return ()
    away = event.occurred_at - customer.last_seen_at
    if away < AWAY or not was_active(customer):
        return ()
    update: dict[str, Any] = {
        "message_id": _derived_id(event.message_id, "customer-returned"),
        "type": EventType.TRACK,
        "name": names.CUSTOMER_RETURNED,
        "properties": {"days_away": away.days},
        "context": {},
        "previous_id": None,
    }
    return (event.model_copy(update=update),)


def _starts_visit(customer: Customer | None, event: Event) -> bool:
    if not is_site_activity(event) or event.name in _DO_NOT_BEGIN_VISITS:
        return False
    return customer is None or customer.begins_visit(event.occurred_at)


def _seen(customer: Customer, event: Event) -> Customer:
    at = event.occurred_at
    update: dict[str, datetime] = {"first_seen_at": min(at, customer.first_seen_at)}
    if is_site_activity(event):
        update["last_seen_at"] = max(at, customer.last_seen_at)
    return customer.model_copy(update=update)


def _told(customer: Customer, event: Event, traits: Mapping[str, Any]) -> Customer:
    """Take the traits in. A call that is clearly late, such as an import, only fills what is not known yet."""
    said = read_profile(event, traits)
    if event.public:
        said = profile_of(customer, said)
    if not said and not traits:
        return customer
    is_late = event.occurred_at < customer.last_seen_at - VISIT_GAP
    if is_late:
        said = {name: value for name, value in said.items() if getattr(customer, name) is None}
    kept = {**traits, **customer.traits} if is_late else {**customer.traits, **traits}
    return customer.model_copy(update={**said, "traits": dict(list(kept.items())[:MOST_TRAITS])})


def _shopped(customer: Customer, event: Event) -> Customer:
    change = _CART_CHANGES.get(event.name) if event.type is EventType.TRACK else None
    if change is None or _is_overtaken(customer, event):
        return customer
    cart = change(customer.cart, event.properties, event.occurred_at, by_page=event.public)
    return customer.model_copy(update={"cart": cart})


def _is_overtaken(customer: Customer, event: Event) -> bool:
    """Whether the cart event is older than what emptied the cart, or than what a whole new list replaced."""
    at, changed_at = event.occurred_at, customer.cart.changed_at
    if customer.last_order_at is not None and at < customer.last_order_at:
        return True
    return event.name in _WHOLE_CARTS and changed_at is not None and at < changed_at


def _derive(before: Customer, after: Customer, event: Event) -> tuple[Event, ...]:
    if event.type is EventType.TRACK and event.name == names.WISH_ADDED_TO_CART:
        return _put_into_cart(before.cart, event)
    if before.cart.is_empty or not after.cart.is_empty:
        return ()
    message_id = _derived_id(event.message_id, "cart-emptied")
    update: dict[str, Any] = {
        "message_id": message_id,
        "name": names.CART_EMPTIED,
        "properties": {},
        "context": {},
        "previous_id": None,
    }
    return (event.model_copy(update=update),)


def _put_into_cart(cart: Cart, event: Event) -> tuple[Event, ...]:
    """A wish that goes into the cart is a product added; unless it is there, for some shops report both."""
    product = basket.read_product_id(event.properties)
    if not product or any(line.product_id == product for line in cart.lines):
        return ()
    update = {"message_id": _derived_id(event.message_id, "product-added"), "name": names.PRODUCT_ADDED}
    return (event.model_copy(update=update),)


def _derived_id(message_id: str, what: str) -> str:
    """The id of what follows from an event: the same each time, and one that no page can give to an event of its own.

    As `domain.visitor.PREFIX` stands before all of theirs.
    """
    return f"{hashlib.sha256(message_id.encode()).hexdigest()}/{what}"


def read_order(customer: Customer, event: Event) -> Order:
    """What a report says of an order, as the customer's next one."""
    lines = basket.read_lines(event.properties, by_page=event.public)
    return Order(
        order_id=order_id(event),
        total=read_total(event, lines) or 0.0,
        currency=basket.read_currency(event.properties, customer.cart.currency),
        lines=lines,
        completed_at=event.occurred_at,
        nth=customer.orders + 1,
    )


def read_total(event: Event, lines: Sequence[CartLine]) -> float | None:
    """What a report says that an order came to, else what its lines come to; None where there is neither."""
    reported = (basket.read_number(event.properties.get(key)) for key in ("revenue", "total", "value"))
    amounts = [amount for amount in reported if amount is not None and 0 <= amount <= HIGHEST_TOTAL]
    if not amounts and not lines:
        return None
    return round(amounts[0] if amounts else sum(line.price * line.quantity for line in lines), 2)


def _ordered(customer: Customer, order: Order) -> Customer:
    return customer.model_copy(
        update={
            "orders": order.nth,
            "lifetime_value": round(customer.lifetime_value + order.total, 2),
            "first_order_at": _pick(min, customer.first_order_at, order.completed_at),
            "last_order_at": _pick(max, customer.last_order_at, order.completed_at),
            "cart": _cart_after(customer.cart, order),
        }
    )


def _cart_after(cart: Cart, order: Order) -> Cart:
    """Empty: the order took it all. What was put in after an order that is reported late stays."""
    if cart.changed_at is not None and cart.changed_at > order.completed_at:
        return basket.take_ordered(cart, order.lines)
    return Cart(currency=order.currency, changed_at=order.completed_at)


def _cart_less(cart: Cart, order: Order) -> Cart:
    """A cart without what was ordered; without anything where that is not said."""
    if cart.is_empty or not order.lines:
        return cart if cart.is_empty else _cart_after(cart, order)
    return basket.take_ordered(cart, order.lines)


def _counted(customer: Customer, name: str, *, counts: bool) -> Customer:
    room = name in customer.counts or len(customer.counts) < MOST_COUNTED_NAMES
    if not counts or not room:
        return customer
    return customer.model_copy(update={"counts": customer.counts | {name: customer.counts.get(name, 0) + 1}})


def _nth(before: Customer, event: Event, known_order: int | None) -> int:
    if known_order is not None:
        return known_order
    return before.orders + 1 if is_order(event) else before.counts.get(event.name, 0) + 1


def _pick(which: Callable[[datetime, datetime], datetime], *moments: datetime | None) -> datetime | None:
    known = [moment for moment in moments if moment is not None]
    return which(*known) if len(known) > 1 else next(iter(known), None)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _check_out(cart: Cart, properties: Mapping[str, Any], at: datetime, *, by_page: bool = False) -> Cart:
    """The till lists the cart. Nobody checks out with nothing, so an empty list says nothing."""
    return basket.replace_products(cart, properties, at, by_page=by_page) if properties.get("products") else cart


class _CartChange(Protocol):
    """What an event does to a cart."""

    def __call__(self, cart: Cart, properties: Mapping[str, Any], at: datetime, *, by_page: bool = ...) -> Cart: ...


_CART_CHANGES: dict[str, _CartChange] = {
    names.PRODUCT_ADDED: basket.add_product,
    names.PRODUCT_REMOVED: basket.remove_product,
    names.CART_VIEWED: basket.replace_products,
    names.CHECKOUT_STARTED: _check_out,
}
