"""Assembles what a mail is rendered from: fresh facts of the customer, the occasion, and the catalogue."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from activities.about import CHANGES, read_about
from activities.interest import Reading, find_category, find_focus, is_pages_word
from activities.shelf import Shelves
from activities.showing import choose_reviews, complete, completed, show
from domain import basket, calls, picks
from domain import event as names
from domain.civil import zone_or_default
from domain.customer import Cart, CartLine
from domain.event import StoredEvent
from domain.folding import reported_order_id
from domain.intent import DEFAULT_THRESHOLDS, Thresholds, Tier
from domain.preferences import locale_of
from domain.product import Product
from domain.segments import Segment
from domain.wording import as_words, legible
from mail import context
from storage.events import EventStore
from storage.orders import Orders
from storage.portraits import Portraits
from storage.preferences import PreferenceLog
from storage.products import Products

REVIEWS_READ: Final = 12

_Held = TypeVar("_Held", Cart, context.Order)

_TELL_CURRENCY: Final = (*names.CART_ACTIVITY, names.ORDER_COMPLETED)


class Reader:
    """Reads contexts for one shop. One for each process."""

    def __init__(self, shop: context.Shop, default_zone: str, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> None:
        self._shop, self._default_zone, self._thresholds = shop, default_zone, thresholds
        self._shelves = Shelves()

    async def read(
        self, session: AsyncSession, customer: str, request: calls.RenderRequest, now: datetime, unsubscribe_url: str
    ) -> context.RenderContext:
        """Everything but the offer.

        Raises:
            UnknownCustomerError: the database does not know the customer any more.
        """
        reading = await self._facts(session, customer, request, now)
        chosen = (await PreferenceLog(session).choices(customer)).language
        tier = request.intent.tier if request.intent else Tier.LOW
        zone = zone_or_default(reading.customer.timezone, self._default_zone)
        about = read_about(reading.began, await self._changes(session, reading), zone)
        shown = context.RenderContext(
            customer=_recipient(reading, tier, about, chosen),
            shop=self._shop,
            cart=reading.customer.cart.model_copy(update={"currency": self._cart_currency(reading)}),
            order=_as_shown(reading, self._shop.currency),
            about=about,
            now=now.astimezone(zone),
            unsubscribe_url=unsubscribe_url,
        )
        return await self._with_catalogue(session, reading, shown)

    async def _facts(
        self, session: AsyncSession, customer: str, request: calls.RenderRequest, now: datetime
    ) -> Reading:
        portrait = await Portraits(session).of(customer, request.occasion, now, self._thresholds)
        orders, events = Orders(session), EventStore(session)
        began = await events.at(request.occasion.seq)
        order = await orders.of_event(began)
        return Reading(
            portrait=portrait,
            began=began,
            order=order,
            reported=await orders.report(order.order_id) if order else None,
            bought=await orders.bought(customer, now - picks.BOUGHT_LATELY),
            now=now,
        )

    async def _changes(self, session: AsyncSession, reading: Reading) -> Sequence[StoredEvent]:
        changes = CHANGES.get(reading.began.event.name, ()) if reading.began else ()
        return await EventStore(session).of_names(reading.customer.id, changes) if changes else ()

    def _cart_currency(self, reading: Reading) -> str:
        """As a backend said; where it says none, its prices are in the shop's own."""
        told = (each for each in reading.portrait.events if each.event.name in _TELL_CURRENCY)
        said = any(basket.read_currency(each.event.properties, "") for each in told)
        return reading.customer.cart.currency if said else self._shop.currency

    async def _with_catalogue(
        self, session: AsyncSession, reading: Reading, shown: context.RenderContext
    ) -> context.RenderContext:
        products = Products(session)
        focus = find_focus(reading)
        lines = (*([focus] if focus else []), *shown.cart.lines, *(shown.order.lines if shown.order else ()))
        known = await products.get({line.product_id for line in lines})
        catalogued = bool(known) or await products.any_left()
        fill = partial(completed, products=known, shop=self._shop, catalogued=catalogued)
        focus = self._focus(focus, known, reading, catalogued=catalogued)
        cart = _with_lines(shown.cart, fill(shown.cart.lines))
        filled: dict[str, object] = {
            "cart": cart,
            "high_cart": cart.value >= self._thresholds.high_cart,
            "order": shown.order and _with_lines(shown.order, fill(shown.order.lines)),
            "focus": focus,
        }
        about = [known[each] for each in dict.fromkeys(line.product_id for line in lines) if each in known]
        category = await _category(products, reading, catalogued=catalogued)
        category = category or next((each.category for each in about), focus.category if focus else "")
        if catalogued:
            filled |= await self._picked(session, reading, shown, about, category)
        else:
            filled |= {"category": category}
        return shown.model_copy(update=filled)

    def _focus(
        self, focus: CartLine | None, known: dict[str, Product], reading: Reading, *, catalogued: bool
    ) -> CartLine | None:
        """The product it is about. None where it is sold out, unless the customer has it already."""
        product = known.get(focus.product_id) if focus else None
        if focus is None:
            return None
        has_it = focus.product_id in reading.bought
        sold_out = product is not None and not product.is_in_stock
        return None if sold_out and not has_it else complete(focus, product, self._shop, catalogued=catalogued)

    async def _picked(
        self,
        session: AsyncSession,
        reading: Reading,
        shown: context.RenderContext,
        about: Sequence[Product],
        category: str,
    ) -> dict[str, object]:
        hidden = {*reading.bought, *(line.product_id for line in shown.cart.lines)}
        shelf = await self._shelves.read(session, known=about, category=category, hidden=hidden)
        spelt = next((each.category for each in shelf.products.values() if _same(each.category, category)), category)
        bought = shown.order.lines if shown.order else shown.cart.lines
        basis = [each for each in about if each.product_id in {line.product_id for line in bought}]
        best = picks.bestsellers(shelf, spelt)
        products = Products(session)
        own = await products.reviews_of([each.product_id for each in about], REVIEWS_READ)
        return {
            "category": spelt,
            "recommendations": show(picks.complements(shelf, basis) if basis else best, self._shop),
            "alternatives": show(picks.alternatives(shelf, about[0]) if about else (), self._shop),
            "new_arrivals": show(picks.new_arrivals(shelf, spelt, reading.now), self._shop),
            "bestsellers": show(best, self._shop),
            "reviews": choose_reviews(own, await products.reviews_in(spelt, REVIEWS_READ) if spelt else ()),
        }


