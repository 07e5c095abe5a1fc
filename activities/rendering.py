"""Writes the body of a message into the ledger, from fresh facts, with a coupon of its own where it grants one."""

import asyncio
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from temporalio import activity

from activities.moment import moment_of
from activities.reading import Reader
from domain import calls
from domain.clock import Clock
from domain.coupon import Coupon, expiry, prefix_of
from domain.errors import TemplateError
from domain.event import DATA_EXPORT_REQUESTED, ERASURE_REQUESTED, ORDER_COMPLETED
from domain.intent import DEFAULT_THRESHOLDS, Thresholds
from domain.message import Kind, MessageStatus
from domain.offer import OfferKind, OfferPolicy
from mail import context
from mail.compose import envelope_address
from mail.links import DataRequest, Links
from mail.pixel import with_pixel
from mail.render import Body, Templates
from mail.tracking import Campaign, Tracked, track
from storage.coupons import Coupons
from storage.database import Database
from storage.ledger import Ledger, LedgerRow

CONFIRMED: Final = {DATA_EXPORT_REQUESTED: DataRequest.EXPORT, ERASURE_REQUESTED: DataRequest.ERASURE}
"""What a mail that began with one of these events lets its reader confirm."""


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
        offers: OfferPolicy | None = None,
        default_zone: str = "UTC",
        thresholds: Thresholds = DEFAULT_THRESHOLDS,
        open_pixel: bool = False,
    ) -> None:
        self._database, self._clock = database, clock
        self._offers = offers or OfferPolicy()
        self._reader = Reader(shop, default_zone, thresholds)
        self._templates, self._links, self._shop = templates, links, shop
        self._open_pixel = open_pixel
        self._domain = envelope_address(sender).rpartition("@")[2]

    @activity.defn(name=calls.RENDER)
    async def render_message(self, request: calls.RenderRequest) -> calls.Rendered:
        """Render a claimed message and keep the body in its ledger row. Idempotent: rendering again replaces it.

        A template that cannot be rendered drops the message, with the reason in the ledger; the journey goes on.
        """
        message = request.message
        now = moment_of(request.at, self._clock)
        async with self._database.read() as session:
            row = await Ledger(session).require(message)
            if row.status is MessageStatus.DEFERRED:
                # Its customer became another; sending tells so, and the gate is asked again.
                return calls.Rendered(message=message)
            if row.status is MessageStatus.DROPPED:
                # An earlier life of the worker ended the enrollment, and died before Temporal heard of it.
                return calls.Rendered(message=message, problem=row.reason)
            reading = await self._reader.read(session, row.customer, request, now, self._links.unsubscribe(row.id))
        reading = reading.model_copy(update={"offer": await self._offer(row, reading), **self._own_pages(row, request)})
        try:
            # MJML is CPU in native code: in a thread, the event loop goes on.
            body = await asyncio.to_thread(self._templates.render, row.template, reading)
        except TemplateError as error:
            problem = f"its template does not render: {error}"
            if request.occasion.name == ORDER_COMPLETED and reading.order is None:
                problem = "the order it is about is another customer's"
            return await self._drop(message, problem, request)
        tracked = self._with_pixel(row, self._track(row, body, reading))
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

    async def _offer(self, row: LedgerRow, reading: context.RenderContext) -> context.Offer | None:
        """What the message grants, with its code; the same code at every rendering."""
        offer, now = row.offer, reading.now
        if offer is None or offer.kind is OfferKind.NOTHING or now is None:
            return None
        if not self._offers.gives_code(offer):
            return context.Offer(kind=offer.kind, percent=offer.percent, code=offer.code)
        zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")
        wanted = Coupon(
            code="",
            message=row.id,
            customer=row.customer,
            journey=row.journey,
            template=row.template,
            kind=offer.kind,
            percent=offer.percent,
            issued_at=now,
            expires_at=expiry(now, zone, self._offers.valid_for),
        )
        # Before the body that shows it: a code that nobody reads is harmless, one that the shop does not know is not.
        async with self._database.transaction() as session:
            coupon = await Coupons(session).issue(wanted, prefix_of(self._shop.name))
        ends = coupon.expires_at.astimezone(zone)
        return context.Offer(kind=offer.kind, percent=offer.percent, code=coupon.code, expires_at=ends)

    def _own_pages(self, row: LedgerRow, request: calls.RenderRequest) -> dict[str, str]:
        """Where the recipient chooses what to hear and, if they asked for something about their data, confirms it."""
        pages = {"preferences_url": self._links.preferences(row.id)}
        if request.occasion.name in CONFIRMED:
            pages["data_request_url"] = self._links.data_request(row.id, CONFIRMED[request.occasion.name])
        return pages

    def _track(self, row: LedgerRow, body: Body, reading: context.RenderContext) -> Tracked:
        return track(
            body.html,
            body.text,
            campaign=Campaign(journey=row.journey, step=row.step),
            link=partial(self._links.click, row.id),
            untouched=(reading.unsubscribe_url, reading.preferences_url, reading.data_request_url),
        )

    def _with_pixel(self, row: LedgerRow, tracked: Tracked) -> Tracked:
        if not self._open_pixel or row.kind is not Kind.MARKETING:
            return tracked
        return tracked.model_copy(update={"html": with_pixel(tracked.html, self._links.open(row.id))})

    async def _drop(self, message: str, problem: str, request: calls.RenderRequest) -> calls.Rendered:
        activity.logger.error("message %s dropped: %s", message, problem)
        async with self._database.transaction() as session:
            await Ledger(session).finish(message, MessageStatus.DROPPED, problem, request.at)
        return calls.Rendered(message=message, problem=problem)
