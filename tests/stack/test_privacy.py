"""Nothing of a person leaves the database, and after an erasure nothing is left in it: searched byte by byte."""

import asyncio
import base64
import json
import quopri
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import Client

from domain import event as names
from domain.clock import SystemClock
from domain.message import MessageStatus
from starter.client import SegueClient
from starter.place import Place
from starter.privacy import Privacy
from storage.database import Database
from storage.erasures import Erasures
from storage.ledger import Ledger
from temporal import connect
from tests.stack.books import Books
from tests.stack.processes import Process, addresses_of, stack_up
from tests.stack.scrape import scrape
from tests.stack.shop import CART
from tests.stack.terminal import Terminal
from tests.stack.traces import Traces
from tests.stack.waiting import until

PACE = ("--pace", "7200")

BUYS, REFUSED, LATER, LEAVES, CANCELLED = CUSTOMERS = (
    "customer-1",
    "customer-2",
    "customer-3",
    "customer-4",
    "customer-5",
)
FIRST_NAMES = {
    BUYS: "Zwanhildür",
    REFUSED: "Yngvaldsson",
    LATER: "Xenokrätes",
    LEAVES: "Wolfdieterle",
    CANCELLED: "Vanadiella",
}
PLANTED = "plantagenet-leak"
PLANT = Traces([PLANTED])
STREET = "Kvittelgränd 97b"
LAMP = {"product_id": "p-1", "name": "Quoxlampe aus Zembla", "price": 129.0, "url": "https://shop.example/p/1"}


def address_of(customer: str) -> str:
    """The customer's address; nothing in it is the customer's id."""
    return f"{FIRST_NAMES[customer].encode('ascii', 'ignore').decode().lower()}.qx7@briefkasten-qx7.example"


def words() -> list[str]:
    """What must not be found: names, addresses and their parts, a street, what lay in the cart."""
    addresses = [address_of(customer) for customer in CUSTOMERS]
    locals_ = [address.split("@")[0] for address in addresses]
    return [*FIRST_NAMES.values(), *addresses, *locals_, "briefkasten-qx7", STREET, str(LAMP["name"])]


class Server:
    """A mail server that repeats the recipient's address in everything it objects, as many do."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []
        self._put_off: set[str] = set()

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Refuse one, put one off once, take the others."""
        if address == address_of(REFUSED):
            return f"550 5.1.1 <{address}>: Recipient address rejected: {FIRST_NAMES[REFUSED].lower()} moved"[:200]
        if address == address_of(LATER) and address not in self._put_off:
            self._put_off.add(address)
            return f"451 4.7.1 <{address}>: greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep it."""
        content = envelope.content
        self.mails.append((envelope.rcpt_tos[0], content if isinstance(content, bytes) else b""))
        return f"250 2.0.0 Ok: delivered to {envelope.rcpt_tos[0]}"


@pytest.fixture
async def mail_server() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, loop=loop), "127.0.0.1", 0)
    yield server, f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}?starttls=never"
    listening.close()


async def report(client: SegueClient) -> None:
    """Everybody is known with all that is personal, and fills a cart."""
    for customer in CUSTOMERS:
        traits = {
            "email": address_of(customer),
            "firstName": FIRST_NAMES[customer],
            "address": {"street": STREET, "city": "Zembla"},
            "consent": True,
        }
        await client.identify(customer, traits)
        await client.track(customer, names.PRODUCT_ADDED, LAMP)


