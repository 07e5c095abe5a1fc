"""A worker is killed while it hands mails over: another takes them over soon, and none is doubled against its rule."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from domain.message import MessageStatus
from starter.client import SegueClient
from storage.database import Database
from storage.ledger import NOBODY_SAW
from temporal import connect
from tests.mail.http.api import KEY, Trouble, resend_api
from tests.stack.books import Books
from tests.stack.deployment import WRITE_KEY, Deployment
from tests.stack.processes import QUIET_HOURS_OFF
from tests.stack.server import temporal_server
from tests.stack.shop import Backend
from tests.stack.terminal import Terminal
from tests.stack.waiting import until

TAKEN_OVER_WITHIN = 35.0
"""Real seconds: 4 to the last heartbeat, 20 without one, 2 until the next attempt, and what a busy machine adds."""

AT_ONCE = '{"cart-recovery": {"quiet": "PT1S"}}'


@dataclass
class MuteServer:
    """A mail server that takes mails and, while it is mute, does not say so."""

    mute: bool = True
    mails: list[str] = field(default_factory=list)
    """Recipients, in the order in which their mails were written."""
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(b"220 ready\r\n")
            while command := await reader.readline():
                if command.startswith(b"RCPT"):
                    recipient = command.decode().partition("<")[2].partition(">")[0]
                if not command.startswith(b"DATA"):
                    writer.write(b"250 OK\r\n")
                    continue
                writer.write(b"354 go ahead\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(recipient)
                if self.mute:
                    await reader.read()
                    break
                writer.write(b"250 OK\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def mute_server() -> AsyncIterator[MuteServer]:
    server, serving = MuteServer(), set[asyncio.Task[None]]()
    listener = await asyncio.start_server(
        lambda reader, writer: serving.add(asyncio.ensure_future(server.serve(reader, writer))), "127.0.0.1", 0
    )
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


@asynccontextmanager
async def deployed(folder: Path, **way_out: str) -> AsyncIterator[Deployment]:
    """A server and a database; no process runs yet."""
    database = Database(str(folder / "segue.db"))
    async with temporal_server(folder) as server:
        settings = QUIET_HOURS_OFF | {
            "SEGUE_DATABASE": str(folder / "segue.db"),
            "SEGUE_TEMPORAL": server.address,
            "SEGUE_SECRET": "a secret of some length",
            "SEGUE_WRITE_KEYS": WRITE_KEY,
            "SEGUE_PUBLIC_URL": "https://mail.shop.example",
            "SEGUE_JOURNEYS": AT_ONCE,
            "SEGUE_IN_SESSION": "PT0S",  # Anna is mailed in the breath in which she fills her cart
            **way_out,
        }
        await Terminal(**settings).say("migrate")
        deployment = Deployment(folder, await connect(server.address), settings, Books(database, folder / "inbox"))
        try:
            yield deployment
        finally:
            deployment.end()
    await database.aclose()


async def fates(deployment: Deployment) -> dict[str, tuple[MessageStatus, int]]:
    """Of each customer's first message: where it stands, and how often the mail server may have taken it."""
    return {row.customer: (row.status, row.hand_overs) for row in reversed(await deployment.books.ledger())}


async def shop(url: str) -> None:
    """Anna is owed a reminder, and Ben a confirmation."""
    async with SegueClient(url, WRITE_KEY) as client:
        await Backend(client).fill_cart("anna")
        await Backend(client).identify("ben")
        await Backend(client).order("ben", "o-1")


async def test_mails_a_killed_worker_had_begun_are_taken_over_soon(tmp_path: Path) -> None:
    async with mute_server() as server, deployed(tmp_path, SEGUE_SMTP=f"smtp://127.0.0.1:{server.port}") as deployment:
        (_, url), first = await asyncio.gather(deployment.serve("collector"), deployment.work("first"))
        await shop(url)

        async def written() -> list[str]:
            return sorted(server.mails)

        await until(written, lambda mails: mails == ["anna@shop.example", "ben@shop.example"])
        await deployment.work("second")
        server.mute = False
        killed = time.monotonic()
        first.kill_group()
        ends = {"anna": (MessageStatus.UNKNOWN, 1), "ben": (MessageStatus.SENT, 2)}
        await until(lambda: fates(deployment), lambda found: found == ends, within=TAKEN_OVER_WITHIN)
        print(f"taken over after {time.monotonic() - killed:.1f} s")  # noqa: T201 - the figure this test is about
        assert sorted(server.mails) == ["anna@shop.example", "ben@shop.example", "ben@shop.example"]
        (reminder,) = await deployment.books.ledger("anna")
        assert reminder.reason == NOBODY_SAW


async def test_over_a_provider_every_mail_a_killed_worker_had_begun_arrives_once(tmp_path: Path) -> None:
    async with resend_api() as api:
        api.next.extend([Trouble.SILENT, Trouble.SILENT])
        way_out = {"SEGUE_PROVIDER": "resend", "SEGUE_PROVIDER_KEY": KEY, "SEGUE_PROVIDER_URL": api.url}
        async with deployed(tmp_path, **way_out) as deployment:
            (_, url), first = await asyncio.gather(deployment.serve("collector"), deployment.work("first"))
            await shop(url)

            async def asked() -> int:
                return len(api.requests)

            await until(asked, lambda number: number == 2)
            await deployment.work("second")
            first.kill_group()
            ends = {"anna": (MessageStatus.SENT, 2), "ben": (MessageStatus.SENT, 2)}
            await until(lambda: fates(deployment), lambda found: found == ends, within=TAKEN_OVER_WITHIN)
            assert sorted(api.keys) == sorted(2 * list(api.accepted))
            assert len(api.accepted) == 2
