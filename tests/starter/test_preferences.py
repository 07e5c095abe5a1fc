"""The preference centre: what it shows, what a form changes, and what it must not."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

import mail.links
from domain import event as names
from domain.gate import Ask
from domain.message import Kind, Stage
from domain.preferences import NO_CHOICES, PAUSE, Choices, Frequency
from mail.links import DataRequest, Links
from settings import RateSettings
from starter.recipients.centre import Offered, idle_topics, topics_of
from storage.customers import Customers
from storage.database import Database
from storage.enrollments import Enrollments
from storage.permissions import Permissions
from storage.preferences import PreferenceLog
from storage.suppressions import Suppressions
from tests.starter.collectors import LINKS, client_of, make_collector, served, stored_events
from tests.starter.forms import FORM
from tests.starter.mails import path_of, sent_message
from tests.storage.samples import NOON, added, commit, enrollment, identify, track
from workflows.catalogue import JOURNEYS

OWED = Ask(kind=Kind.TRANSACTIONAL, topic="your data", stage=Stage.RETENTION, due_at=NOON)
TRAITS = {"email": "anna.arnold@shop.example", "firstName": "Annalena", "consent": {"cart reminders": True}}


class Clock:
    """Product time as the test sets it."""

    def __init__(self) -> None:
        self.moment = NOON + timedelta(hours=1)

    def now(self) -> Any:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def message(sqlite_database: Database) -> str:
    await commit(sqlite_database, identify("anna", traits=TRAITS), added())
    return await sent_message(sqlite_database)


@pytest.fixture
async def page(sqlite_database: Database, message: str, clock: Clock) -> AsyncIterator["Page"]:
    """A browser, so to speak, that stands at the centre."""
    app = make_collector(sqlite_database, clock=clock, limits=RateSettings(address="10000/second"))
    async with client_of(app, key=None) as client:
        yield Page(client, message)


class Page:
    """Anna's preference centre."""

    def __init__(self, client: httpx2.AsyncClient, message: str) -> None:
        self.client, self.message = client, message
        self.path = path_of(LINKS.preferences(message))

    async def open(self, **headers: str) -> str:
        answer = await self.client.get(self.path, headers=headers)
        assert answer.status_code == 200
        return str(answer.text)

    async def post(self, status: int = 303, **form: Any) -> httpx2.Response:
        answer = await self.client.post(self.path, data=FORM | form)
        assert answer.status_code == status, answer.text
        return answer

    async def saved(self, **form: Any) -> str:
        """The page after the redirect."""
        answer = await self.post(**form)
        return str((await self.client.get(answer.url.join(answer.headers["Location"]))).text)


async def choices(database: Database, customer: str = "anna") -> Choices:
    async with database.read() as session:
        return await PreferenceLog(session).choices(customer)


async def opt_outs(database: Database, customer: str = "anna") -> frozenset[str]:
    async with database.read() as session:
        return await Permissions(session).opt_outs(customer)


def shown_topics(text: str) -> set[str]:
    """The topics that the page offers."""
    return set(re.findall(r'name="topic" value="([^"]+)"', text))


async def reported(database: Database, name: str) -> list[Any]:
    return [stored.event for stored in await stored_events(database) if stored.event.name == name]


# -- what it shows -----------------------------------------------------------------------------------------------------


async def test_the_page_shows_what_holds_and_nothing_of_the_person(page: Page) -> None:
    text = await page.open()
    assert "a•••@s…" in text
    for private in ("anna.arnold", "shop.example/cart", "Annalena", "120", "Boots"):
        assert private not in text
    assert re.findall(r'name="topic" value="([^"]+)" checked', text) == ["cart reminders"]
    assert re.findall(r'name="frequency" value="(\w+)" checked', text) == ["as_sent"]
    assert "You had put something into your cart at Fjord &amp; Fell, and had not ordered it." in text
    assert "It was sent to you on Sunday, March 1." in text
    assert 'value="your data"' not in text  # only ever answers what somebody asked for


