"""The SMTP transport against a real server on loopback, and against servers that hang up at a given moment."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from domain.errors import ConfigurationError, DeferredByServerError, RefusedMessageError, RefusedSenderError
from domain.relay import Relay
from mail.smtp import SmtpServer, SmtpTransport
from mail.transport import Handover, Mail
from tests.mail.servers import Server, delivering, running

MAIL = Mail(
    sender="bounce@shop.example",
    recipient="anna@customer.example",
    raw=b"Subject: Hi\r\n\r\n.leading dot\r\n..two\r\n.\r\nend",
    message_id="<m1@shop.example>",
    key="m1",
)
SHORT = timedelta(milliseconds=200)
PATIENT = timedelta(seconds=2)
"""Where something has to come in time, be the machine as slow as it likes."""


@asynccontextmanager
async def scripted(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve each connection by a script, and hang up when it ends."""

    serving: set[asyncio.Task[Any] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        async with asyncio.timeout(30):
            await asyncio.gather(*(task for task in serving if task))


async def say(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer + b"\r\n")
    await writer.drain()


async def up_to(command: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer politely until the command has been read."""
    await say(writer, b"220 ready")
    while not (await reader.readuntil(b"\r\n")).startswith(command):
        await say(writer, b"250 OK")


async def test_a_relay_is_told_which_mail_it_is() -> None:
    """By a header of its own, in front of a mail that is else the same."""
    async with running(Server()) as server, delivering(server.url, relay=Relay.MAILGUN) as transport:
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    [envelope] = server.received
    header = f'X-Mailgun-Variables: {{"segue_message": "{MAIL.key}"}}\r\n'.encode()
    assert envelope.content == header + MAIL.raw + b"\r\n"


async def test_mail_arrives_byte_for_byte() -> None:
    async with running(Server()) as server, delivering(server.url) as transport:
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    [envelope] = server.received
    assert envelope.mail_from == MAIL.sender
    assert envelope.rcpt_tos == [MAIL.recipient]
    assert envelope.content == MAIL.raw + b"\r\n"


async def test_one_connection_serves_mail_after_mail() -> None:
    async with running(Server()) as server, delivering(server.url) as transport:
        for _ in range(5):
            await transport.deliver(MAIL)
    assert len(server.received) == 5
    assert len(server.protocols) == 1


async def test_many_mails_at_once_share_few_connections() -> None:
    async with running(Server()) as server, delivering(server.url, connections=3) as transport:
        ends = await asyncio.gather(*(transport.deliver(MAIL) for _ in range(30)))
    assert set(ends) == {Handover.ACCEPTED}
    assert len(server.received) == 30
    assert 1 <= len(server.protocols) <= 3


@pytest.mark.parametrize("phase", ["rcpt", "data"])
async def test_5xx_is_a_refusal_with_its_code_and_without_the_address(phase: str) -> None:
    server = Server()
    setattr(server, phase, "550 5.1.1 <Anna@customer.example>: no such user")
    async with running(server), delivering(server.url) as transport:
        with pytest.raises(RefusedMessageError, match=r"550 5\.1\.1 <the recipient>: no such user") as refused:
            await transport.deliver(MAIL)
        assert refused.value.code == 550
        assert refused.value.__cause__ is None  # the library's own error holds the address
        server.rcpt = server.data = "250 OK"
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert len(server.protocols) == 1


@pytest.mark.parametrize(
    ("phase", "answer"),
    [
        ("mail", "550 5.1.1 <bounce@shop.example>: no such user"),
        ("mail", "553 5.7.1 <bounce@shop.example>: Sender address rejected: not owned by user shop"),
        ("mail", "554 5.7.1 Service unavailable; client host is on a black list"),
        # Postfix answers so late by default (smtpd_delay_reject).
        ("rcpt", "550 5.1.8 <bounce@shop.example>: Sender address rejected: Domain not found"),
        ("rcpt", "553 5.7.1 <bounce@shop.example>: Sender address rejected: not owned by user shop"),
        ("data", "553 5.1.8 Domain of sender address does not exist"),
    ],
)
async def test_a_refusal_of_the_sender_says_nothing_of_the_recipient_and_loses_no_mail(phase: str, answer: str) -> None:
    server = Server()
    setattr(server, phase, answer)
    async with running(server), delivering(server.url) as transport:
        with pytest.raises(RefusedSenderError, match=rf"^{answer[:3]} .*: check SEGUE_SENDER") as refused:
            await transport.deliver(MAIL)
        assert "bounce@" not in str(refused.value)
        server.mail = server.rcpt = server.data = "250 OK"
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert len(server.protocols) == 1


@pytest.mark.parametrize("phase", ["rcpt", "data"])
@pytest.mark.parametrize("code", [421, 450, 451, 452])
async def test_4xx_is_deferred(phase: str, code: int) -> None:
    server = Server()
    setattr(server, phase, f"{code} later, please")
    async with running(server), delivering(server.url) as transport:
        with pytest.raises(DeferredByServerError, match=f"{code} later, please"):
            await transport.deliver(MAIL)
        server.rcpt = server.data = "250 OK"
        assert await transport.deliver(MAIL) is Handover.ACCEPTED


async def test_unreachable_server_is_deferred() -> None:
    async with running(Server()) as server:
        pass
    async with delivering(server.url) as transport:
        with pytest.raises(DeferredByServerError, match=r"127\.0\.0\.1 cannot be used"):
            await transport.deliver(MAIL)


@pytest.mark.parametrize("command", [b"EHLO", b"MAIL", b"RCPT", b"DATA"])
async def test_line_that_breaks_before_the_data_is_deferred(command: bytes) -> None:
    async with (
        scripted(lambda reader, writer: up_to(command, reader, writer)) as url,
        delivering(url) as transport,
    ):
        with pytest.raises(DeferredByServerError):
            await transport.deliver(MAIL)


@pytest.mark.parametrize("command", [b"EHLO", b"MAIL", b"RCPT", b"DATA"])
async def test_silence_before_the_data_is_deferred(command: bytes) -> None:
    async def fall_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await up_to(command, reader, writer)
        await reader.read()

    async with scripted(fall_silent) as url, delivering(url, command_timeout=SHORT) as transport:
        with pytest.raises(DeferredByServerError):
            await transport.deliver(MAIL)


async def take_data(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await up_to(b"DATA", reader, writer)
    await say(writer, b"354 go ahead")
    await reader.readuntil(b"\r\n.\r\n")


async def test_line_that_breaks_after_the_data_is_unknown() -> None:
    async with scripted(take_data) as url, delivering(url) as transport:
        assert await transport.deliver(MAIL) is Handover.UNKNOWN


async def test_line_that_breaks_within_the_data_is_unknown() -> None:
    async def hang_up_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await up_to(b"DATA", reader, writer)
        await say(writer, b"354 go ahead")
        await reader.readexactly(1)

    async with scripted(hang_up_early) as url, delivering(url) as transport:
        assert await transport.deliver(MAIL) is Handover.UNKNOWN


@pytest.mark.parametrize("answer", [b"", b"what?", b"354 go on", b"999 so long"])
async def test_silence_and_nonsense_after_the_data_are_unknown(answer: bytes) -> None:
    async def mumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_data(reader, writer)
        if answer:
            await say(writer, answer)
        await reader.read()

    async with scripted(mumble) as url, delivering(url, answer_timeout=SHORT) as transport:
        assert await transport.deliver(MAIL) is Handover.UNKNOWN


async def test_late_answer_is_not_taken_for_the_next_mails() -> None:
    answers, given_up = iter([b"550 late", b"250 OK"]), asyncio.Event()

    async def be_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_data(reader, writer)
        answer = next(answers)
        await given_up.wait()
        await say(writer, answer)
        await reader.read()

    async with scripted(be_late) as url, delivering(url, answer_timeout=PATIENT) as transport:
        assert await transport.deliver(MAIL) is Handover.UNKNOWN
        given_up.set()
        assert await transport.deliver(MAIL) is Handover.ACCEPTED


async def test_stale_connection_is_replaced_without_a_trace() -> None:
    async with running(Server()) as server, delivering(server.url) as transport:
        await transport.deliver(MAIL)
        server.hang_up()
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert len(server.protocols) == 2


async def test_connection_that_went_silent_is_replaced() -> None:
    connections = 0

    async def serve_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await take_data(reader, writer)
        await say(writer, b"250 OK")
        await reader.read()  # the half-open line of a firewall: commands go in, nothing comes back

    async with scripted(serve_once) as url, delivering(url, command_timeout=PATIENT) as transport:
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert connections == 2


async def test_idle_connection_is_closed() -> None:
    async with running(Server()) as server, delivering(server.url, idle_limit=timedelta(milliseconds=50)) as transport:
        await transport.deliver(MAIL)
        [protocol] = server.protocols
        async with asyncio.timeout(30):
            while protocol.transport is not None:  # noqa: ASYNC110 - aiosmtpd has no event for it
                await asyncio.sleep(0.01)
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert len(server.protocols) == 2


async def test_cancelled_delivery_does_not_spoil_the_connection() -> None:
    entered = asyncio.Event()

    class Slow(Server):
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            entered.set()
            await asyncio.sleep(0.1)
            return await super().handle_DATA(server, session, envelope)

    async with running(Slow()) as server, delivering(server.url, connections=1) as transport:
        delivery = asyncio.create_task(transport.deliver(MAIL))
        await entered.wait()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert len(server.protocols) == 2


async def test_closing_ends_deliveries_under_way_as_if_the_line_broke() -> None:
    reached = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_data(reader, writer)
        reached.set()
        await reader.read()

    async with scripted(stall) as url:
        transport = SmtpTransport(url)
        delivery = asyncio.create_task(transport.deliver(MAIL))
        await reached.wait()
        await transport.aclose()
        assert await delivery is Handover.UNKNOWN
        with pytest.raises(DeferredByServerError, match="shutting down"):
            await transport.deliver(MAIL)


@dataclass
class Certificate:
    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {certificate}"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    try:
        subprocess.run([*command.split(), *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs the openssl command")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    return Certificate(server=server, client=ssl.create_default_context(cafile=certificate))


@pytest.mark.parametrize("option", ["", "?starttls=required"])
async def test_starttls_is_used_when_offered(certificate: Certificate, option: str) -> None:
    server = Server(options={"tls_context": certificate.server, "require_starttls": True})
    async with running(server), delivering(server.url + option, tls=certificate.client) as transport:
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert server.sessions[0].ssl is not None


async def test_certificate_nobody_vouches_for_is_deferred(certificate: Certificate) -> None:
    server = Server(options={"tls_context": certificate.server})
    async with running(server), delivering(server.url) as transport:
        with pytest.raises(DeferredByServerError, match="certificate"):
            await transport.deliver(MAIL)
    assert server.received == []


async def test_starttls_never_stays_in_the_clear(certificate: Certificate) -> None:
    server = Server(options={"tls_context": certificate.server})
    async with running(server), delivering(server.url + "?starttls=never") as transport:
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert server.sessions[0].ssl is None


async def test_starttls_required_sends_nothing_without_it() -> None:
    async with running(Server()) as server, delivering(server.url + "?starttls=required") as transport:
        with pytest.raises(DeferredByServerError, match="STARTTLS"):
            await transport.deliver(MAIL)
    assert server.received == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(("password", "accepted"), [("p%40ss%2Fword", True), ("wrong", False)])
async def test_login_is_used_and_its_refusal_is_deferred(password: str, accepted: bool) -> None:
    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _method: str, data: Any) -> AuthResult:
        return AuthResult(success=isinstance(data, LoginPassword) and data.password == b"p@ss/word", handled=False)

    server = Server(options={"authenticator": authenticate, "auth_require_tls": False, "auth_required": True})
    async with running(server), delivering(f"smtp://anna:{password}@127.0.0.1:{server.port}") as transport:
        if accepted:
            assert await transport.deliver(MAIL) is Handover.ACCEPTED
        else:
            with pytest.raises(
                DeferredByServerError, match=r"refused the login \(535\): check user and password in SEGUE"
            ):
                await transport.deliver(MAIL)


@pytest.mark.parametrize(
    ("url", "host", "port", "starttls"),
    [
        ("smtp://relay.example", "relay.example", 587, None),
        ("smtp://relay.example:25?starttls=never", "relay.example", 25, False),
        ("smtp://user:secret@relay.example", "relay.example", 587, True),
        ("smtp://user:secret@localhost", "localhost", 587, None),
        ("smtps://user:secret@relay.example", "relay.example", 465, False),
        ("smtp://[::1]:2525", "::1", 2525, None),
    ],
)
def test_url_says_how_to_connect(url: str, host: str, port: int, starttls: bool | None) -> None:
    client = SmtpServer.from_url(url).client(None, SHORT)
    assert (client.hostname, client.port, client._start_tls_on_connect) == (host, port, starttls)
    assert client.use_tls == url.startswith("smtps")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example:25",
        "http://relay.example",
        "smtp://",
        "smtp://user:secret@relay.example:port",
        "smtp://user:secret@relay.example:99999",
        "smtp://user:secret@relay.example/path",
        "smtp://relay.example?starttls=maybe",
        "smtp://relay.example?tls=1",
        "smtp://:secret@relay.example",
    ],
)
def test_wrong_url_names_the_setting_and_hides_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SEGUE_SMTP") as raised:
        SmtpTransport(url)
    assert "secret" not in str(raised.value)
    assert "smtp://user:password@host:587" in str(raised.value)


def test_password_is_not_in_any_repr() -> None:
    url = "smtp://user:secret@relay.example"
    assert "secret" not in repr(SmtpTransport(url)) + repr(SmtpServer.from_url(url))
