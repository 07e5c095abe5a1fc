"""SMTP (RFC 5321): hands mails to one server, a relay or a provider, over a few connections that are kept open.

Drives MAIL, RCPT and DATA one by one, to know at each failure whether the server may already have the mail. Leaves
out routing by MX record, DKIM, and retrying: those belong to the server, and to Temporal.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from pydantic import Field, SecretStr

from domain.errors import ConfigurationError, DeferredByServerError, RefusedMessageError, RefusedSenderError
from domain.model import Value
from domain.relay import Relay
from mail.bounce import names_no_mailbox, names_sender
from mail.feedback.tags import tagged
from mail.quoting import quote
from mail.transport import Handover, Line, Mail, Transport

CONNECTIONS: Final = 4
"""Providers commonly allow ten or fewer from one address; past a handful the provider is the limit, not the line."""

IDLE_LIMIT: Final = timedelta(seconds=30)
"""Connections unused for longer are closed: servers hang up after 1 to 5 minutes, some without saying so."""

COMMAND_TIMEOUT: Final = timedelta(seconds=30)
ANSWER_TIMEOUT: Final = timedelta(minutes=2)
"""How long to wait for the verdict on a written mail. RFC 5321 (4.5.3.2.6) asks for ten minutes; servers that scan
while one waits take seconds. Giving up early is no loss but an `UNKNOWN`."""

_COMPLETED: Final = 250
_DATA_WANTED: Final = 354
_CLOSING: Final = 421
_AUTHENTICATION_CODES: Final = {530, 534, 535, 538}
_SUBMISSION_PORT: Final = {"smtp": 587, "smtps": 465}
_REMEDY: Final = "SEGUE_SMTP must look like smtp://user:password@host:587 or smtps://user:password@host"


class SmtpServer(Value):
    """Where and how to connect, read from a URL.

    `starttls`: "offered" upgrades when the server offers it; with a password, and a server that is not on this
    machine, it means "required", so that nobody on the line can strip the offer and read the password.
    """

    host: str = Field(min_length=1)
    port: int
    user: str | None = None
    password: SecretStr | None = None
    implicit_tls: bool = False
    starttls: Literal["offered", "required", "never"] = "offered"

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Read `smtp://[user:password@]host[:port][?starttls=required|never]` or `smtps://…`.

        Port 587 if none is given, 465 for smtps. Characters like @ and / in a password are percent-encoded.

        Raises:
            ConfigurationError: It is no such URL. The message does not repeat it: it may hold a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigurationError(f"SEGUE_SMTP has no valid host and port. {_REMEDY}") from error
        if parts.scheme not in _SUBMISSION_PORT or not parts.hostname or parts.path.strip("/"):
            raise ConfigurationError(f"SEGUE_SMTP is not an SMTP address. {_REMEDY}")
        options = parse_qs(parts.query, keep_blank_values=True)
        starttls = options.pop("starttls", ["offered"])[-1]
        if options or starttls not in {"offered", "required", "never"} or (parts.password and not parts.username):
            raise ConfigurationError(f"SEGUE_SMTP: the only option is starttls=required or starttls=never. {_REMEDY}")
        return cls.model_validate(
            {
                "host": parts.hostname,
                "port": port or _SUBMISSION_PORT[parts.scheme],
                "user": unquote(parts.username) if parts.username else None,
                "password": unquote(parts.password) if parts.password else None,
                "implicit_tls": parts.scheme == "smtps",
                "starttls": starttls,
            }
        )

    def client(self, tls: ssl.SSLContext | None, timeout: timedelta) -> aiosmtplib.SMTP:
        """Make a client that is not connected yet."""
        local = self.host in {"localhost", "127.0.0.1", "::1"}
        wanted = {"offered": True if self.user and not local else None, "required": True, "never": False}
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password.get_secret_value() if self.password else None,
            local_hostname=_own_name(),
            timeout=timeout.total_seconds(),
            use_tls=self.implicit_tls,
            start_tls=False if self.implicit_tls else wanted[self.starttls],
            tls_context=tls,
        )


class SmtpTransport(Transport):
    """A `mail.transport.Transport` over SMTP. Safe to use from many tasks of one event loop at once.

    Args:
        url: See `SmtpServer.from_url`. Certificates are verified.
        tls: For a private certificate authority; by default the system's.
        connections: At most so many at a time; further deliveries wait for a free one.
        idle_limit: Close a connection unused for so long.
        command_timeout: For connecting, and for each answer before the mail is written.
        answer_timeout: For the verdict on the written mail.
        relay: Whose server it is, if a provider's: mails then bear a header by which its reports name them.
    """

    def __init__(
        self,
        url: str,
        *,
        relay: Relay | None = None,
        tls: ssl.SSLContext | None = None,
        connections: int = CONNECTIONS,
        idle_limit: timedelta = IDLE_LIMIT,
        command_timeout: timedelta = COMMAND_TIMEOUT,
        answer_timeout: timedelta = ANSWER_TIMEOUT,
    ) -> None:
        self._server = SmtpServer.from_url(url)
        self._tls = tls
        self._relay = relay
        self._idle_limit = idle_limit.total_seconds()
        self._command_timeout = command_timeout
        self._answer_timeout = answer_timeout
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []  # oldest first; used from the end
        self._in_use: set[aiosmtplib.SMTP] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"SmtpTransport({self._server.host}:{self._server.port})"

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A line for one mail. See `mail.transport.Transport.line`.

        A refused login is deferred, not refused: it is the operator's fault, and no mail shall be lost by it. So is a
        refused sender.
        """
        async with self._slots:
            if self._closed:
                raise DeferredByServerError("the mail transport is shutting down")
            client = await self._connection()
            self._in_use.add(client)
            try:
                yield _SmtpLine(client, self._answer_timeout, self._relay)
            except asyncio.CancelledError:
                client.close()  # in mid-conversation: the next command would read the last one's answer
                raise
            finally:
                self._in_use.discard(client)
                self._keep(client)

    async def aclose(self) -> None:
        """Say goodbye on idle connections, and cut those in use."""
        self._closed = True
        if self._sweep:
            self._sweep.cancel()
        for client in self._in_use:
            client.close()
        while self._idle:
            _, client = self._idle.pop()
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=1)
            client.close()
        await asyncio.sleep(0)  # the loop closes sockets in its next round; there may be none later

    async def _connection(self) -> aiosmtplib.SMTP:
        """Take an idle connection that still answers, else open one."""
        while self._idle:
            _, client = self._idle.pop()
            if await _is_alive(client):
                return client
        client = self._server.client(self._tls, self._command_timeout)
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            raise RefusedSenderError(
                f"the mail server refused the login ({error.code}): check user and password in SEGUE_SMTP"
            ) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise DeferredByServerError(f"the mail server {self._server.host} cannot be used: {error}") from error
        except asyncio.CancelledError:
            client.close()
            raise
        return client

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        if self._closed or not client.is_connected:
            client.close()
            return
        loop = asyncio.get_running_loop()
        self._idle.append((loop.time(), client))
        if self._sweep is None:
            self._sweep = loop.call_later(self._idle_limit, self._drop_idle)

    def _drop_idle(self) -> None:
        """Close what was not used for the idle limit, and look again when the next one is due."""
        loop = asyncio.get_running_loop()
        while self._idle and loop.time() - self._idle[0][0] >= self._idle_limit:
            _, client = self._idle.pop(0)
            client.close()
        self._sweep = None
        if self._idle:
            self._sweep = loop.call_at(self._idle[0][0] + self._idle_limit, self._drop_idle)