def test_topics_that_no_event_and_no_source_begins_are_idle() -> None:
    def idle(*off: str, sources_run: bool = True) -> frozenset[str]:
        return idle_topics(JOURNEYS, off=off, sources_run=sources_run)

    assert idle() == set()
    assert idle("webinar") == {"events"}
    assert idle("cart-recovery") == set(), "checkout recovery speaks of carts, too"
    assert idle("cart-recovery", "checkout-recovery") == {"cart reminders"}
    found_by_sources = {"news and offers", "newsletter", "reviews and recommendations"}
    assert idle(sources_run=False) == found_by_sources, "a backend reports tiers, of which milestones tell"


async def test_a_topic_that_is_idle_is_shown_to_whom_it_was_ever_about(
    sqlite_database: Database, message: str, clock: Clock
) -> None:
    idle = ("newsletter", "events", "trial", "subscription", "content", "cart reminders")
    app = make_collector(sqlite_database, clock=clock, offered=Offered(idle=idle))
    async with client_of(app, key=None) as client:
        page = Page(client, message)
        before = shown_topics(await page.open())
        assert before == set(topics_of(JOURNEYS)) - {"newsletter", "events", "trial", "subscription", "content"}
        event = Ask(kind=Kind.MARKETING, topic="events", stage=Stage.CONSIDERATION, due_at=NOON)
        await sent_message(sqlite_database, step="recording", journey="webinar", ask=event)
        await commit(sqlite_database, identify("anna", traits={"consent": {"newsletter": False}}))
        async with sqlite_database.transaction() as session:
            await Permissions(session).opt_out("anna", "trial", NOON, "import")
            await Enrollments(session).open(enrollment("subscription"))
        assert shown_topics(await page.open()) - before == {"newsletter", "events", "trial", "subscription"}
        # Who opened the page before may know more, or less, of it than we now do.
        await page.saved(shown_topic=["events"], topic=["trial", "content"])
        assert "content" in shown_topics(await page.open())
    assert await opt_outs(sqlite_database) == {"events"}


async def test_it_tells_what_else_was_sent_without_telling_of_orders(page: Page, sqlite_database: Database) -> None:
    await sent_message(sqlite_database, step="deeper")
    text = await page.open()
    assert "<li>Sunday, March 1: Your cart</li>" in text


async def test_a_mail_that_was_asked_for_is_told_as_such(page: Page, sqlite_database: Database) -> None:
    await sent_message(sqlite_database, step="export", journey="data-request", template="data_request/export", ask=OWED)
    await sent_message(sqlite_database, step="order", journey="post-purchase", ask=OWED)
    text = await page.open()
    assert "<li>Sunday, March 1: A link that you had asked for</li>" in text
    assert "<li>Sunday, March 1: A message that is not marketing</li>" in text
    assert "Sonntag, 1. März: Ein Link, um den Sie gebeten hatten" in await page.open(**{"Accept-Language": "de"})


@pytest.mark.parametrize(
    ("reader", "language"),
    [
        ((None, None, "de-AT,en;q=0.8"), "de"),
        ((None, None, "fr, de;q=0"), "en"),
        (("de_AT", None, "en"), "de"),
        (("de_AT", "en", "de"), "en"),
        (("fr", None, "de"), "de"),
    ],
)
async def test_it_speaks_as_its_reader_does(
    page: Page, sqlite_database: Database, reader: tuple[str | None, str | None, str], language: str
) -> None:
    locale, chosen, accepted = reader
    if locale:
        await commit(sqlite_database, identify("anna", traits={"locale": locale}))
    async with sqlite_database.transaction() as session:
        await PreferenceLog(session).choose("anna", Choices(language=chosen), NOON, "a test")
    text = await page.open(**{"Accept-Language": accepted})
    assert f'<html lang="{language}">' in text
    assert ("Ihre Post, Ihre Wahl" in text) == (language == "de")


# -- what it changes ---------------------------------------------------------------------------------------------------


async def test_reading_changes_nothing(page: Page, sqlite_database: Database) -> None:
    before = len(await stored_events(sqlite_database))
    paths = [page.path, f"{page.path}?done=save", path_of(LINKS.data_request(page.message, DataRequest.ERASURE))]
    for path, method in itertools.product(paths, ("GET", "HEAD", "OPTIONS")):
        await page.client.request(method, path)
    assert len(await stored_events(sqlite_database)) == before
    assert await choices(sqlite_database) == NO_CHOICES
    assert await opt_outs(sqlite_database) == frozenset()


