"""The one HTTP client of all providers: hands mails over on a few connections that are kept open.

Leaves out retrying, which is Temporal's, and everything that differs between providers (`mail.http.provider`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import httpx2

from domain.errors import DeferredByServerError, RefusedMessageError, RefusedSenderError, UnheardError
from mail.http.provider import Accepted, Deferred, Provider, Reading, Refused, Unheard, Unknowable
from mail.quoting import quote
from mail.transport import Handover, Line, Mail, Transport

CONNECTIONS: Final = 4
"""As for SMTP. A hand-over takes some 0.2 s: twenty mails a second, which is more than accounts are allowed."""

CONNECT_TIMEOUT: Final = timedelta(seconds=10)
ANSWER_TIMEOUT: Final = timedelta(seconds=60)
"""How long to wait for the next byte, of the request's way or of the answer's."""


class HttpTransport(Transport):
    """A `mail.transport.Transport` over one provider's API. Safe to use from many tasks of one event loop at once.

    Args:
        provider: whose API.
        connections: At most so many at a time; further deliveries wait for a free one.
        connect_timeout: For connecting, certificates included.
        answer_timeout: For each silence after that.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        connections: int = CONNECTIONS,
        connect_timeout: timedelta = CONNECT_TIMEOUT,
        answer_timeout: timedelta = ANSWER_TIMEOUT,
    ) -> None:
        self._provider = provider
        timeout = httpx2.Timeout(answer_timeout.total_seconds(), connect=connect_timeout.total_seconds())
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx2.AsyncClient(timeout=timeout, limits=limits)
        self._slots = asyncio.Semaphore(connections)
        self._in_use: set[asyncio.Future[Any]] = set()
        self._closed = False

    def __repr__(self) -> str:
        return f"HttpTransport({self._provider.name})"

    @property
    def repeats_safely(self) -> timedelta | None:
        """As long as the provider knows a mail by its key."""
        return self._provider.repeats_safely

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A line for one mail: a free connection, or leave to open one. See `mail.transport.Transport.line`."""
        async with self._slots:
            if self._closed:
                raise DeferredByServerError("the mail transport is shutting down")
            yield _HttpLine(self._http, self._provider, self._in_use)

    async def aclose(self) -> None:
        """Close the connections, and break off what is under way."""
        self._closed = True
        for request in self._in_use:
            request.cancel()
        await self._http.aclose()


class _HttpLine:
    """One request."""

    def __init__(self, http: httpx2.AsyncClient, provider: Provider, in_use: set[asyncio.Future[Any]]) -> None:
        self._http, self._provider, self._in_use = http, provider, in_use
        self.written = False

    async def deliver(self, mail: Mail) -> Handover:
        """Post the mail. Until the request's first byte is written nothing is accepted, after it anything may be."""
        try:
            answer = await self._post(mail)
        except httpx2.RequestError as error:
            # Without its cause, which holds the request, the API key and the mail.
            problem = f"{self._provider.name}: {type(error).__name__}"
            if not self.written:
                raise DeferredByServerError(f"{problem} before the mail was written") from None
            return self._end(Unheard(problem=f"{problem} after the mail was written"), mail)
        return self._end(self._provider.read(answer), mail)

    async def _post(self, mail: Mail) -> httpx2.Response:
        call = self._provider.call(mail.raw, mail.key)
        post = self._http.post(call.url, headers=call.headers, json=call.body, extensions={"trace": self._trace})
        request = asyncio.ensure_future(post)
        self._in_use.add(request)
        try:
            return await request
        except asyncio.CancelledError:
            if request.cancelled() and not _is_cancelled():
                raise httpx2.ReadError("the transport was closed") from None
            raise
        finally:
            self._in_use.discard(request)

    async def _trace(self, step: str, _information: dict[str, Any]) -> None:
        self.written = self.written or step.endswith("send_request_headers.started")

    def _end(self, reading: Reading, mail: Mail) -> Handover:
        """From the provider's words into ours."""
        match reading:
            case Accepted():
                return Handover.ACCEPTED
            case Refused(code=code, problem=problem, no_mailbox=no_mailbox):
                raise RefusedMessageError(code, self._said(problem, mail), no_mailbox=no_mailbox)
            case Deferred(problem=problem, wait=wait, ours=True):
                raise RefusedSenderError(self._said(problem, mail), wait=wait)
            case Deferred(problem=problem, wait=wait):
                raise DeferredByServerError(self._said(problem, mail), wait=wait)
            case Unheard(problem=problem, wait=wait) if self._provider.repeats_safely:
                raise UnheardError(self._said(problem, mail), wait=wait)
            case Unheard() | Unknowable():
                return Handover.UNKNOWN

    def _said(self, problem: str, mail: Mail) -> str:
        return quote(problem, mail.recipient)


def _is_cancelled() -> bool:
    """Whether our own task is being cancelled, and not only the request."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
