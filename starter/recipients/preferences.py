"""The preference centre's route, `/p/{token}`: reading changes nothing, saving is one transaction and a redirect.

No login: the signature in the link is the key. What is grave is only asked for here, see `data_requests`.
"""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.clock import Clock
from domain.errors import ExpiredLinkError, InvalidLinkError
from domain.preferences import Frequency
from domain.profile import ALL_MARKETING
from domain.withdrawal import Page
from mail.links import Links
from mail.speech import Speech
from starter.collector.bodies import BodyTooLargeError, read_body
from starter.recipients.centre import Centre, Offered, read_centre
from starter.recipients.data_requests import FRESH_LINK, ask_for
from starter.recipients.origin import is_from_elsewhere
from starter.recipients.pages import UNTRACED, Pages
from starter.recipients.recipient import Recipient, find_recipient, hold_recipient
from starter.recipients.wishes import (
    Deed,
    Form,
    InvalidChoiceError,
    Wishes,
    come_back,
    fulfil,
    read_deed,
    read_wishes,
    undo_unsubscribe,
    unsubscribe,
)
from storage.database import Database
from storage.suppressions import Suppressions

MAX_FORM: Final = 20_000
"""Bytes. The page's own form has some hundred."""

_SAVED: Final = (Deed.SAVE, Deed.LEAVE, Deed.UNDO, Deed.RETURN)
_ASKED: Final = (Deed.EXPORT, Deed.ERASURE)


def create_preferences_router(
    *, database: Database, clock: Clock, links: Links, pages: Pages, offered: Offered
) -> APIRouter:
    """Make the route `/p/{token}`."""
    router = APIRouter(include_in_schema=False)
    answers = _Answers(database, clock, links, pages, offered)

    @router.api_route("/p/{token}", methods=["GET", "HEAD"])
    async def show(request: Request, token: str) -> Response:
        # Changes nothing: mail programs and scanners open links before their reader does.
        return await pages.answer(request, answers.show(request, token))

    @router.post("/p/{token}")
    async def act(request: Request, token: str) -> Response:
        return await pages.answer(request, answers.act(request, token))

    return router


