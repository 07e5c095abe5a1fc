"""`segue up` as a process: what was going on goes on after a stop and after a kill, and what cannot be is refused."""

import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from starter.embedded import dev_server, find_temporal, free_port
from starter.inbox.server import Inbox
from starter.place import Place
from storage.database import Database
from tests.stack.backend import backend_of
from tests.stack.books import Books
from tests.stack.processes import addresses_of, is_alive, run, stack_up
from tests.stack.shop import open_shop
from tests.stack.waiting import until

PACE = ("--pace", "7200")
"""Two hours a second: the reminder comes after half a second of quiet, what follows it twelve seconds later."""

SLOWER = ("--pace", "3600")
"""Where everything is started again meanwhile, and lost tasks time out in ten seconds: mails are stale after 37."""


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def books(folder: Path) -> AsyncIterator[Books]:
    """The books of whatever stack runs on the folder."""
    database = Database(str(folder / "segue.db"))
    yield Books(database, folder / "inbox")
    await database.aclose()


async def ended(pid: int) -> None:
    async def look() -> bool:
        return not is_alive(pid)

    await until(look)


async def test_a_journey_goes_on_after_a_stop(folder: Path, books: Books) -> None:
    with stack_up(folder, *PACE) as first:
        async with backend_of(first, folder) as backend:
            await backend.fill_cart("anna")
        await books.letter("anna")
        (server,) = first.children()
        assert first.stop(signal.SIGINT) == 0
        assert "Stopped." in first.output
        assert "Traceback" not in first.output
    assert not is_alive(server)
    assert Place(folder).addresses() is None

    with stack_up(folder, *PACE) as second:
        await addresses_of(second, folder)
        await books.letter("anna", 2)
        await books.agree()
        assert await books.sent("anna") == ["cart/reminder", "cart/objections"]
        assert second.stop(signal.SIGTERM) == 0


async def test_a_journey_goes_on_after_everything_was_killed(folder: Path, books: Books) -> None:
    with stack_up(folder, *SLOWER) as first:
        async with backend_of(first, folder) as backend:
            await backend.fill_cart("anna")
            (server,) = first.children()
            first.kill_group()

    with stack_up(folder, *SLOWER) as second:
        async with backend_of(second, folder) as backend:
            assert not is_alive(server)
            await books.letter("anna")
            await backend.order("anna", "o-1")
            second.kill_group()

    with stack_up(folder, *SLOWER) as third:
        await addresses_of(third, folder)
        await books.letter("anna", 2)
        await books.agree()
        assert await books.sent("anna") == ["cart/reminder", "post_purchase/confirmation"]
        outcome = await books.outcome("anna", "cart-recovery")
        assert (outcome.kind.value, outcome.mails, outcome.revenue) == ("converted", 1, 129.0)
        assert third.stop(signal.SIGINT) == 0


async def test_the_embedded_server_ends_with_whoever_started_it(folder: Path) -> None:
    with stack_up(folder) as process:
        await addresses_of(process, folder)
        (server,) = process.children()
        process.kill_group()
        await ended(server)


async def test_an_embedded_server_that_dies_is_started_again(folder: Path, books: Books) -> None:
    with stack_up(folder, *SLOWER) as process:
        async with backend_of(process, folder) as backend:
            await backend.fill_cart("anna")
            (server,) = process.children()
            os.kill(server, signal.SIGKILL)
            await backend.fill_cart("boris")
            await books.letter("anna")
            await books.letter("boris")
        assert process.stop(signal.SIGINT) == 0


async def test_what_cannot_be_is_refused_in_a_line(folder: Path) -> None:
    with stack_up(folder, *PACE) as process:
        addresses = await addresses_of(process, folder)

        def refused(*options: str, **environment: str) -> str:
            found = run("up", *options, environment=environment)
            assert found.returncode == 2
            assert found.stderr.startswith("segue: ")
            assert found.stderr.count("\n") == 1
            return found.stderr

        assert "another `segue up` runs there" in refused("--data", str(folder), "--port", "0")
        port = addresses.collector.rsplit(":", 1)[1]
        other = str(folder.with_name("other"))
        assert f"--port {port}: cannot listen on 127.0.0.1:{port}" in refused("--data", other, "--port", port)
        assert process.stop(signal.SIGINT) == 0

    free = ("--port", "0", "--ui-port", "0", "--inbox-port", "0")
    assert "this data runs at pace 7200" in refused("--data", str(folder), *free, "--pace", "60")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"--ui-port {port} is taken" in refused(
            "--data", other, *free[:2], "--inbox-port", "0", "--ui-port", port
        )
        assert f"--inbox-port {port}" in refused("--data", other, *free[:4], "--inbox-port", port)
    assert "SEGUE_PROT is no setting" in refused("--data", other, SEGUE_PROT="8100")
    assert "SEGUE_PACE" in refused("--data", other, SEGUE_PACE="quick")


async def test_a_server_and_a_mail_server_of_ones_own_are_used(tmp_path: Path) -> None:
    sink = Inbox(tmp_path / "sink", smtp_port=0, http_port=0)
    await sink.start()
    async with (
        dev_server(binary=find_temporal(), file=None, ui_port=0, port=free_port()) as server,
        open_shop(tmp_path / "shop", temporal=server.address, smtp=sink.smtp_url, pace=7200.0) as shop,
    ):
        assert (shop.stack.addresses.temporal, shop.stack.addresses.ui) == (server.address, "")
        assert shop.stack.addresses.inbox == ""
        await shop.backend.fill_cart("anna")
        elsewhere = Books(shop.stack.database, tmp_path / "sink")
        assert (await elsewhere.letter("anna")).subject == "Anna, your cart is saved"
        assert not (tmp_path / "shop" / "temporal.db").exists()
        assert not (tmp_path / "shop" / "inbox").exists()
        assert (await shop.client.health()).ready
    await sink.stop()
