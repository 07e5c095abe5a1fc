"""Writes the body of a message into the ledger, from fresh facts."""

import asyncio
from functools import partial

from temporalio import activity

from activities.moment import moment_of
from domain import calls
from domain.clock import Clock
from domain.customer import Customer
from domain.errors import TemplateError
from domain.folding import Order
from domain.intent import Tier
from domain.message import MessageStatus
from domain.offer import Offer, OfferKind
from mail import context
from mail.compose import envelope_address
from mail.links import Links
from mail.render import Body, Templates
from mail.tracking import Campaign, Tracked, track
from storage.customers import Customers
from storage.database import Database
from storage.ledger import Ledger, LedgerRow
from storage.orders import Orders


class RenderingActivities:
    """Rendering, with the shop's templates and identity."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        templates: Templates,
        links: Links,
        shop: context.Shop,
        sender: str,
    ) -> None:
        self._database, self._clock = database, clock
        self._templates, self._links, self._shop = templates, links, shop
        self._domain = envelope_address(sender).rpartition("@")[2]

    @activity.defn(name=calls.RENDER)
    async def render_message(self, request: calls.RenderRequest) -> calls.Rendered:
        """Render a claimed message and keep the body in its ledger row. Idempotent: rendering again replaces it.

        A template that cannot be rendered drops the message, with the reason in the ledger; the journey goes on.
        """
        message = request.message
        async with self._database.read() as session:
            row = await Ledger(session).require(message)
            customer = await Customers(session).get(row.customer)
            order = await Orders(session).of_event(request.occasion.seq)
        reading = self._context(row, customer, order, request.intent.tier if request.intent else Tier.LOW)
        now = moment_of(request.at, self._clock)
        try:
            # MJML is CPU in native code: in a thread, the event loop goes on.
            body = await asyncio.to_thread(self._templates.render, row.template, reading)
        except TemplateError as error:
            return await self._drop(message, f"its template does not render: {error}", request)
        tracked = self._track(row, body, reading.unsubscribe_url)
        async with self._database.transaction() as session:
            await Ledger(session).store_body(
                message,
                subject=body.subject,
                html=tracked.html,
                text=tracked.text,
                links=tracked.targets,
                # The same on every attempt: a mail that arrives twice is recognisably one (RFC 5322, 3.6.4).
                rfc_message_id=f"<{message}@{self._domain}>",
                now=now,
            )
        return calls.Rendered(message=message, html_bytes=len(tracked.html.encode()))

    def _context(self, row: LedgerRow, customer: Customer, order: Order | None, tier: Tier) -> context.RenderContext:
        return context.RenderContext(
            customer=context.Recipient(first_name=customer.first_name, locale=customer.locale, tier=tier.value),
            shop=self._shop,
            cart=customer.cart,
            order=_as_shown(order, self._shop.currency),
            offer=_shown(row.offer),
            unsubscribe_url=self._links.unsubscribe(row.id),
        )

    def _track(self, row: LedgerRow, body: Body, unsubscribe_url: str) -> Tracked:
        return track(
            body.html,
            body.text,
            campaign=Campaign(journey=row.journey, step=row.step),
            link=partial(self._links.click, row.id),
            untouched=(unsubscribe_url,),
        )

    async def _drop(self, message: str, problem: str, request: calls.RenderRequest) -> calls.Rendered:
        activity.logger.error("message %s dropped: %s", message, problem)
        async with self._database.transaction() as session:
            await Ledger(session).finish(message, MessageStatus.DROPPED, problem, request.at)
        return calls.Rendered(message=message, problem=problem)


def _as_shown(order: Order | None, currency: str) -> context.Order | None:
    if order is None:
        return None
    return context.Order(
        order_id=order.order_id,
        lines=order.lines,
        total=order.total,
        currency=order.currency or currency,
        nth=order.nth,
    )


def _shown(offer: Offer | None) -> context.Offer | None:
    if offer is None or offer.kind is OfferKind.NOTHING:
        return None
    return context.Offer(kind=offer.kind, percent=offer.percent, code=offer.code)
