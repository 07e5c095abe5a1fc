"""The development inbox: an SMTP server that delivers nothing, and a page to read what was sent.

Each mail becomes a file before the sender hears that it was accepted, so a restart loses none. For development: it
listens on this machine only unless told otherwise, and asks nobody for a password.
"""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Final

import uvicorn

from domain.errors import ConfigurationError
from starter.inbox.app import create_app
from starter.inbox.mailbox import Mailbox

try:
    from aiosmtpd.smtp import SMTP, Envelope, Session
except ModuleNotFoundError as error:
    raise ConfigurationError(
        "the development inbox needs aiosmtpd, which is in an extra: pip install 'segue[embedded]'"
    ) from error

HOST: Final = "127.0.0.1"
SMTP_PORT: Final = 1025
HTTP_PORT: Final = 8025
"""Both are what developers' mail catchers have used since MailHog."""


class Inbox:
    """Receives mail by SMTP and shows it over HTTP, on the running event loop.

    Args:
        folder: Where mails are kept, see `starter.inbox.mailbox`.
        host: The address to listen on.
        smtp_port: 0 takes a free one. The attribute of this name is the real one once started.
        http_port: As `smtp_port`.
    """

    def __init__(
        self, folder: Path, *, host: str = HOST, smtp_port: int = SMTP_PORT, http_port: int = HTTP_PORT
    ) -> None:
        self.host = host
        self.smtp_port = smtp_port
        self.http_port = http_port
        self.mailbox = Mailbox(folder)
        self._smtp: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        config = uvicorn.Config(create_app(self.mailbox), lifespan="off", log_config=None, access_log=False)
        self._http = _Server(config)
        self._web: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def smtp_url(self) -> str:
        """What to set SEGUE_SMTP to."""
        return f"smtp://{self.host}:{self.smtp_port}?starttls=never"

    @property
    def http_url(self) -> str:
        """Where to read the mails."""
        return f"http://{self.host}:{self.http_port}"

    @property
    def is_running(self) -> bool:
        """Whether mail is taken and the page is shown."""
        return self._smtp is not None and self._smtp.is_serving() and self._http.started

    async def start(self) -> None:
        """Listen on both ports. Returns once connections are accepted.

        Raises:
            OSError: A port is taken. Then neither is held.
        """
        web = socket.create_server((self.host, self.http_port), backlog=128)
        try:
            loop = asyncio.get_running_loop()
            self._smtp = await loop.create_server(lambda: _Session(self), self.host, self.smtp_port)
        except OSError:
            web.close()
            raise
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]
        self.http_port = web.getsockname()[1]
        self._web = web
        self._serving = asyncio.create_task(self._http.serve(sockets=[web]), name="inbox")

    async def stop(self) -> None:
        """Stop listening and hang up. The mails stay."""
        if self._smtp:
            self._smtp.close()
        for session in tuple(self._sessions):
            session.hang_up()
        if self._serving and self._web:
            self._http.should_exit = True
            await self._serving
            self._web.close()

    def joined(self, session: "_Session") -> None:
        """Take note of a connection, to hang up at the end."""
        self._sessions.add(session)

    def left(self, session: "_Session") -> None:
        """Forget a connection."""
        self._sessions.discard(session)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep the mail, then say so."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        kept = self.mailbox.add(raw, sender=envelope.mail_from or "", recipients=envelope.rcpt_tos)
        return f"250 OK kept as {kept}"


class _Session(SMTP):
    """One SMTP connection. The library's controller would run a thread; this runs where it is made."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(
            inbox, hostname="inbox.invalid", ident="Segue inbox", enable_SMTPUTF8=True, loop=asyncio.get_running_loop()
        )
        self._inbox = inbox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._inbox.joined(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._inbox.left(self)

    def hang_up(self) -> None:
        if self.transport:
            self.transport.close()


class _Server(uvicorn.Server):
    """Serves until told to stop. Signals belong to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
