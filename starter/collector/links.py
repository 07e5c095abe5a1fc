"""Links in mails: the click's redirect and the way out. No login, no script; the signature in the link is the key."""

import asyncio
from collections.abc import Awaitable
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from fastapi import APIRouter
from itsdangerous import SignatureExpired
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.clock import Clock
from domain.errors import InvalidLinkError, UnavailableError, UnknownMessageError
from domain.event import EMAIL_LINK_CLICKED, UNSUBSCRIBED, Event, EventType
from domain.profile import ALL_MARKETING
from mail.links import Links
from starter.collector.answers import RETRY_AFTER
from starter.collector.committer import Committer
from starter.collector.pages import Pages
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.ledger import Ledger, LedgerRow
from storage.permissions import Permissions

CLICK_PATIENCE: Final = 2.0
"""Seconds a click waits to be recorded. Then the customer goes on: a page that opens is worth more than a count."""

_NOT_FOUND: Final = 404
_GONE: Final = 410
_UNTRACED: Final = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

_log = structlog.get_logger("segue.links")


def create_links_router(
    *, database: Database, committer: Committer, clock: Clock, links: Links, pages: Pages
) -> APIRouter:
    """Make the routes `/c/{token}` and `/u/{token}`."""
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

        return await _or_page(follow(), pages)

    @router.api_route("/u/{token}", methods=["GET", "HEAD"])
    async def ask(token: str) -> Response:
        async def page() -> Response:
            # Changes nothing: mail programs and scanners open links before their reader does.
            links.read_unsubscribe(token)
            return pages.ask()

        return await _or_page(page(), pages)

    @router.post("/u/{token}")
    async def leave(token: str) -> Response:
        async def left() -> Response:
            # The body stays unread: RFC 8058's List-Unsubscribe=One-Click and the form say the same.
            await visits.leave(links.read_unsubscribe(token))
            return pages.left()

        return await _or_page(left(), pages)

    return router


async def _or_page(answer: Awaitable[Response], pages: Pages) -> Response:
    """The answer, or the page that tells a person why there is none."""
    try:
        return await answer
    except InvalidLinkError as error:
        return pages.broken(_GONE if isinstance(error.__cause__, SignatureExpired) else _NOT_FOUND)
    except UnknownMessageError:
        return pages.broken(_GONE)
    except UnavailableError as error:
        _log.warning("a link could not be followed", why=str(error))
        return pages.away(RETRY_AFTER)


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

    async def leave(self, message: str) -> None:
        """Opt the recipient of a message out, and report it, in one transaction. Saying it again changes nothing.

        Raises:
            UnknownMessageError: the message is no longer there, and so nobody knows whose it was.
        """
        async with self._database.transaction() as session:
            row = await Ledger(session).require(message)
            event = self._event(f"unsubscribe-{message}", UNSUBSCRIBED, row, {})
            await EventStore(session).commit([event])
            # The message may have gone to somebody who was a stranger then, and is known now.
            customer = await Customers(session).resolve(user_id=row.customer) or row.customer
            await Permissions(session).opt_out(customer, ALL_MARKETING, event.occurred_at, message)

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