async def test_saving_leads_to_a_page_that_says_what_holds(page: Page, sqlite_database: Database) -> None:
    text = await page.saved(frequency="weekly", pause="begin", language="de")
    assert await choices(sqlite_database) == Choices(
        frequency=Frequency.WEEKLY, paused_until=NOON + timedelta(hours=1) + PAUSE, language="de"
    )
    for said in ("Ihr Warenkorb", "Höchstens einmal in der Woche", "bis Dienstag, 31. März", "Deutsch"):
        assert f">{said}</dd>" in text


async def test_saving_twice_is_saving_once(page: Page, sqlite_database: Database, clock: Clock) -> None:
    await page.post(pause="begin", frequency="weekly")
    first = await choices(sqlite_database)
    clock.moment += timedelta(days=2)
    await page.post(pause="begin", frequency="weekly")
    assert await choices(sqlite_database) == first

    assert "You are taking a break until Tuesday, March 31." in await page.open()
    await page.post(pause="end")
    assert (await choices(sqlite_database)).paused_until is None


async def test_what_nobody_touched_is_nobodys_choice(page: Page, sqlite_database: Database) -> None:
    await page.post()
    await commit(sqlite_database, identify("anna", traits={"consent": {"newsletter": True}}))
    await page.post(frequency="weekly")  # from the page of before: the newsletter's box was not ticked there
    assert await choices(sqlite_database) == Choices(frequency=Frequency.WEEKLY)
    assert await opt_outs(sqlite_database) == frozenset()


async def test_a_topic_that_is_switched_off_ends_its_journeys(page: Page, sqlite_database: Database) -> None:
    for _ in range(2):
        await page.post(topic=[])
    assert await opt_outs(sqlite_database) == {"cart reminders"}
    [left] = await reported(sqlite_database, names.UNSUBSCRIBED)
    assert left.properties["topic"] == "cart reminders"
    assert 'value="cart reminders" checked' not in await page.open()


async def test_a_topic_that_is_switched_on_is_agreed_to_in_the_pages_words(
    page: Page, sqlite_database: Database
) -> None:
    await page.post(topic=["cart reminders", "newsletter"])
    async with sqlite_database.read() as session:
        [*_, agreed] = await Permissions(session).consents("anna")
    assert (agreed.topic, agreed.granted) == ("newsletter", True)
    assert agreed.source == f"preference centre, {page.message}"
    assert agreed.wording == "Newsletter: Once a month, what is new."


async def test_switching_a_topic_off_and_on_again_takes_the_refusal_back(page: Page, sqlite_database: Database) -> None:
    await page.post(topic=[])
    await page.post(shown_topic=[])
    assert await opt_outs(sqlite_database) == frozenset()
    assert 'value="cart reminders" checked' in await page.open()
    await page.post(topic=[])
    assert len(await reported(sqlite_database, names.UNSUBSCRIBED)) == 2  # the journeys begun since hear of it, too


async def test_leaving_everything_and_coming_back(page: Page, sqlite_database: Database) -> None:
    assert "You are unsubscribed" in await page.saved(do="leave")
    assert await opt_outs(sqlite_database) == {"*"}
    assert 'value="return"' in await page.open()
    assert ">Your cart</dd>" in await page.saved(do="return")
    assert await opt_outs(sqlite_database) == frozenset()


async def test_whoever_is_reported_as_wanting_nothing_can_come_back(page: Page, sqlite_database: Database) -> None:
    await commit(sqlite_database, identify("anna", traits={"email_frequency": "never"}))
    assert "You get no marketing mail from us" in await page.open()
    await page.post(do="return")
    assert "You get no marketing mail from us" not in await page.open()


