"""Requests about data: asked for on the preference page, confirmed by a mail's link, done by a button.

Whoever holds a forwarded mail can ask. So asking only stores an event, which the journey `data-request` answers with a
mail to the address on file; and opening that mail's link changes nothing either, until the button is pressed.
"""

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from domain.clock import Clock
from domain.errors import ExpiredLinkError, InvalidLinkError
from domain.event import DATA_EXPORT_REQUESTED, DATA_REQUEST_CONFIRMED, ERASURE_REQUESTED, PREFERENCES_LINK_REQUESTED
from mail.links import DataRequest, Links
from starter.privacy import Privacy
from starter.recipients.origin import is_from_elsewhere
from starter.recipients.pages import Pages
from starter.recipients.recipient import Recipient, find_recipient, hold_recipient
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore

ASKED_AGAIN_AFTER: Final = timedelta(hours=1)
"""Product time. Whoever asks once more before gets no second mail of the kind: the page must not flood a mailbox."""

FRESH_LINK: Final = "link"
"""Asked for by the reader of a mail whose preferences link is too old."""

EVENTS: Final = {
    DataRequest.EXPORT: DATA_EXPORT_REQUESTED,
    DataRequest.ERASURE: ERASURE_REQUESTED,
    FRESH_LINK: PREFERENCES_LINK_REQUESTED,
}
"""By what is asked for, the event that begins the journey. The names stand in addresses, too."""

SOURCE: Final = "preference centre"


async def ask_for(session: AsyncSession, recipient: Recipient, what: str, clock: Clock) -> bool:
    """Store that a recipient asks for something.

    Whether a mail comes of it: not without an address, nor so soon after the last of a kind.
    """
    if not recipient.customer.email:
        return False
    name, events = EVENTS[what], EventStore(session)
    earlier = await events.of_names(recipient.customer.id, [name])
    last = max((stored.event.occurred_at for stored in earlier), default=None)
    now = clock.now()
    if last is not None and last + ASKED_AGAIN_AFTER > now:
        return False
    # The same id for two posts at once: one mail.
    request = f"{what}-{int(now.timestamp() // ASKED_AGAIN_AFTER.total_seconds())}"
    message_id = f"{recipient.customer.id}-{request}"
    await events.commit([recipient.event(message_id, name, clock, request=request)])
    return True


def create_data_requests_router(*, database: Database, clock: Clock, links: Links, pages: Pages) -> APIRouter:
    """Make the routes `/d/export/{token}` and `/d/erasure/{token}`."""
    router = APIRouter(include_in_schema=False)
    answers = _Answers(database, clock, links, pages)

    @router.api_route("/d/{asked_for}/{token}", methods=["GET", "HEAD"])
    async def show(request: Request, asked_for: str, token: str) -> Response:
        return await pages.answer(request, answers.show(request, asked_for, token))

    @router.post("/d/{asked_for}/{token}")
    async def confirm(request: Request, asked_for: str, token: str) -> Response:
        return await pages.answer(request, answers.confirm(request, asked_for, token))

    return router


class _Answers:
    """Answers of the routes."""

    def __init__(self, database: Database, clock: Clock, links: Links, pages: Pages) -> None:
        self._database, self._clock, self._links, self._pages = database, clock, links, pages
        self._privacy = Privacy(database, clock)

    async def show(self, request: Request, page: str, token: str) -> Response:
        asked_for = _require_kind(page)
        try:
            message = self._links.read_data_request(token, asked_for)
        except ExpiredLinkError as error:
            async with self._database.read() as session:
                recipient = await find_recipient(session, error.message)
            fresh = self._links.fresh_preferences(error.message, recipient.age(self._clock))
            speech = self._pages.speech(request)
            if recipient.is_being_erased:
                return self._pages.note("erased", speech)
            return self._pages.note(
                "confirm_expired", speech, HTTPStatus.GONE, preferences=f"../../p/{fresh}" if fresh else ""
            )
        async with self._database.read() as session:
            recipient = await find_recipient(session, message)
        speech = self._pages.speech(request, recipient)
        if recipient.is_being_erased and asked_for is DataRequest.ERASURE:
            return self._pages.note("erased", speech)  # a copy they may still have
        return self._pages.page("press", speech, about=asked_for.value, grave=asked_for is DataRequest.ERASURE)

    async def confirm(self, request: Request, page: str, token: str) -> Response:
        asked_for = _require_kind(page)
        try:
            message = self._links.read_data_request(token, asked_for)
        except ExpiredLinkError:
            return await self.show(request, page, token)
        if is_from_elsewhere(request, self._links.base_url):
            return self._pages.note("elsewhere", self._pages.speech(request), HTTPStatus.FORBIDDEN)
        if asked_for is DataRequest.ERASURE:
            async with self._database.transaction() as session:
                recipient = await hold_recipient(session, message)
                await self._privacy.request_erasure_in(session, recipient.customer.id, SOURCE)
            speech = self._pages.speech(request, recipient)
            return self._pages.note("erased", speech)
        async with self._database.read() as session:
            known = await self._privacy.export_in(session, (await find_recipient(session, message)).customer.id)
        await self._tell_the_journey(message)
        return _download(known)

    async def _tell_the_journey(self, message: str) -> None:
        """That the request it waits for was confirmed. Saying it again changes nothing.

        Asked for once more whose mailbox it is: whoever was joined while the data were read gets none.
        """
        async with self._database.transaction() as session:
            recipient = await hold_recipient(session, message)
            enrollment = await Enrollments(session).get(recipient.row.enrollment)
            request = enrollment.key if enrollment is not None and enrollment.key else recipient.row.id
            confirmed = recipient.event(
                f"confirmed-{recipient.row.id}", DATA_REQUEST_CONFIRMED, self._clock, request=request
            )
            await EventStore(session).commit([confirmed])


def _require_kind(page: str) -> DataRequest:
    try:
        return DataRequest(page)
    except ValueError as error:
        raise InvalidLinkError(f"no such request: {page!r:.40}") from error


def _download(known: dict[str, Any]) -> Response:
    body = json.dumps(known, default=str, ensure_ascii=False, indent=2)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="my-data.json"',
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return Response(body, media_type="application/json", headers=headers)