class _SmtpLine:
    """One conversation on an open connection."""

    def __init__(self, client: aiosmtplib.SMTP, answer_timeout: timedelta, relay: Relay | None) -> None:
        self._client, self._answer_timeout, self._relay = client, answer_timeout, relay
        self.written = False

    async def deliver(self, mail: Mail) -> Handover:
        """Speak the envelope, then the mail. Up to the final dot nothing is accepted, after it anything may be."""
        client, addressed = self._client, False
        try:
            await client.mail(mail.sender)
            addressed = True
            await client.rcpt(mail.recipient)
            go_ahead = await client.execute_command(b"DATA")
            if go_ahead.code != _DATA_WANTED or client.protocol is None:
                raise aiosmtplib.SMTPDataError(go_ahead.code, go_ahead.message)
            self.written = True
            raw = mail.raw if self._relay is None else tagged(mail.raw, self._relay, mail.key)
            client.protocol.write(_on_the_wire(raw))
        except aiosmtplib.SMTPResponseException as error:
            # Without its cause: that one holds the recipient's address, and causes get into workflow histories too.
            raise _failure(error.code, error.message, mail, addressed=addressed) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeferredByServerError(f"the connection broke before the mail was written: {error}") from error
        try:
            verdict = await client.protocol.read_response(timeout=self._answer_timeout.total_seconds())
        except (aiosmtplib.SMTPException, OSError):
            client.close()
            return Handover.UNKNOWN
        if verdict.code == _CLOSING:
            client.close()
        if 400 <= verdict.code < 600:  # noqa: PLR2004 - RFC 5321, 4.2.1
            raise _failure(verdict.code, verdict.message, mail)
        return Handover.ACCEPTED if verdict.code == _COMPLETED else Handover.UNKNOWN


async def _is_alive(client: aiosmtplib.SMTP) -> bool:
    """Clear the last conversation's state, which also shows whether anybody is still there."""
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError):
        client.close()
        return False
    except asyncio.CancelledError:
        client.close()
        raise
    return True


def _failure(
    code: int, answer: str, mail: Mail, *, addressed: bool = True
) -> DeferredByServerError | RefusedMessageError:
    """Name what the server answered, without the address.

    Before it was told to whom, it speaks of the sender: it would say so again of every mail (RFC 5321, 3.3), which is
    the operator's to mend, and says nothing about the recipient.
    """
    problem = quote(answer, mail.recipient)
    if code in _AUTHENTICATION_CODES:
        return RefusedSenderError(f"{code} {problem}: check user and password in SEGUE_SMTP")
    if not 500 <= code < 600:  # noqa: PLR2004 - RFC 5321, 4.2.1
        return DeferredByServerError(f"{code} {problem}")
    if not addressed or names_sender(answer):
        return RefusedSenderError(f"{code} {problem}: check SEGUE_SENDER, and what the server lets us send")
    return RefusedMessageError(code, problem, no_mailbox=names_no_mailbox(code, answer))


def _on_the_wire(raw: bytes) -> bytes:
    """CRLF line ends, leading dots doubled, and the lone dot that ends a mail (RFC 5321, 4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _own_name() -> str:
    """What to say in EHLO: the full host name, else an address literal (RFC 5321, 4.1.4). Asks no name server."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() and not re.search(r"\s", name) else "[127.0.0.1]"