async def test_what_holds_is_told_of_whom_nothing_is_sent_to(page: Page, sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        await Suppressions(session).begin_sunset("anna", "no answer to three mails", NOON, "reengagement")
    assert "Nothing is sent to your address" not in await page.saved()
    async with sqlite_database.transaction() as session:
        assert await Suppressions(session).sunset("anna") is None  # whoever chooses has returned
        await Suppressions(session).suppress("anna", "complaint", NOON, "a test")
    assert "Nothing is sent to your address" in await page.saved()


@pytest.mark.parametrize(("reason", "why"), [("complaint", "marked as spam"), ("erasure", "had their data erased")])
async def test_whoever_gets_nothing_at_all_is_told_why_and_promised_no_mail(
    page: Page, sqlite_database: Database, reason: str, why: str
) -> None:
    async with sqlite_database.transaction() as session:
        await Suppressions(session).suppress("anna", reason, NOON, "a test")
    said = [await page.open(), await page.saved(), await page.saved(do="leave"), await page.open()]
    said.append(await page.saved(do="export", asking=asking(said[0])))
    for text in said:
        assert why in text
        assert "help@shop.example" in text
        assert "about your orders still" not in text
        assert "about your orders always" not in text
        assert "mail me a link" not in text.lower()
    assert ("spam" in said[0]) == (reason == "complaint"), "a reader who asked to be erased did nothing of the sort"


@pytest.mark.parametrize(
    ("form", "field"),
    [({"frequency": "hourly"}, "frequency"), ({"topic": "politics"}, "topics"), ({"language": "xx"}, "language")],
)
async def test_what_was_not_offered_is_refused_with_its_place(
    page: Page, sqlite_database: Database, form: dict[str, str], field: str
) -> None:
    answer = await page.post(422, **form | {"pause": "begin"})
    assert f'<a href="#{field}">' in answer.text
    assert f'id="{field}"' in answer.text
    assert await choices(sqlite_database) == NO_CHOICES


async def test_a_form_of_another_size_or_sort_is_refused(page: Page) -> None:
    assert (await page.client.post(page.path, content=b"x" * 30_000)).status_code == 413
    assert (await page.client.post(page.path, content=b"\xff\x00")).status_code == 422


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "https://mail.shop.example"}, True),
        ({"Origin": "http://collector"}, True),
        ({"Origin": "null"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://mail.shop.example"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "https://mail.shop.example.evil.example"}, False),
    ],
)
async def test_no_other_site_posts_for_the_reader(
    page: Page, sqlite_database: Database, headers: dict[str, str], passes: bool
) -> None:
    paths = [page.path, path_of(LINKS.unsubscribe(page.message)), f"/r/{LINKS.undo_token(page.message)}"]
    paths.append(path_of(LINKS.data_request(page.message, DataRequest.EXPORT)))
    for path in paths:
        answer = await page.client.post(path, data=FORM | {"do": "leave"}, headers=headers)
        assert (answer.status_code == 403) != passes, path
    if not passes:
        assert await opt_outs(sqlite_database) == frozenset()


# -- unsubscribing, and taking it back ---------------------------------------------------------------------------------


def undo_of(page: httpx2.Response) -> httpx2.URL:
    found = re.search(r'action="([^"]+)"', page.text)
    assert found is not None
    return page.url.join(found[1])


async def test_unsubscribing_can_be_undone_and_done_again(page: Page, sqlite_database: Database) -> None:
    way_out = path_of(LINKS.unsubscribe(page.message))
    left = await page.client.post(way_out)
    assert "Undo" in left.text
    undone = await page.client.post(undo_of(left))
    assert "You get mail again" in undone.text
    assert "does not go on" in undone.text
    assert await opt_outs(sqlite_database) == frozenset()
    async with sqlite_database.read() as session:
        assert len(await Permissions(session).consents("anna")) == 1  # an undo is no consent

    assert (await page.client.post(undo_of(left))).text.count("nothing to undo") == 2  # title, heading
    await page.client.post(way_out)
    assert await opt_outs(sqlite_database) == {"*"}
    assert len(await reported(sqlite_database, names.UNSUBSCRIBED)) == 2


