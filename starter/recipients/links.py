"""Tracked links and the open pixel in mails. No login, no script; the signature in the address is the key.

Whoever follows a link is led on, people and machines alike; only what is stored of it differs (`domain.machines`).
"""

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.clock import Clock
from domain.errors import ExpiredLinkError, InvalidLinkError, UnknownMessageError
from domain.event import (
    EMAIL_CLICKED_BY_MACHINE,
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    EMAIL_OPENED_BY_MACHINE,
    Event,
    EventType,
)
from domain.machines import SWEEP, Contact, EarlierClick, clicked_by, earlier_clicks, opened_by
from mail.links import Links
from mail.pixel import GIF
from starter.collector.committer import Committer
from starter.recipients.pages import Pages
from starter.recipients.recipient import counts_as_theirs
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.ledger import Ledger, LedgerRow

CLICK_PATIENCE: Final = 2.0
"""Seconds a click waits to be recorded. Then the customer goes on: a page that opens is worth more than a count."""

_UNTRACED: Final = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

_NOT_FOUND: Final = 404
_GONE: Final = 410

_log = structlog.get_logger("segue.links")


def create_links_router(
    *, database: Database, committer: Committer, clock: Clock, links: Links, pages: Pages
) -> APIRouter:
    """Make the routes `/c/{token}` and `/o/{token}`."""
    router = APIRouter(include_in_schema=False)
    visits = _Visits(database, committer, clock)

    @router.api_route("/c/{token}", methods=["GET", "HEAD"])
    async def click(request: Request, token: str) -> Response:
        async def follow() -> Response:
            message, link = links.read_click(token)
            row, target = await visits.target(message, link)
            if request.method == "GET":  # link checkers ask with HEAD
                await visits.record_click(row, link, request)
            return RedirectResponse(target, 302, _UNTRACED)

        return await pages.answer(request, follow())

    @router.api_route("/o/{token}", methods=["GET", "HEAD"])
    async def opened(request: Request, token: str) -> Response:
        status = 200
        try:
            message = links.read_open(token)
            if request.method == "GET":
                await visits.record_open(message, request)
        except InvalidLinkError as error:
            status = _GONE if isinstance(error, ExpiredLinkError) else _NOT_FOUND
        return Response(GIF, status, _UNTRACED, "image/gif")  # a mail must never show a broken picture

    return router


class _Visits:
    """What visitors of links read and leave in the database."""

    def __init__(self, database: Database, committer: Committer, clock: Clock) -> None:
        self._database = database
        self._committer = committer
        self._clock = clock

    async def target(self, message: str, link: int) -> tuple[LedgerRow, str]:
        """Find where a link leads.

        Raises:
            UnknownMessageError: the message is no longer there, or has no such link to the web.
        """
        async with self._database.read() as session:
            ledger = Ledger(session)
            row = await ledger.require(message)
            addresses = await ledger.links(message)
        if not 0 <= link < len(addresses) or urlsplit(addresses[link]).scheme not in ("http", "https"):
            raise UnknownMessageError(f"message {message} has no link {link} to the web")
        return row, addresses[link]

    async def record_click(self, row: LedgerRow, link: int, request: Request) -> None:
        """Store the click if that is possible soon. Each click counts, hence an id of its own."""
        try:
            async with asyncio.timeout(CLICK_PATIENCE):
                if not await self._counts(row):
                    return
                machine = clicked_by(self._contact(row, request), str(link), await self._clicks_before(row))
                name = EMAIL_CLICKED_BY_MACHINE if machine else EMAIL_LINK_CLICKED
                event = self._event(str(uuid4()), name, row, {"link": link}, machine)
                await self._committer.commit([event], of_known=True)
        except Exception as error:  # whatever it is, the customer wants to go on
            names = {"message": row.id, "journey": row.journey, "customer": row.customer}
            _log.warning("a click was not recorded in time", **names, why=type(error).__name__)

    async def record_open(self, message: str, request: Request) -> None:
        """Store that a mail was opened, if that is possible soon; by people and by machines once an hour each."""
        try:
            async with asyncio.timeout(CLICK_PATIENCE):
                async with self._database.read() as session:
                    row = await Ledger(session).require(message)
                if not await self._counts(row):
                    return
                machine = opened_by(self._contact(row, request))
                name = EMAIL_OPENED_BY_MACHINE if machine else EMAIL_OPENED
                hour = f"{self._clock.now():%Y-%m-%dT%H}"
                event = self._event(f"{'machine-' if machine else ''}open-{message}-{hour}", name, row, {}, machine)
                await self._committer.commit([event], of_known=True)
        except Exception as error:  # whatever it is, the mail wants its picture
            _log.warning("an open was not recorded", message=message, why=type(error).__name__)

    async def _counts(self, row: LedgerRow) -> bool:
        """Whether it is the customer's doing. In another mailbox a joined visitor's mail is read by who knows whom."""
        async with self._database.read() as session:
            return await counts_as_theirs(session, row)

    def _contact(self, row: LedgerRow, request: Request) -> Contact:
        address = request.client.host if request.client else None
        contact = Contact.read(request.headers, self._clock.now(), address)
        return contact.model_copy(update={"handed_over_at": row.handed_over_at})

    async def _clicks_before(self, row: LedgerRow) -> list[EarlierClick]:
        async with self._database.read() as session:
            customer = await Customers(session).current(row.customer)
            recent = await EventStore(session).recent(customer, self._clock.now() - SWEEP)
        return earlier_clicks([stored.event for stored in recent], row.id)

    def _event(self, message_id: str, name: str, row: LedgerRow, facts: dict[str, Any], machine: str | None) -> Event:
        now = self._clock.now()
        said = {"message": row.id, "journey": row.journey, "step": row.step, **facts}
        return Event(
            message_id=message_id,
            type=EventType.TRACK,
            name=name,
            user_id=row.customer,
            occurred_at=now,
            received_at=now,
            properties=said | ({"machine": machine} if machine else {}),
        )
