"""Mail servers on loopback that answer as told, and transports to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from mail.smtp import SmtpTransport


@dataclass
class Server:
    """A real SMTP server that answers as told and remembers what it saw."""

    options: dict[str, Any] = field(default_factory=dict)
    mail: str = "250 OK"
    rcpt: str = "250 OK"
    data: str = "250 OK"
    received: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    protocols: list[SMTP] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.mail.startswith("250"):
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.data.startswith("250"):
            self.received.append(envelope)
            self.sessions.append(session)
        return self.data

    def connect(self) -> SMTP:
        protocol = SMTP(self, hostname="server.example", loop=asyncio.get_running_loop(), **self.options)
        self.protocols.append(protocol)
        return protocol

    def hang_up(self) -> None:
        for protocol in self.protocols:
            if isinstance(protocol.transport, asyncio.Transport):
                protocol.transport.abort()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    listener = await asyncio.get_running_loop().create_server(server.connect, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        server.hang_up()
        await asyncio.sleep(0.01)  # the loop closes the sockets


@asynccontextmanager
async def delivering(url: str, **options: Any) -> AsyncIterator[SmtpTransport]:
    transport = SmtpTransport(url, **options)
    try:
        yield transport
    finally:
        await transport.aclose()
