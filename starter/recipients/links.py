"""Tracked links and the open pixel in mails. No login, no script; the signature in the address is the key.

Whoever follows a link is led on, people and machines alike; only what is stored of it differs (`domain.machines`).
"""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import uuid4

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.clock import Clock
from domain.errors import InvalidLinkError, UnknownMessageError
from domain.event import (
    EMAIL_CLICKED_BY_MACHINE,
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    EMAIL_OPENED_BY_MACHINE,
)
from domain.machines import SWEEP, Contact, EarlierClick, clicked_by, earlier_clicks, opened_by
from mail.links import Links
from mail.pixel import GIF
from starter.collector.committer import Committer
from starter.recipients.pages import UNTRACED, Pages, status_of
from starter.recipients.recipient import counts_as_theirs, event_of
from starter.recipients.records import Records
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.ledger import Ledger, LedgerRow


def create_links_router(
    *, database: Database, committer: Committer, clock: Clock, links: Links, pages: Pages
) -> APIRouter:
    """Make the routes `/c/{token}` and `/o/{token}`."""
    router = APIRouter(include_in_schema=False)
    answers = _Answers(database, committer, clock, links)

    @router.api_route("/c/{token}", methods=["GET", "HEAD"])
    async def click(request: Request, token: str) -> Response:
        return await pages.answer(request, answers.click(request, token))

    @router.api_route("/o/{token}", methods=["GET", "HEAD"])
    async def opened(request: Request, token: str) -> Response:
        return await answers.opened(request, token)

    return router


class _Answers:
    """Answers of the routes, and what visitors leave in the database."""

    def __init__(self, database: Database, committer: Committer, clock: Clock, links: Links) -> None:
        self._database, self._committer, self._clock, self._links = database, committer, clock, links
        self._records = Records()

    async def click(self, request: Request, token: str) -> Response:
        message, link = self._links.read_click(token)
        row, target = await self._target(message, link)
        # Link checkers ask with HEAD.
        left = await self._record_click(row, link, request) if request.method == "GET" else None
        return RedirectResponse(target, HTTPStatus.FOUND, UNTRACED, left)

    async def opened(self, request: Request, token: str) -> Response:
        status, left = HTTPStatus.OK, None
        try:
            message = self._links.read_open(token)
            if request.method == "GET":
                left = await self._record_open(message, request)
        except InvalidLinkError as error:
            status = status_of(error)
        return Response(GIF, status, UNTRACED, "image/gif", left)  # a mail must never show a broken picture

    async def _target(self, message: str, link: int) -> tuple[LedgerRow, str]:
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

    async def _record_click(self, row: LedgerRow, link: int, request: Request) -> BackgroundTask | None:
        """Store a click, behind the answer where it takes long. Each click counts, hence an id of its own."""
        contact, event_id = self._contact(request), str(uuid4())

        async def record() -> None:
            if not await self._counts(row):
                return
            mine = _of_mail(contact, row)
            machine = clicked_by(mine, str(link), await self._clicks_before(row, mine.at))
            name = EMAIL_CLICKED_BY_MACHINE if machine else EMAIL_LINK_CLICKED
            event = event_of(row, event_id, name, mine.at, link=link, **_by(machine))
            await self._committer.commit([event], of_known=True)

        about = {"message": row.id, "journey": row.journey, "customer": row.customer}
        return await self._records.make("click", about, record)

    async def _record_open(self, message: str, request: Request) -> BackgroundTask | None:
        """Store that a mail was opened, behind the answer likewise; by people and by machines once an hour each."""
        contact = self._contact(request)

        async def record() -> None:
            async with self._database.read() as session:
                row = await Ledger(session).require(message)
            if not await self._counts(row):
                return
            mine = _of_mail(contact, row)
            machine = opened_by(mine)
            name = EMAIL_OPENED_BY_MACHINE if machine else EMAIL_OPENED
            event_id = f"{'machine-' if machine else ''}open-{message}-{mine.at:%Y-%m-%dT%H}"
            event = event_of(row, event_id, name, mine.at, **_by(machine))
            await self._committer.commit([event], of_known=True)

        return await self._records.make("open", {"message": message}, record)

    async def _counts(self, row: LedgerRow) -> bool:
        """Whether it is the customer's doing. In another mailbox a joined visitor's mail is read by who knows whom."""
        async with self._database.read() as session:
            return await counts_as_theirs(session, row)

    def _contact(self, request: Request) -> Contact:
        """Who visits, and when: what is recorded later happened now."""
        address = request.client.host if request.client else None
        return Contact.read(request.headers, self._clock.now(), address)

    async def _clicks_before(self, row: LedgerRow, at: datetime) -> list[EarlierClick]:
        async with self._database.read() as session:
            customer = await Customers(session).current(row.customer)
            recent = await EventStore(session).recent(customer, at - SWEEP)
        return earlier_clicks([stored.event for stored in recent], row.id)


def _of_mail(contact: Contact, row: LedgerRow) -> Contact:
    return contact.model_copy(update={"handed_over_at": row.handed_over_at})


def _by(machine: str | None) -> dict[str, str]:
    return {"machine": machine} if machine else {}
