"""Tracked links in mails: the click's redirect. No login, no script; the signature in the link is the key."""

import asyncio
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.clock import Clock
from domain.errors import UnknownMessageError
from domain.event import EMAIL_LINK_CLICKED, Event, EventType
from mail.links import Links
from starter.collector.committer import Committer
from starter.collector.pages import Pages
from storage.database import Database
from storage.ledger import Ledger, LedgerRow

CLICK_PATIENCE: Final = 2.0
"""Seconds a click waits to be recorded. Then the customer goes on: a page that opens is worth more than a count."""

_UNTRACED: Final = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

_log = structlog.get_logger("segue.links")


def create_links_router(
    *, database: Database, committer: Committer, clock: Clock, links: Links, pages: Pages
) -> APIRouter:
    """Make the route `/c/{token}`."""
    router = APIRouter(include_in_schema=False)
    visits = _Visits(database, committer, clock)

    @router.api_route("/c/{token}", methods=["GET", "HEAD"])
    async def click(request: Request, token: str) -> Response:
        async def follow() -> Response:
            message, link = links.read_click(token)
            row, target = await visits.target(message, link)
            if request.method == "GET":  # link checkers ask with HEAD
                await visits.record_click(row, link)
            return RedirectResponse(target, 302, _UNTRACED)

        return await pages.answer(request, follow())

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
            addresses = (await ledger.body(message)).links
        if not 0 <= link < len(addresses) or urlsplit(addresses[link]).scheme not in ("http", "https"):
            raise UnknownMessageError(f"message {message} has no link {link} to the web")
        return row, addresses[link]

    async def record_click(self, row: LedgerRow, link: int) -> None:
        """Store the click if that is possible soon. Each click counts, hence an id of its own."""
        event = self._event(str(uuid4()), EMAIL_LINK_CLICKED, row, {"link": link})
        try:
            async with asyncio.timeout(CLICK_PATIENCE):
                await self._committer.commit([event])
        except Exception as error:  # whatever it is, the customer wants to go on
            _log.warning("a click was not recorded in time", message=row.id, why=type(error).__name__)

    def _event(self, message_id: str, name: str, row: LedgerRow, facts: dict[str, int]) -> Event:
        now = self._clock.now()
        return Event(
            message_id=message_id,
            type=EventType.TRACK,
            name=name,
            user_id=row.customer,
            occurred_at=now,
            received_at=now,
            properties={"message": row.id, "journey": row.journey, "step": row.step, **facts},
        )