class _Answers:
    """Answers of the route."""

    def __init__(self, database: Database, clock: Clock, links: Links, pages: Pages, offered: Offered) -> None:
        self._database, self._clock, self._links, self._pages = database, clock, links, pages
        self._offered = offered

    async def show(self, request: Request, token: str) -> Response:
        """The centre; after a post, what came of it."""
        done = request.query_params.get("done", "")
        try:
            message = self._links.read_preferences(token)
        except ExpiredLinkError as error:
            return await self._show_old(request, error.message, done)
        recipient, speech, centre = await self._read(request, message)
        if recipient.is_being_erased:
            return self._pages.note("erased", speech)
        if done in _SAVED:
            left = done == Deed.LEAVE and centre.gets_none
            return self._pages.page("saved", speech, centre=centre, back=token, left=left)
        if done in _ASKED:
            return self._pages.page(
                "asked", speech, asked_for=done, address=centre.address, barred=centre.barred, back=token
            )
        return self._page(recipient, speech, centre)

    async def act(self, request: Request, token: str) -> Response:
        """Do what one of the page's forms says, and lead to a page that a reload does not do again."""
        if is_from_elsewhere(request, self._links.base_url):
            return self._pages.note("elsewhere", self._pages.speech(request), HTTPStatus.FORBIDDEN)
        try:
            message = self._links.read_preferences(token)
        except ExpiredLinkError as error:
            await self._ask_for_link(error.message)
            return _lead_to(token, FRESH_LINK)
        try:
            form = await _read_form(request)
            deed = read_deed(form)
            wishes = read_wishes(form, self._offered) if deed is Deed.SAVE else Wishes()
        except BodyTooLargeError:
            return await self._refuse(request, message, "topics", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except InvalidChoiceError as error:
            return await self._refuse(request, message, error.field)
        if deed in _ASKED and not self._is_fresh(form, message):
            speech = self._pages.speech(request)
            return self._pages.note("asking_expired", speech, HTTPStatus.FORBIDDEN, preferences=token)
        async with self._database.transaction() as session:
            recipient = await hold_recipient(session, message)
            if not recipient.is_being_erased:  # the page it leads to says so
                await self._do(session, recipient, deed, wishes, self._pages.speech(request, recipient))
        return _lead_to(token, deed)

    def _do(
        self, session: AsyncSession, recipient: Recipient, deed: Deed, wishes: Wishes, speech: Speech
    ) -> Awaitable[object]:
        match deed:
            case Deed.SAVE:
                return fulfil(session, recipient, wishes, speech, self._clock)
            case Deed.LEAVE:
                return unsubscribe(session, recipient, ALL_MARKETING, self._clock, Page.CENTRE)
            case Deed.UNDO:
                return undo_unsubscribe(session, recipient, self._clock, Page.CENTRE)
            case Deed.RETURN:
                return come_back(session, recipient, self._clock)
            case Deed.EXPORT | Deed.ERASURE:
                return ask_for(session, recipient, deed, self._clock)

    def _is_fresh(self, form: Form, message: str) -> bool:
        """Whether the page was opened lately on which somebody asks for their data.

        Raises:
            InvalidLinkError: it was another mail's, or never ours.
        """
        try:
            asking = self._links.read_asking("".join(form.get("asking", [""])[-1:]))
        except ExpiredLinkError:
            return False
        if asking != message:
            raise InvalidLinkError("the form was made for another mail")
        return True

    async def _ask_for_link(self, message: str) -> None:
        async with self._database.transaction() as session:
            recipient = await hold_recipient(session, message)
            if not recipient.is_being_erased:
                await ask_for(session, recipient, FRESH_LINK, self._clock)

    async def _show_old(self, request: Request, message: str, done: str) -> Response:
        async with self._database.read() as session:
            recipient = await find_recipient(session, message)
            barred = await Suppressions(session).reason(recipient.customer.id)
        speech = self._pages.speech(request, recipient)
        if recipient.is_being_erased:
            return self._pages.note("erased", speech)
        if done == FRESH_LINK:
            # How a mail of so long ago reached this reader nobody knows: not even a part of the address is shown.
            address = "•••" if recipient.customer.email else ""
            return self._pages.page("asked", speech, asked_for=FRESH_LINK, address=address, barred=barred, back="")
        return self._pages.page("old_link", speech, HTTPStatus.GONE)

    async def _refuse(
        self, request: Request, message: str, field: str, status: int = HTTPStatus.UNPROCESSABLE_ENTITY
    ) -> Response:
        return self._page(*await self._read(request, message), status=status, wrong=field)

    async def _read(self, request: Request, message: str) -> tuple[Recipient, Speech, Centre]:
        async with self._database.read() as session:
            recipient = await find_recipient(session, message)
            speech = self._pages.speech(request, recipient)
            now, shop = self._clock.now(), self._pages.shop
            centre = await read_centre(session, recipient, self._offered, speech, now=now, shop=shop)
        return recipient, speech, centre

    def _page(
        self, recipient: Recipient, speech: Speech, centre: Centre, status: int = HTTPStatus.OK, wrong: str = ""
    ) -> Response:
        if recipient.is_being_erased:
            return self._pages.note("erased", speech)
        asking = self._links.asking_token(recipient.row.id)
        return self._pages.page(
            "preferences", speech, status, centre=centre, asking=asking, wrong=wrong, frequencies=list(Frequency)
        )


async def _read_form(request: Request) -> Form:
    body = await read_body(request, MAX_FORM)
    return parse_qs(body.decode(errors="replace"), keep_blank_values=True)


def _lead_to(token: str, done: str) -> RedirectResponse:
    """Relative: behind a proxy our paths may lie below another."""
    return RedirectResponse(f"{token}?done={done}", HTTPStatus.SEE_OTHER, UNTRACED)
