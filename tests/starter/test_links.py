import asyncio
import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest

import mail.links
from domain.clock import SystemClock
from domain.errors import UnavailableError
from domain.event import CUSTOMER_RETURNED, EMAIL_LINK_CLICKED, UNSUBSCRIBED, Event, EventType
from domain.message import ledger_id
from mail.links import Links
from starter.collector.committer import Committer
from starter.recipients import records
from storage.customers import Customers
from storage.database import Database
from storage.erasures import Erasures
from storage.ledger import Ledger
from storage.permissions import Permissions
from tests.metrics.readings import Moved, moved
from tests.stack.waiting import until
from tests.starter.collectors import BROWSER, LINKS, client_of, make_collector, served, stored_events
from tests.storage.samples import NOON, SEND, added, commit, gate_request, identify

TARGETS = ("https://shop.example/cart?utm_campaign=cart-recovery", "https://shop.example/help", "javascript:alert(1)")
BODY = {"subject": "Your cart", "html": "<p>", "text": ""}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def path_of(link: str) -> str:
    return link.removeprefix("https://mail.shop.example")


async def send_message(database: Database, customer: str = "anna", step: str = "reminder") -> str:
    """A rendered message of the customer; returns its id."""
    request = gate_request(step, customer)
    message = ledger_id(request.enrollment, step)
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(request, SEND, request.at)
        await ledger.store_body(message, links=TARGETS, rfc_message_id="<m@shop.example>", now=request.at, **BODY)
    return message


async def opt_outs(database: Database, customer: str = "anna") -> frozenset[str]:
    async with database.read() as session:
        return await Permissions(session).opt_outs(customer)


@pytest.fixture
async def message(sqlite_database: Database) -> str:
    await commit(sqlite_database, added(message_id="m-cart"))
    return await send_message(sqlite_database)


async def events_after_the_cart(database: Database) -> list[Any]:
    """What the links brought; that whoever clicks after months has returned is another matter."""
    events = [stored for stored in await stored_events(database) if stored.event.message_id != "m-cart"]
    return [stored for stored in events if stored.event.name != CUSTOMER_RETURNED]


# Clicks -------------------------------------------------------------------------------------------------------------


