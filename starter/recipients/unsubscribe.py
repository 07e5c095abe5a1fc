"""The way out: unsubscribing by one click, and taking it back. The signature in the link is the key."""

from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from domain.clock import Clock
from domain.errors import ExpiredLinkError, FormerMailboxError, UnavailableError
from domain.profile import ALL_MARKETING
from mail.links import Links
from starter.recipients.centre import Offered, gets_none, paused_until
from starter.recipients.origin import is_from_elsewhere
from starter.recipients.pages import Pages
from starter.recipients.recipient import Recipient, find_reader, hold_reader, hold_recipient
from starter.recipients.wishes import undo_unsubscribe, unsubscribe
from storage.database import Database
from storage.suppressions import Suppressions


def create_unsubscribe_router(
    *, database: Database, clock: Clock, links: Links, pages: Pages, offered: Offered
) -> APIRouter:
    """Make the routes `/u/{token}` and `/r/{token}`, which takes back what the former did."""
    router = APIRouter(include_in_schema=False)
    answers = _Answers(database, clock, links, pages, offered)

    @router.api_route("/u/{token}", methods=["GET", "HEAD"])
    async def ask(request: Request, token: str) -> Response:
        # Changes nothing: mail programs and scanners open links before their reader does.
        return await pages.answer(request, answers.ask(request, token))

    @router.post("/u/{token}")
    async def go(request: Request, token: str) -> Response:
        # The body stays unread: RFC 8058's List-Unsubscribe=One-Click and the form say the same.
        return await pages.answer(request, answers.go(request, token))

    @router.api_route("/r/{token}", methods=["GET", "HEAD"])
    async def ask_back(request: Request, token: str) -> Response:
        return await pages.answer(request, answers.ask_back(request, token))

    @router.post("/r/{token}")
    async def undo(request: Request, token: str) -> Response:
        return await pages.answer(request, answers.undo(request, token))

    return router


class _Answers:
    """Answers of the routes."""

    def __init__(self, database: Database, clock: Clock, links: Links, pages: Pages, offered: Offered) -> None:
        self._database, self._clock, self._links, self._pages = database, clock, links, pages
        self._offered = offered

    async def ask(self, request: Request, token: str, status: int = HTTPStatus.OK) -> Response:
        reader = await self._reader(self._links.read_unsubscribe(token))
        speech = self._pages.speech(request, reader)
        if _knows_of_erasure(reader):
            return self._pages.note("erased", speech, status)
        return self._pages.page("ask", speech, status, preferences=self._preferences(reader))

    async def go(self, request: Request, token: str) -> Response:
        message = self._links.read_unsubscribe(token)
        if is_from_elsewhere(request, self._links.base_url):
            return await self.ask(request, token, HTTPStatus.FORBIDDEN)
        async with self._database.transaction() as session:
            reader = await hold_reader(session, message)
            if not reader.is_stranger:
                await unsubscribe(session, reader, ALL_MARKETING, self._clock)
        speech = self._pages.speech(request, reader)
        if not reader.is_at_home:
            # Out they get, whatever they can open. A mail program that asked by itself must be told so, too.
            return self._pages.note("left_before" if reader.is_stranger else "left", speech)
        if reader.is_being_erased:
            return self._pages.note("erased", speech)
        undo = f"../r/{self._links.undo_token(message)}"
        return self._pages.page("left", speech, preferences=self._preferences(reader), undo=undo)

    async def ask_back(self, request: Request, token: str) -> Response:
        """Of whoever reloads the page or keeps it: the same button again."""
        reader = await self._reader(self._links.read_undo(token), only_at_home=True)
        speech = self._pages.speech(request, reader)
        if _knows_of_erasure(reader):
            return self._pages.note("erased", speech)
        return self._pages.page("left", speech, preferences=self._preferences(reader), undo="")

    async def undo(self, request: Request, token: str) -> Response:
        try:
            message = self._links.read_undo(token)
        except ExpiredLinkError as error:
            reader = await self._reader(error.message)
            speech = self._pages.speech(request, reader)
            if _knows_of_erasure(reader):
                return self._pages.note("erased", speech)
            return self._pages.note("undo_expired", speech, HTTPStatus.GONE, preferences=self._preferences(reader))
        if is_from_elsewhere(request, self._links.base_url):
            return self._pages.note("elsewhere", self._pages.speech(request), HTTPStatus.FORBIDDEN)
        async with self._database.transaction() as session:
            recipient = await hold_recipient(session, message)
            if recipient.is_being_erased:
                return self._pages.note("erased", self._pages.speech(request, recipient))
            lifted = await undo_unsubscribe(session, recipient, self._clock)
            until = paused_until(recipient, now=self._clock.now(), default_zone=self._offered.default_zone)
            undone = await _undone(session, recipient, until)
        speech = self._pages.speech(request, recipient)
        return self._pages.note(
            undone if lifted else "not_undone",
            speech,
            preferences=self._preferences(recipient),
            until=speech.day(until) if until else "",
        )

    async def _reader(self, message: str, *, only_at_home: bool = False) -> Recipient | None:
        """The reader where they can be known: whoever wants out must not wait for a database."""
        try:
            async with self._database.read() as session:
                reader = await find_reader(session, message)
        except UnavailableError:
            return None
        if only_at_home and not reader.is_at_home:
            raise FormerMailboxError(message)
        return reader

    def _preferences(self, reader: Recipient | None) -> str:
        """Relative: behind a proxy our paths may lie below another. Empty where the mail's own link is too old."""
        fresh = reader and self._links.fresh_preferences(reader.row.id, reader.age(self._clock))
        return f"../p/{fresh}" if fresh else ""


async def _undone(session: AsyncSession, recipient: Recipient, until: datetime | None) -> str:
    """The words for what holds after an undo: what keeps mail back longest is said."""
    if await Suppressions(session).reason(recipient.customer.id):
        return "undone_barred"
    if await gets_none(session, recipient):
        return "undone_but"
    return "undone_paused" if until else "undone"


def _knows_of_erasure(reader: Recipient | None) -> bool:
    """Whether the page says that the customer is being erased: in the customer's own mailbox alone."""
    return reader is not None and reader.is_at_home and reader.is_being_erased
