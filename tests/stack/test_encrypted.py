"""The whole stack with encrypted payloads: its commands and Temporal's UI read them."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from domain.errors import ConfigurationError
from domain.write_key import Scope
from starter.cli.keys import create
from starter.client import SegueClient
from starter.place import Addresses, Place
from tests.browsers import require_browser
from tests.stack.processes import addresses_of, stack_up
from tests.stack.terminal import Terminal
from tests.stack.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = f"k1:{base64.b64encode(os.urandom(32)).decode()}"
TOKEN = "d0" * 12
LAMP = {"product_id": "lamp", "name": "Lamp", "price": 49}
CART = "cart-recovery/anna"
QUIET = "waiting until quiet for 1 hour"


class Running(NamedTuple):
    """A stack, and a terminal beside it."""

    at: Addresses
    terminal: Terminal
    output: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("encrypted") / "data"
    settings = {"SEGUE_PAYLOAD_KEYS": KEYS, "SEGUE_CODEC_TOKEN": TOKEN, "SEGUE_CODEC_PORT": "0"}
    with stack_up(folder, **settings) as process:
        at = await addresses_of(process, folder)
        identity = Place(folder).known_identity()
        assert identity is not None
        async with SegueClient(at.collector, identity.write_key) as client:
            await client.identify("anna", {"email": "anna@shop.example", "consent": True})
            await client.track("anna", "Product Added", LAMP)
        terminal = Terminal("--data", str(folder), SEGUE_PAYLOAD_KEYS=KEYS)
        await until(lambda: terminal.read("status", "anna"), lambda found: [is_quiet(each) for each in found] == [True])
        yield Running(at, terminal, process.output)


def is_quiet(status: dict[str, Any]) -> bool:
    """Whether the journey has come to its first wait. Temporal's UI does not look again for one that it lacks."""
    return bool(status["doing"] == QUIET)


@pytest_asyncio.fixture(loop_scope="module")
async def page() -> AsyncIterator[Page]:
    found = require_browser("look at Temporal's UI in one")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield await browser.new_page()
        await browser.close()


async def test_temporals_ui_shows_what_is_encrypted(stack: Running, page: Page) -> None:
    await page.goto(f"{stack.at.ui}/namespaces/default/workflows/{CART.replace('/', '%2F')}")
    await page.get_by_text('"customer": "anna"').first.wait_for()
    await page.get_by_text(QUIET).first.wait_for()
    assert KEYS not in stack.output
    assert TOKEN not in stack.output
    assert f"{stack.at.codec}/TOKEN, where TOKEN is what SEGUE_CODEC_TOKEN holds" in stack.output


@pytest.mark.parametrize("keys", ["", f"k2:{base64.b64encode(os.urandom(32)).decode()}"], ids=["none", "another"])
async def test_without_the_key_a_status_tells_what_the_database_knows(stack: Running, keys: str) -> None:
    other = {"SEGUE_PAYLOAD_KEYS": keys}
    read, told = await asyncio.gather(
        stack.terminal.call("status", "anna", "--json", environment=other),
        stack.terminal.call("status", "anna", environment=other),
    )
    assert (read.returncode, told.returncode) == (0, 0), (read, told)
    (status,) = json.loads(read.stdout)
    assert (status["journey"], status["state"]) == ("cart-recovery", "running")
    assert "SEGUE_PAYLOAD_KEYS" in status["doing"]
    assert "SEGUE_PAYLOAD_KEYS" in told.stdout
    assert "intent" in told.stdout


async def test_commands_read_what_is_encrypted_and_keys_are_made_and_revoked(stack: Running) -> None:
    terminal = stack.terminal
    (status,), replayed, made = await asyncio.gather(
        terminal.read("status", "anna"),
        terminal.call("replay"),
        terminal.call("keys", "create", "shop", "--scope", "events", "--json"),
    )
    assert status["doing"] == QUIET
    assert replayed.returncode == 0, replayed
    assert "all go on under this code" in replayed.stdout
    key = json.loads(made.stdout)
    assert key["key"] not in made.stderr

    call = {"userId": "anna", "event": "Product Viewed"}
    async with httpx2.AsyncClient(base_url=stack.at.collector, auth=(key["key"], "")) as backend:
        assert (await backend.post("/v1/track", json=call)).status_code == 200
        assert "is revoked" in (await terminal.call("keys", "revoke", key["id"])).stderr
        async with asyncio.timeout(10):  # twice as long as other processes may remember it
            while (await backend.post("/v1/track", json=call)).status_code == 200:  # noqa: ASYNC110 nothing tells
                await asyncio.sleep(0.2)
    (listed,) = await terminal.read("keys", "list")
    assert (listed["name"], listed["scopes"]) == ("shop", ["events"])
    assert listed["revoked_at"]
    assert "no write key has the id 'key-0'" in await terminal.refused("keys", "revoke", "key-0")


@pytest.mark.parametrize(
    ("scopes", "says"),
    [
        ([], "--scope: say what the key is for"),
        ([Scope.BROWSER, Scope.READ], "--scope browser: such a key is public"),
    ],
)
async def test_a_key_without_a_clear_purpose_is_not_made(scopes: list[Scope], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        await create("shop", scope=scopes)