async def test_a_click_leads_to_the_target_and_is_recorded(
    http: httpx2.AsyncClient, sqlite_database: Database, message: str
) -> None:
    answer = await http.get(path_of(LINKS.click(message, 1)))

    assert (answer.status_code, answer.headers["Location"]) == (302, TARGETS[1])
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    [click] = await events_after_the_cart(sqlite_database)
    assert click.customer == "anna"
    assert (click.event.type, click.event.name) == (EventType.TRACK, EMAIL_LINK_CLICKED)
    assert click.event.properties == {"message": message, "link": 1, "journey": "cart-recovery", "step": "reminder"}
    assert abs(click.event.occurred_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_each_click_counts(http: httpx2.AsyncClient, sqlite_database: Database, message: str) -> None:
    for link in (0, 0, 1):
        await http.get(path_of(LINKS.click(message, link)))
    assert [each.event.properties["link"] for each in await events_after_the_cart(sqlite_database)] == [0, 0, 1]


async def test_link_checkers_do_not_click(http: httpx2.AsyncClient, sqlite_database: Database, message: str) -> None:
    answer = await http.head(path_of(LINKS.click(message, 0)))
    assert (answer.status_code, answer.headers["Location"]) == (302, TARGETS[0])
    assert await events_after_the_cart(sqlite_database) == []


@pytest.mark.parametrize(
    ("user", "anonymous", "customer"),
    [("anna@shop.example", None, re.compile("c-[0-9a-f]{16}")), (None, "visitor", re.compile("anon-visitor"))],
)
async def test_a_click_is_its_recipients_whatever_their_id(
    database: Database, user: str | None, anonymous: str | None, customer: re.Pattern[str]
) -> None:
    await commit(database, added(user=user, anonymous_id=anonymous))
    [cart] = await stored_events(database)
    assert customer.fullmatch(cart.customer)
    message = await send_message(database, cart.customer)

    async with client_of(make_collector(database), key=None) as http:
        await http.get(path_of(LINKS.click(message, 0)))
        await http.post(path_of(LINKS.unsubscribe(message)))

    assert {stored.customer for stored in await stored_events(database)} == {cart.customer}
    assert await opt_outs(database, cart.customer) == {"*"}


async def test_an_old_links_recipient_is_whoever_they_turned_out_to_be(database: Database) -> None:
    await commit(database, added(user=None, anonymous_id="visitor"))
    message = await send_message(database, "anon-visitor")
    await commit(database, identify("anna", anonymous_id="visitor"))

    async with client_of(make_collector(database), key=None) as http:
        await http.get(path_of(LINKS.click(message, 0)))
        await http.post(path_of(LINKS.unsubscribe(message)))

    assert {stored.customer for stored in await stored_events(database)} == {"anna"}
    assert await opt_outs(database, "anna") == {"*"}


class FailingCommitter(Committer):
    """Cannot store anything."""

    async def commit(self, events: object, *, of_known: bool = False) -> None:
        raise UnavailableError("the disk is full")


class HangingCommitter(Committer):
    """Never gets to storing anything."""

    async def commit(self, events: object, *, of_known: bool = False) -> None:
        await asyncio.Event().wait()


class DoomedCommitter(Committer):
    """Hangs, and cannot store anything once it may go on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.may_go_on = asyncio.Event()

    async def commit(self, events: object, *, of_known: bool = False) -> None:
        await self.may_go_on.wait()
        raise OSError("the disk is gone")


class LateCommitter(Committer):
    """Stores once it may; fails until then, or hangs."""

    def __init__(self, database: Database, *, fails: bool) -> None:
        super().__init__(database)
        self.may_go_on, self._fails = asyncio.Event(), fails

    async def commit(self, events: Sequence[Event], *, of_known: bool = False) -> None:
        if self._fails and not self.may_go_on.is_set():
            raise UnavailableError("the database is locked")
        await self.may_go_on.wait()
        await super().commit(events, of_known=of_known)


class OvertakenCommitter(Committer):
    """Gets to storing when whoever it is about has just been erased."""

    async def commit(self, events: Sequence[Event], *, of_known: bool = False) -> None:
        async with self._database.transaction() as session:
            erasures = Erasures(session)
            await erasures.request("anna", "a test", NOON)
            await erasures.forget((await erasures.open())[0], NOON)
        await super().commit(events, of_known=of_known)


@pytest.mark.parametrize("path", [LINKS.click, LINKS.open], ids=["click", "open"])
async def test_a_visit_that_an_erasure_overtakes_brings_nobody_back(
    database: Database, path: Callable[..., str]
) -> None:
    await commit(database, identify("anna", traits={"email": "anna@shop.example"}))
    message = await send_message(database)
    link = path(message, 0) if path == LINKS.click else path(message)
    async with client_of(make_collector(database, committer=OvertakenCommitter(database)), key=None) as http:
        assert (await http.get(path_of(link))).status_code in (200, 302)
    async with database.read() as session:
        assert await Customers(session).load(["anna"]) == {}
    assert await stored_events(database) == []


@pytest.mark.parametrize("committer", [FailingCommitter, HangingCommitter])
async def test_a_click_that_cannot_be_recorded_leads_on_all_the_same_and_is_counted(
    sqlite_database: Database, message: str, committer: type[Committer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "PATIENCE", 0.05)
    monkeypatch.setattr(records, "RECORDED_WITHIN", 0.2)
    app = make_collector(sqlite_database, committer=committer(sqlite_database))
    with moved() as metrics:
        async with client_of(app, key=None) as http:
            answer = await http.get(path_of(LINKS.click(message, 0)))
            assert (await http.get(path_of(LINKS.open(message)))).status_code == 200
    assert (answer.status_code, answer.headers["Location"]) == (302, TARGETS[0])
    assert metrics.of("segue_responses_lost_total") == {("click",): 1, ("open",): 1}


@pytest.mark.parametrize("fails", [False, True], ids=["slow", "fails at first"])
async def test_a_click_that_keeps_its_reader_is_recorded_behind_the_answer(
    sqlite_database: Database, message: str, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "PATIENCE", 5 if fails else 0.05)  # whoever failed is not waited for
    monkeypatch.setattr(records, "TRIED_AGAIN_AFTER", 0.01)
    committer = LateCommitter(sqlite_database, fails=fails)
    with moved() as metrics:
        async with served(make_collector(sqlite_database, committer=committer)) as url:
            async with httpx2.AsyncClient(base_url=url, headers={"User-Agent": BROWSER}) as http:
                answer = await http.get(path_of(LINKS.click(message, 0)))
            assert (answer.status_code, await events_after_the_cart(sqlite_database)) == (302, [])
            led_on_at = datetime.now(UTC)
            committer.may_go_on.set()
        # A server that stops finishes it.
    [click] = await events_after_the_cart(sqlite_database)
    assert (click.event.name, click.event.properties["link"]) == (EMAIL_LINK_CLICKED, 0)
    assert click.event.occurred_at < led_on_at
    assert metrics.of("segue_responses_lost_total") == {}


async def test_records_behind_answers_are_bounded(
    sqlite_database: Database, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "PATIENCE", 0.01)
    monkeypatch.setattr(records, "MOST_LATE", 2)
    committer = DoomedCommitter(sqlite_database)
    app = make_collector(sqlite_database, committer=committer)
    for _ in range(2):  # what was given up makes room
        committer.may_go_on.clear()
        with moved() as metrics:
            async with client_of(app, key=None) as http:
                visits = [asyncio.create_task(http.get(path_of(LINKS.click(message, 0)))) for _ in range(3)]
                done, waiting = await asyncio.wait(visits, return_when=asyncio.FIRST_COMPLETED)
                assert (len(done), len(waiting)) == (1, 2)
                committer.may_go_on.set()
                await asyncio.wait(waiting)
                # What is broken off amid a look into the database first gives back its connection.
                await until(partial(lost, metrics), lambda found: found == {("click",): 3})
        assert {visit.result().status_code for visit in visits} == {302}


async def lost(metrics: Moved) -> dict[tuple[str, ...], float]:
    metrics.read()
    return metrics.of("segue_responses_lost_total")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/c/rubbish", 404),
        ("/c/%00%ff", 404),
        ("/u/rubbish", 404),
        (path_of(LINKS.click("m-unknown", 0)), 410),
        (path_of(LINKS.unsubscribe("m-1")).replace("/u/", "/c/"), 404),
        (path_of(LINKS.click("m-1", 0)).replace("/c/", "/u/"), 404),
        (path_of(LINKS.click("m-1", 0))[:-3] + "AAA", 404),
        (path_of(Links("https://mail.shop.example", ["of somebody else's"]).click("m-1", 0)), 404),
    ],
    ids=["rubbish", "not text", "rubbish to leave", "no mail", "leaves", "clicks", "changed", "another secret"],
)
async def test_a_broken_link_is_explained(http: httpx2.AsyncClient, path: str, status: int) -> None:
    answer = await http.get(path)
    assert answer.status_code == status
    assert "This link does not work" in answer.text
    assert 'href="https://shop.example/"' in answer.text


async def test_a_message_without_a_body_has_no_links(http: httpx2.AsyncClient, sqlite_database: Database) -> None:
    request = gate_request()
    async with sqlite_database.transaction() as session:
        await Ledger(session).decide(request, SEND, request.at)
    message = ledger_id(request.enrollment, request.step)
    assert (await http.get(path_of(LINKS.click(message, 0)))).status_code == 410


@pytest.mark.parametrize("link", [-1, 2, 3])
async def test_a_link_that_leads_to_no_web_page_is_not_followed(
    http: httpx2.AsyncClient, sqlite_database: Database, message: str, link: int
) -> None:
    assert (await http.get(path_of(LINKS.click(message, link)))).status_code == 410
    assert await events_after_the_cart(sqlite_database) == []


async def test_a_link_that_is_too_old_is_gone(
    http: httpx2.AsyncClient, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail.links, "CLICK_MAX_AGE", timedelta(seconds=-1))
    assert (await http.get(path_of(LINKS.click(message, 0)))).status_code == 410


# The way out --------------------------------------------------------------------------------------------------------


async def test_opening_the_way_out_changes_nothing(
    http: httpx2.AsyncClient, sqlite_database: Database, message: str
) -> None:
    path = path_of(LINKS.unsubscribe(message))
    page, head = await http.get(path), await http.head(path)

    assert (page.status_code, head.status_code) == (200, 200)
    assert '<form method="post">' in page.text
    assert "Fjord &amp; Fell" in page.text
    assert await opt_outs(sqlite_database) == frozenset()
    assert await events_after_the_cart(sqlite_database) == []


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"data": {}},
        {"content": b"\xff\x00 whatever"},
    ],
)
async def test_leaving_takes_one_click(
    http: httpx2.AsyncClient, sqlite_database: Database, message: str, body: dict[str, Any]
) -> None:
    answer = await http.post(path_of(LINKS.unsubscribe(message)), **body)

    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    assert await opt_outs(sqlite_database) == {"*"}
    [left] = await events_after_the_cart(sqlite_database)
    assert (left.customer, left.event.name) == ("anna", UNSUBSCRIBED)
    assert left.event.properties == {"message": message, "journey": "cart-recovery", "step": "reminder"}


async def test_leaving_again_changes_nothing(http: httpx2.AsyncClient, sqlite_database: Database, message: str) -> None:
    other = await send_message(sqlite_database, step="urgency")
    for each in (message, message, other):
        assert (await http.post(path_of(LINKS.unsubscribe(each)), data=ONE_CLICK)).status_code == 200
    assert await opt_outs(sqlite_database) == {"*"}
    assert len(await events_after_the_cart(sqlite_database)) == 2  # one for each message


async def test_leaving_and_its_report_are_stored_together_or_not_at_all(
    sqlite_database: Database, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise UnavailableError("the disk is full")

    monkeypatch.setattr(Permissions, "opt_out", fail)
    async with client_of(make_collector(sqlite_database), key=None) as http:
        answer = await http.post(path_of(LINKS.unsubscribe(message)))
    assert answer.status_code == 503
    assert "Please try again" in answer.text
    assert await events_after_the_cart(sqlite_database) == []


async def test_without_its_database_links_ask_to_try_again() -> None:
    database = Database("postgresql://segue:secret@127.0.0.1:1/segue")
    async with client_of(make_collector(database), key=None) as http:
        click = await http.get(path_of(LINKS.click("m-1", 0)))
        ask = await http.get(path_of(LINKS.unsubscribe("m-1")))
        leave = await http.post(path_of(LINKS.unsubscribe("m-1")))
    assert (click.status_code, ask.status_code, leave.status_code) == (503, 200, 503)
    assert int(click.headers["Retry-After"]) > 0
    await database.aclose()


# The pages ----------------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Collects what matters to a browser's security and to a screen reader."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture
async def pages(http: httpx2.AsyncClient, message: str) -> list[httpx2.Response]:
    path = path_of(LINKS.unsubscribe(message))
    return [await http.get(path), await http.post(path), await http.get("/u/rubbish")]


async def test_pages_are_accessible_and_load_nothing(pages: list[httpx2.Response]) -> None:
    for page in pages:
        reader = Reader(page.text)
        names = [tag for tag, _ in reader.tags]
        assert ("html", {"lang": "en"}) in reader.tags
        assert names.count("h1") == names.count("main") == names.count("title") == 1
        assert {"script", "img", "link", "iframe"}.isdisjoint(names)
        assert not re.search(r"url\(|@import|style=|onclick", page.text)


async def test_pages_are_locked_down(pages: list[httpx2.Response]) -> None:
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
        assert style is not None
        assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"


async def test_over_a_real_connection_links_work_too(sqlite_database: Database, message: str) -> None:
    app = make_collector(sqlite_database, clock=SystemClock())
    async with served(app) as url, httpx2.AsyncClient(base_url=url) as http:
        assert (await http.get(path_of(LINKS.click(message, 0)))).status_code == 302
        assert (await http.head(path_of(LINKS.click(message, 0)))).status_code == 302
        assert (await http.post(path_of(LINKS.unsubscribe(message)), data=ONE_CLICK)).status_code == 200
        assert (await http.get(path_of(LINKS.unsubscribe(message)))).status_code == 200
    assert len(await events_after_the_cart(sqlite_database)) == 2