def _recipient(reading: Reading, tier: Tier, about: context.About, language: str | None) -> context.Recipient:
    customer, traits = reading.customer, reading.customer.traits
    company = traits.get("company")
    of_company = company.get("industry") if isinstance(company, dict) else ""
    industry = basket.read_text(traits.get("industry") or of_company)
    level = basket.read_text(traits.get("loyalty_tier") or traits.get("loyaltyTier"))
    return context.Recipient(
        first_name=customer.first_name,
        locale=locale_of(customer.locale, language),
        tier=tier,
        vip=Segment.VIP in reading.portrait.segments,
        industry=(industry or about.industry).lower(),
        loyalty_tier=level or about.level,
    )


def _as_shown(reading: Reading, currency: str) -> context.Order | None:
    """The order that began it. What the report that counts says of it comes first, then what the first one said."""
    order, began = reading.order, reading.began
    if order is None or began is None:
        return None
    first, said = began.event, (reading.reported or began).event
    url = said.properties.get("order_url") or first.properties.get("order_url")
    name = reported_order_id(said)
    return context.Order(
        order_id=as_words(name) if said.public else legible(name),
        lines=order.lines,
        cut=basket.count_beyond((said if said.properties.get("products") else first).properties) > 0,
        total=order.total,
        currency=basket.read_currency(said.properties, basket.read_currency(first.properties, currency)),
        nth=order.nth,
        url=basket.read_text(url),
    )


def _with_lines(held: _Held, lines: tuple[CartLine, ...]) -> _Held:
    return held.model_copy(update={"lines": lines, "cut": held.cut or len(lines) < len(held.lines)})


async def _category(products: Products, reading: Reading, *, catalogued: bool) -> str:
    """The category that stands out. One that pages alone have told is not shown unless the catalogue has it."""
    category = find_category(reading)
    doubtful = catalogued and category and is_pages_word(reading, category)
    return "" if doubtful and not await products.in_order(category, limit=1) else category


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