async def test_what_holds_after_an_undo_is_said(page: Page, sqlite_database: Database) -> None:
    await page.post(pause="begin")
    way_out = path_of(LINKS.unsubscribe(page.message))
    undone = (await page.client.post(undo_of(await page.client.post(way_out)))).text
    assert "You get mail again" not in undone
    assert "your break until Tuesday, March 31 goes on" in undone

    left = await page.client.post(way_out)
    async with sqlite_database.transaction() as session:
        await Suppressions(session).suppress("anna", "complaint", NOON, "a test")
    undone = (await page.client.post(undo_of(left))).text
    assert "You get mail again" not in undone
    assert "But nothing is sent to your address at present" in undone
    assert "help@shop.example" in undone


async def test_an_undo_takes_back_only_what_its_link_did(page: Page, sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        await Permissions(session).opt_out("anna", "*", NOON, "a letter to the shop")
    left = await page.client.post(path_of(LINKS.unsubscribe(page.message)))
    assert "You unsubscribed in another way as well" in (await page.client.post(undo_of(left))).text
    assert "There was nothing to undo" in (await page.client.post(undo_of(left))).text
    assert await opt_outs(sqlite_database) == {"*"}


async def test_an_undo_leaves_what_was_refused_meanwhile(page: Page, sqlite_database: Database) -> None:
    left = await page.client.post(path_of(LINKS.unsubscribe(page.message)))
    other = await sent_message(sqlite_database, step="deeper")
    for _ in range(2):
        await page.client.post(path_of(LINKS.unsubscribe(other)))
    await commit(sqlite_database, track(names.UNSUBSCRIBED))
    said = (await page.client.post(undo_of(left))).text
    assert "You unsubscribed in another way as well" in said
    assert await opt_outs(sqlite_database) == {"*"}
    async with sqlite_database.transaction() as session:
        lift, at = Permissions(session).lift_opt_out, NOON
        assert [await lift("anna", "*", at, said_by=source) for source in (page.message, other)] == [False, True]
        assert await Permissions(session).opt_outs("anna") == {"*"}, "the backend's own"


async def test_leaving_in_the_centre_is_undone_there_and_by_no_older_page(
    page: Page, sqlite_database: Database
) -> None:
    way_out = await page.client.post(path_of(LINKS.unsubscribe(page.message)))
    await page.client.post(undo_of(way_out))
    said = await page.saved(do="leave")
    assert "<title>You are unsubscribed" in said
    assert said.count("Messages about your orders") == 1
    assert "There was nothing to undo" in (await page.client.post(undo_of(way_out))).text
    assert await opt_outs(sqlite_database) == {"*"}
    assert len(await reported(sqlite_database, names.UNSUBSCRIBED)) == 2

    await page.client.post(path_of(LINKS.unsubscribe(page.message)))
    assert 'value="undo"' in said
    assert "You get no marketing mail" in await page.saved(do="undo")
    await page.client.post(undo_of(way_out))
    assert await opt_outs(sqlite_database) == frozenset()


async def test_coming_back_lifts_what_was_refused_in_the_mailbox_by_another_id(
    page: Page, sqlite_database: Database
) -> None:
    await commit(sqlite_database, identify("77", traits=TRAITS), track(names.UNSUBSCRIBED, "77"))
    assert "You get no marketing mail" in await page.open()
    assert "You get no marketing mail" not in await page.saved(do="return")
    assert await opt_outs(sqlite_database, "77") == frozenset()


async def test_an_undo_that_comes_late_leads_to_the_centre(
    page: Page, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = await page.client.post(path_of(LINKS.unsubscribe(page.message)))
    monkeypatch.setattr(mail.links, "UNDO_MAX_AGE", timedelta(seconds=-1))
    answer = await page.client.post(undo_of(left))
    assert answer.status_code == 410
    assert "too late to undo" in answer.text
    assert 'href="../p/' in answer.text
    assert await opt_outs(sqlite_database) == {"*"}


# -- data --------------------------------------------------------------------------------------------------------------


def asking(text: str) -> str:
    found = re.search(r'name="asking" value="([^"]+)"', text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("what", "event"), [("export", names.DATA_EXPORT_REQUESTED), ("erasure", names.ERASURE_REQUESTED)]
)
async def test_asking_for_data_mails_and_does_nothing_else(
    page: Page, sqlite_database: Database, clock: Clock, what: str, event: str
) -> None:
    token = asking(await page.open())
    said = await asyncio.gather(*(page.saved(do=what, asking=token) for _ in range(3)))
    assert all("a•••@s…" in text for text in said)
    [asked] = await reported(sqlite_database, event)
    assert re.fullmatch(rf"{what}-\d+", asked.properties["request"])
    clock.moment += timedelta(hours=1)
    await page.post(do=what, asking=token)
    assert len(await reported(sqlite_database, event)) == 2  # one an hour
    async with sqlite_database.read() as session:
        assert (await Customers(session).get("anna")).last_seen_at == NOON  # nothing done in the shop


async def test_a_page_that_lay_open_asks_for_nothing(
    page: Page, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = asking(await page.open())
    other = LINKS.asking_token("another message")
    assert (await page.post(404, do="erasure", asking=other)).status_code == 404
    assert (await page.post(404, do="erasure")).status_code == 404
    monkeypatch.setattr(mail.links, "ASKING_MAX_AGE", timedelta(seconds=-1))
    assert "open for too long" in (await page.post(403, do="erasure", asking=token)).text
    assert await reported(sqlite_database, names.ERASURE_REQUESTED) == []


async def test_the_mails_link_gives_the_data_out_when_its_button_is_pressed(
    page: Page, sqlite_database: Database
) -> None:
    path = path_of(LINKS.data_request(page.message, DataRequest.EXPORT))
    assert '<form method="post">' in (await page.client.get(path)).text
    answer = await page.client.post(path)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert "anna.arnold@shop.example" in answer.text
    assert answer.json()["customer"] == "anna"
    assert len(await reported(sqlite_database, names.DATA_REQUEST_CONFIRMED)) == 1


async def test_the_mails_link_erases_when_its_button_is_pressed(page: Page, sqlite_database: Database) -> None:
    path = path_of(LINKS.data_request(page.message, DataRequest.ERASURE))
    await page.client.get(path)
    async with sqlite_database.read() as session:
        assert await Suppressions(session).reason("anna") is None
    assert "Your data is being erased" in (await page.client.post(path)).text
    async with sqlite_database.read() as session:
        assert await Suppressions(session).reason("anna") is not None


async def test_while_an_erasure_waits_each_page_says_so_and_changes_nothing(
    page: Page, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporal may be away for hours: until it is back, everything is still there."""
    token, erasure = asking(await page.open()), path_of(LINKS.data_request(page.message, DataRequest.ERASURE))
    undo = f"/r/{LINKS.undo_token(page.message)}"
    await page.client.post(erasure)
    before = len(await stored_events(sqlite_database))

    async def look(*paths: str) -> None:
        for path in (page.path, erasure, path_of(LINKS.unsubscribe(page.message)), *paths):
            assert "<h1>Your data is being erased</h1>" in (await page.client.get(path)).text, path

    await look(undo)
    for form in ({"frequency": "weekly"}, {"do": "return"}, {"do": "undo"}, {"do": "erasure", "asking": token}):
        assert "Your data is being erased" in await page.saved(**form)
    for path in (erasure, undo):
        assert "Your data is being erased" in (await page.client.post(path)).text
    assert await choices(sqlite_database) == NO_CHOICES
    assert len(await stored_events(sqlite_database)) == before
    for name in ("PREFERENCES_MAX_AGE", "DATA_REQUEST_MAX_AGE", "UNDO_MAX_AGE"):
        monkeypatch.setattr(mail.links, name, timedelta(seconds=-1))
    await look()
    assert "Your data is being erased" in (await page.client.post(undo)).text


async def test_whoever_leaves_while_an_erasure_waits_leaves_the_mailbox(page: Page, sqlite_database: Database) -> None:
    await page.client.post(path_of(LINKS.data_request(page.message, DataRequest.ERASURE)))
    left = await page.client.post(path_of(LINKS.unsubscribe(page.message)))
    assert (left.status_code, "Your data is being erased" in left.text) == (200, True)
    assert await opt_outs(sqlite_database) == {"*"}, "it holds for whoever else has the address"


async def test_a_link_to_data_is_good_for_three_days(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    path = path_of(LINKS.data_request(page.message, DataRequest.EXPORT))
    monkeypatch.setattr(mail.links, "DATA_REQUEST_MAX_AGE", timedelta(seconds=-1))
    for answer in (await page.client.get(path), await page.client.post(path)):
        assert answer.status_code == 410
        assert 'href="../../p/' in answer.text


@pytest.mark.parametrize("what", ["export", "erasure"])
async def test_who_gets_no_mail_is_told_whom_to_write_to(page: Page, sqlite_database: Database, what: str) -> None:
    async with sqlite_database.transaction() as session:
        await Suppressions(session).suppress("anna", "complaint", NOON, "a test")
    said = await page.saved(do=what, asking=asking(await page.open()))
    assert "on its way" not in said
    assert "Please write to help@shop.example" in said
    event = names.DATA_EXPORT_REQUESTED if what == "export" else names.ERASURE_REQUESTED
    assert len(await reported(sqlite_database, event)) == 1, "the wish is kept"


# -- links -------------------------------------------------------------------------------------------------------------


def ways(links: Links, message: str) -> Iterator[tuple[str, str]]:
    """Every sort of link: where it leads, and its token."""
    yield "/c/{}", links.click(message, 0).rpartition("/")[2]
    yield "/u/{}", links.unsubscribe(message).rpartition("/")[2]
    yield "/p/{}", links.preferences(message).rpartition("/")[2]
    yield "/r/{}", links.undo_token(message)
    for what in DataRequest:
        yield f"/d/{what}/{{}}", links.data_request(message, what).rpartition("/")[2]


async def test_no_token_opens_another_door(page: Page, sqlite_database: Database) -> None:
    tokens = [*(token for _, token in ways(LINKS, page.message)), LINKS.asking_token(page.message), "rubbish"]
    own = dict(ways(LINKS, page.message))
    forged = [token for _, token in ways(Links(LINKS.base_url, ["of somebody else's"]), page.message)]
    tampered = [token[:-3] + "AAA" for token in tokens]
    for door, token in itertools.product(own, [*tokens, *forged, *tampered]):
        if own[door] == token:
            continue
        for method in ("GET",) if door == "/c/{}" else ("GET", "POST"):
            assert (await page.client.request(method, door.format(token))).status_code == 404, (door, token)
    assert await opt_outs(sqlite_database) == frozenset()


async def test_links_outlive_a_new_secret(page: Page, sqlite_database: Database) -> None:
    rotated = Links(LINKS.base_url, ["a new secret of some length", "a secret of some length"])
    async with client_of(make_collector(sqlite_database, links=rotated), key=None) as client:
        assert (await client.get(page.path)).status_code == 200
    without = Links(LINKS.base_url, ["a new secret of some length"])
    async with client_of(make_collector(sqlite_database, links=without), key=None) as client:
        assert (await client.get(page.path)).status_code == 404


async def test_an_old_link_offers_a_fresh_one_by_mail(
    page: Page, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail.links, "PREFERENCES_MAX_AGE", timedelta(seconds=-1))
    asked = await page.client.get(page.path)
    assert asked.status_code == 410
    assert "older than a year" in asked.text
    assert "a•••" not in asked.text
    assert await reported(sqlite_database, names.PREFERENCES_LINK_REQUESTED) == []
    said = await page.saved(do="leave")  # whatever it posts, an old link only ever asks for a fresh one
    assert "with a fresh link" in said
    assert len(await reported(sqlite_database, names.PREFERENCES_LINK_REQUESTED)) == 1
    assert await opt_outs(sqlite_database) == frozenset()


async def test_an_old_mails_other_links_open_no_centre(
    page: Page, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way out works for ever, but leads nowhere else then."""
    way_out = path_of(LINKS.unsubscribe(page.message))
    data = path_of(LINKS.data_request(page.message, DataRequest.EXPORT))
    monkeypatch.setattr(mail.links, "DATA_REQUEST_MAX_AGE", timedelta(seconds=-1))
    for age, leads_on in ((timedelta(days=300), True), (timedelta(days=366), False)):
        clock.moment = NOON + age
        asked, left, expired = (
            await page.client.get(way_out),
            await page.client.post(way_out),
            await page.client.get(data),
        )
        undone = await page.client.post(undo_of(left))
        assert [answer.status_code for answer in (asked, left, undone, expired)] == [200, 200, 200, 410]
        assert ["/p/" in answer.text for answer in (asked, left, undone, expired)] == [leads_on] * 4


@pytest.mark.parametrize("path", ["/u/", "/p/", "/r/", "/c/", "/d/", "/d/foo/x", "/d/export/", "/u/a/b"])
async def test_a_link_that_was_cut_is_answered_by_a_page(page: Page, path: str) -> None:
    answer = await page.client.get(path)
    assert (answer.status_code, "This link does not work" in answer.text) == (404, True)


async def test_who_was_erased_finds_a_friendly_page(page: Page, sqlite_database: Database) -> None:
    unknown = [door.format(token) for door, token in ways(LINKS, "a message that is gone") if door != "/c/{}"]
    for path in unknown:
        for answer in (await page.client.get(path), await page.client.post(path)):
            assert (answer.status_code, "There is nothing here any more" in answer.text) == (410, True), path


async def test_a_strangers_mail_opens_the_centre_of_whom_they_turned_out_to_be(sqlite_database: Database) -> None:
    address = {"email": TRAITS["email"]}
    await commit(sqlite_database, identify(None, anonymous_id="visitor", traits=address))
    message = await sent_message(sqlite_database, "anon-visitor")
    await commit(sqlite_database, identify("anna", anonymous_id="visitor", traits=TRAITS))
    async with client_of(make_collector(sqlite_database), key=None) as client:
        page = Page(client, message)
        assert "a•••@s…" in await page.open()
        await page.post(frequency="monthly", topic=[])
    assert (await choices(sqlite_database)).frequency is Frequency.MONTHLY
    assert await opt_outs(sqlite_database) == {"cart reminders"}


async def test_without_its_database_the_centre_asks_to_try_again() -> None:
    database = Database("postgresql://segue:secret@127.0.0.1:1/segue")
    async with client_of(make_collector(database), key=None) as client:
        for door, token in ways(LINKS, "m-1"):
            answer = await client.post(door.format(token)) if door != "/c/{}" else await client.get(door.format(token))
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True), door
            assert "Please try again" in answer.text
    await database.aclose()


async def test_nothing_of_it_is_framed_kept_listed_or_told_to_others(page: Page) -> None:
    way_out, data = LINKS.unsubscribe(page.message), LINKS.data_request(page.message, DataRequest.EXPORT)
    pages = [await page.client.get(path) for path in (page.path, path_of(way_out), path_of(data), "/p/rubbish")]
    for answer in [*pages, await page.post(), await page.client.post(path_of(data))]:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert "set-cookie" not in answer.headers
    for answer in pages:
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"


async def test_over_a_real_connection_the_centre_saves(sqlite_database: Database, message: str) -> None:
    async with (
        served(make_collector(sqlite_database)) as url,
        httpx2.AsyncClient(base_url=url, follow_redirects=True) as http,
    ):
        answer = await http.post(path_of(LINKS.preferences(message)), data=FORM | {"frequency": "weekly"})
    assert (answer.status_code, "Once a week at most" in answer.text) == (200, True)


async def test_what_is_posted_at_once_is_kept_once(database: Database, clock: Clock) -> None:
    await commit(database, identify("anna", traits=TRAITS), added())
    message = await sent_message(database)
    async with client_of(make_collector(database, clock=clock), key=None) as client:
        page = Page(client, message)
        token = asking(await page.open())
        await asyncio.gather(
            *(page.post(topic=[], frequency="weekly", pause="begin") for _ in range(5)),
            *(page.post(do="export", asking=token) for _ in range(5)),
            *(client.post(path_of(LINKS.unsubscribe(message))) for _ in range(3)),
        )
    assert await opt_outs(database) == {"*", "cart reminders"}
    assert (await choices(database)).frequency is Frequency.WEEKLY
    assert len(await reported(database, names.UNSUBSCRIBED)) == 2
    assert len(await reported(database, names.DATA_EXPORT_REQUESTED)) == 1