async def play(process: Process, folder: Path, books: Books, mails: Server) -> None:
    """One buys after a click, one is refused, one is put off, one leaves, one is cancelled."""
    addresses, identity = await addresses_of(process, folder), Place(folder).known_identity()
    assert identity is not None
    async with (
        SegueClient(addresses.collector, identity.write_key) as client,
        httpx2.AsyncClient(timeout=30, follow_redirects=False) as http,
    ):
        await report(client)

        async def reminders() -> dict[str, MessageStatus]:
            return {row.customer: row.status for row in await books.ledger() if row.step == "reminder"}

        over = {MessageStatus.SENT, MessageStatus.REFUSED}
        statuses = await until(reminders, lambda found: len(found) == len(CUSTOMERS) and set(found.values()) <= over)
        assert statuses == dict.fromkeys(CUSTOMERS, MessageStatus.SENT) | {REFUSED: MessageStatus.REFUSED}

        mail = next(raw for to, raw in mails.mails if to == address_of(BUYS))
        text = quopri.decodestring(mail).decode(errors="replace")
        click = next(part for part in text.split() if "/c/" in part).strip("<>()\"'")
        assert (await http.get(click[click.index("http") :].split('"')[0])).status_code == 302
        row = next(row for row in await books.ledger(LEAVES))
        leave = next(raw for to, raw in mails.mails if to == address_of(LEAVES)).decode()
        link = leave.split("List-Unsubscribe: <")[1].split(">")[0].replace("\r\n ", "")
        assert (await http.post(link, data={"List-Unsubscribe": "One-Click"})).status_code == 200
        # Shops name orders, registrations and events as they like, by who it was for example.
        registered = {"webinar_id": address_of(BUYS), "title": str(LAMP["name"]), "starts_at": "2099-01-20T18:00:00Z"}
        await client.track(BUYS, names.WEBINAR_REGISTERED, registered)
        order = {"order_id": address_of(BUYS), "revenue": 129.0, "products": [LAMP], "shipping": {"street": STREET}}
        await client.track(BUYS, names.ORDER_COMPLETED, order, message_id=f"order-{address_of(BUYS)}")
        assert row.customer == LEAVES
    await books.outcome(BUYS, CART)
    await books.outcome(LEAVES, CART)


async def histories(client: Client) -> dict[str, bytes]:
    """Every byte that Temporal tells of every workflow: events, memo, search attributes, pending work, summaries."""
    told: dict[str, bytes] = {}
    async for found in client.list_workflows():
        handle = client.get_workflow_handle(found.id, run_id=found.run_id)
        history = b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])
        description = (await handle.describe()).raw_description.SerializeToString()
        told[f"{found.id} {found.run_id}"] = history + description + repr(found.raw_info).encode()
    return told


def rows_of(file: Path) -> Iterator[tuple[str, bytes]]:
    """Each table's rows as text."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            yield table, repr(connection.execute(f'SELECT * FROM "{table}"').fetchall()).encode()


def files_of(folder: Path, name: str) -> bytes:
    """A database file with its log."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{name}*")) if not path.name.endswith("lock"))


def tell_of_all(told: dict[str, bytes]) -> bool:
    """Whether everybody's journeys are there, also those that began last: the dispatcher begins them, at its pace."""
    journeys = Counter(name.split("/")[0] for name in told)
    return journeys[CART] >= len(CUSTOMERS) and journeys.keys() >= {"post-purchase", "webinar"}


