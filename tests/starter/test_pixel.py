"""The open pixel, and clicks of machines on our own links: led on like everybody, and stored apart."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from domain import event as names
from domain.event import Event
from domain.message import ledger_id
from mail.links import Links
from mail.pixel import GIF
from storage.database import Database
from storage.feedback import Feedback, MessageFeedback
from storage.ledger import Ledger
from tests.starter.collectors import BROWSER, LINKS, client_of, make_collector, served, stored_events
from tests.starter.posts import FixedClock
from tests.storage.samples import SEND, commit, gate_request, identify

TARGETS = tuple(f"https://shop.example/{number}" for number in range(5))
MESSAGE = ledger_id(gate_request().enrollment, "reminder")
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
CLOCK = FixedClock()
"""Stands still: which hour it is, and how long something took, decides what an open or a click is taken for."""


@pytest.fixture
def app(sqlite_database: Database) -> FastAPI:
    return make_collector(sqlite_database, clock=CLOCK)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client


def path_of(link: str) -> str:
    return link.removeprefix("https://mail.shop.example")


OPEN = path_of(LINKS.open(MESSAGE))


async def handed_over(database: Database, ago: timedelta = timedelta(minutes=5)) -> None:
    """Anna's mail, which the provider was given so long ago."""
    at = CLOCK.now() - ago
    await commit(database, identify(at=at))
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(gate_request(at=at), SEND, at)
        body = {"subject": "s", "html": "<p>", "text": "", "rfc_message_id": "<m@shop.example>"}
        await ledger.store_body(MESSAGE, links=TARGETS, now=at, **body)
        await ledger.hand_over(MESSAGE, at)


async def of_mail(database: Database) -> list[Event]:
    return [stored.event for stored in await stored_events(database) if stored.event.name != "identify"]


async def feedback(database: Database) -> MessageFeedback | None:
    async with database.read() as session:
        return await Feedback(session).get(MESSAGE)


async def test_a_picture_tells_that_a_mail_was_opened(sqlite_database: Database, app: FastAPI) -> None:
    await handed_over(sqlite_database)
    async with served(app) as url, httpx2.AsyncClient(base_url=url) as http:
        answers = [await http.get(OPEN, headers={"User-Agent": GMAIL}) for _ in range(2)]
    for answer in answers:
        assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, GIF, "image/gif")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    [event] = await of_mail(sqlite_database)  # once an hour
    assert (event.name, event.user_id) == (names.EMAIL_OPENED, "anna")
    assert event.properties == {"message": MESSAGE, "journey": "cart-recovery", "step": "reminder"}
    found = await feedback(sqlite_database)
    assert found is not None
    assert (found.opened_at, found.machine_opened_at) == (event.occurred_at, None)


async def test_apples_proxy_opens_apart(sqlite_database: Database, http: httpx2.AsyncClient) -> None:
    await handed_over(sqlite_database)
    await http.get(OPEN, headers={"User-Agent": "Mozilla/5.0"})
    await http.get(OPEN, headers={"User-Agent": BROWSER})
    machine, person = await of_mail(sqlite_database)
    assert machine.name == names.EMAIL_OPENED_BY_MACHINE
    assert machine.properties["machine"] == "apple mail privacy protection"
    assert person.name == names.EMAIL_OPENED
    found = await feedback(sqlite_database)
    assert found is not None
    assert (found.machine_opened_at, found.opened_at) == (machine.occurred_at, person.occurred_at)


OTHERS = Links("https://mail.shop.example", ["another secret of some length"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", OPEN, 200),
        ("GET", path_of(OTHERS.open(MESSAGE)), 404),
        ("GET", path_of(LINKS.click(MESSAGE, 0)).replace("/c/", "/o/"), 404),
        ("GET", path_of(LINKS.unsubscribe(MESSAGE)).replace("/u/", "/o/"), 404),
        ("GET", "/o/rubbish", 404),
        ("GET", path_of(LINKS.open("m-none")), 200),
    ],
    ids=["asked only", "another secret", "a click's", "to leave", "rubbish", "no mail"],
)
async def test_what_opens_nothing_still_shows_no_broken_picture(
    sqlite_database: Database, http: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    await handed_over(sqlite_database)
    answer = await http.request(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "image/gif")
    assert answer.content == (b"" if method == "HEAD" else GIF)
    assert await of_mail(sqlite_database) == []
    assert (await http.get(OPEN.replace("/o/", "/c/"))).status_code == 404  # made for one purpose


async def test_a_scanner_is_led_on_and_is_no_click(sqlite_database: Database, app: FastAPI) -> None:
    await handed_over(sqlite_database)
    cases: list[tuple[dict[str, str], int]] = [
        ({"User-Agent": "Barracuda Sentinel (EE)"}, 0),
        ({"User-Agent": BROWSER, "Sec-Purpose": "prefetch;prerender"}, 1),
        ({"User-Agent": ""}, 2),
    ]
    async with client_of(app, key=None) as http:
        for headers, link in cases:
            answer = await http.get(path_of(LINKS.click(MESSAGE, link)), headers=headers)
            assert (answer.status_code, answer.headers["Location"]) == (302, TARGETS[link])
    events = await of_mail(sqlite_database)
    assert {event.name for event in events} == {names.EMAIL_CLICKED_BY_MACHINE}
    reasons = ["scanner (by its name)", "prefetch", "scanner (no user agent)"]
    assert [event.properties["machine"] for event in events] == reasons
    found = await feedback(sqlite_database)
    assert found is not None
    assert (found.clicked_at, found.machine_clicked_at) == (None, events[0].occurred_at)


async def test_a_gateway_that_follows_every_link_is_told_by_that(sqlite_database: Database, app: FastAPI) -> None:
    await handed_over(sqlite_database)
    async with client_of(app, key=None) as http:
        for link in range(5):
            await http.get(path_of(LINKS.click(MESSAGE, link)))
    names_in_order = [event.name for event in await of_mail(sqlite_database)]
    # The first two look like a person with two tabs: what is stored is not taken back.
    assert names_in_order == [names.EMAIL_LINK_CLICKED] * 2 + [names.EMAIL_CLICKED_BY_MACHINE] * 3


@pytest.mark.parametrize(("ago", "name"), [(1, names.EMAIL_CLICKED_BY_MACHINE), (8, names.EMAIL_LINK_CLICKED)])
async def test_nobody_clicks_a_second_after_the_hand_over(
    sqlite_database: Database, app: FastAPI, ago: int, name: str
) -> None:
    await handed_over(sqlite_database, timedelta(seconds=ago))
    async with client_of(app, key=None) as http:
        await http.get(path_of(LINKS.click(MESSAGE, 0)))
    assert [event.name for event in await of_mail(sqlite_database)] == [name]


async def test_a_picture_comes_even_if_nothing_can_be_stored(
    sqlite_database: Database, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise OSError("the disk is gone")

    await handed_over(sqlite_database)
    monkeypatch.setattr(Ledger, "require", fail)
    assert (await http.get(OPEN)).content == GIF