async def test_nothing_of_a_person_leaves_the_database_and_erasing_leaves_nothing_in_it(
    tmp_path: Path, mail_server: tuple[Server, str]
) -> None:
    mails, smtp = mail_server
    folder, traces = tmp_path / "data", Traces(words())
    database = Database(str(folder / "segue.db"))
    terminal = Terminal("--data", str(folder))
    said: list[str] = []
    with stack_up(folder, *PACE, "--smtp", smtp, SEGUE_METRICS_PORT="0") as process:
        books = Books(database, folder / "inbox")
        await play(process, folder, books, mails)
        said.append(await terminal.say("cancel", CANCELLED))
        await books.outcome(CANCELLED, CART)
        addresses = Place(folder).addresses()
        assert addresses is not None
        client = await connect(addresses.temporal, namespace="default", embedded=True)
        bodies = Traces(await fragments(books))

        told = await until(partial(histories, client), tell_of_all)
        assert any(b"greylisted, come again" in data for data in told.values()), "failures are searched, too"
        leaks = {name: found for name, data in told.items() if (found := traces.found_in(data) + bodies.found_in(data))}
        assert not leaks
        assert traces.found_in(files_of(folder, "segue.db")), "the search finds what is there"

        await plant_a_leak(client)

        async def leaking() -> int:
            return [PLANT.found_in(data) for data in (await histories(client)).values()].count([PLANTED])

        await until(leaking, lambda found: found == 1)  # Temporal lists what was begun a moment later
        await client.get_workflow_handle(PLANTED).terminate()

        for customer in CUSTOMERS[1:]:
            await Privacy(database, SystemClock()).request_erasure(customer, "a test")
        said += await erase_by_command(terminal, BUYS)
        await until(partial(open_erasures, database), lambda standing: standing == 0)

        left = {table: traces.found_in(data) + bodies.found_in(data) for table, data in rows_of(folder / "segue.db")}
        assert not any(left.values()), left

        async def lingering() -> list[str]:
            return traces.found_in(files_of(folder, "segue.db"))

        await until(lingering, lambda found: not found)  # though everything still runs: overwritten, and out of the log

        metrics = await scrape(addresses.metrics)
        assert metrics.value("segue_erasures_done_total") == len(CUSTOMERS)
        assert metrics.value("segue_mails_total", journey=CART, end="refused") == 1
        assert not traces.found_in(metrics.text.encode()) + bodies.found_in(metrics.text.encode())
        assert not {*CUSTOMERS, PLANTED} & set(metrics.label_values("")), "not even ids"
        assert process.stop(signal.SIGINT) == 0
        said += [process.output, (folder / "temporal.log").read_text()]
    await database.aclose()
    kept = files_of(folder, "segue.db")
    assert not traces.found_in(kept) + bodies.found_in(kept), "deleted is overwritten"
    assert not [each for each in CUSTOMERS if any(each.encode() in data for _, data in rows_of(folder / "segue.db"))]
    temporal = files_of(folder, "temporal.db")
    assert not traces.found_in(temporal) + bodies.found_in(temporal), "all that Temporal ever stored, as bytes"
    assert PLANT.found_in(temporal), "what leaks is found there"
    lines = "\n".join(said).encode()
    assert "somebody was erased" in said[-2]
    assert not traces.found_in(lines) + bodies.found_in(lines)


async def plant_a_leak(client: Client) -> None:
    """Let something of a person get into a history, which it never must."""
    await client.start_workflow("nobody", {"to": PLANTED}, id=PLANTED, task_queue="nobody", memo={"to": PLANTED})


async def erase_by_command(terminal: Terminal, customer: str) -> list[str]:
    """Export and erase a customer at a terminal. Returns what it said that is for everybody's eyes."""
    foretold = await terminal.say("customer", "erase", customer)
    assert "Nothing was changed: --yes does it." in foretold
    shown = await terminal.say("customer", "show", customer)
    exported = json.loads(await terminal.say("customer", "export", customer))
    assert exported["tables"]["customers"][0]["email"] == address_of(customer)
    assert await terminal.say("customer", "erase", customer, "--yes") == f"{customer} was erased.\n"
    return [foretold, shown, await terminal.refused("customer", "export", customer)]


async def open_erasures(database: Database) -> int:
    """How many erasures stand."""
    async with database.read() as session:
        return len(await Erasures(session).open())


async def fragments(books: Books) -> list[str]:
    """Pieces of what was sent: the subjects, and the longest line of each body."""
    found: set[str] = set()
    for row in await books.ledger():
        if row.rendered_at is None:
            continue
        async with books.database.read() as session:
            body = await Ledger(session).body(row.id)
        lines = (line.strip() for line in body.text.splitlines() if "http" not in line)
        found |= {body.subject, max(lines, key=len)[:60]}
    return sorted(found)


async def test_a_leak_is_found_in_whatever_form(tmp_path: Path) -> None:
    word = "Zwanhildür Kvittelgränd"
    traces = Traces([word])
    forms: dict[str, Any] = {
        "plain": word.encode(),
        "percent": quote(word).encode(),
        "json": json.dumps({"name": word}).encode(),
        "json in json": json.dumps(json.dumps({"name": word})).encode(),
        "quoted-printable": quopri.encodestring(("x" * 60 + word).encode()),
        "upper case": word.upper().encode(),
        **{f"base64 behind {n}": base64.b64encode(b"x" * n + word.encode() + b"yy") for n in range(4)},
        "base64 with lines": base64.encodebytes(b"x" * 50 + word.encode()),
        "utf-16": word.encode("utf-16-le"),
    }

    missed = [name for name, data in forms.items() if traces.found_in(b"\x00\x01" + data + b"\x02") != [word]]

    assert missed == ["upper case"], "letters beyond ASCII have no other case in bytes"
    assert Traces(["nobody-here"]).found_in(b"".join(forms.values())) == []
