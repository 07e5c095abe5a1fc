"""The pages behind mails' links in a real browser: axe finds nothing, nothing is too wide, and a keyboard is enough.

Needs Chromium or Chrome; without, its tests are skipped, but in CI (environment variable CI) they fail.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

import mail.links
from domain.preferences import Choices, Frequency
from mail.links import DataRequest
from mail.speech import WORDS
from starter.recipients.centre import languages_of, topics_of
from starter.recipients.pages import HERE, LANGUAGES
from storage.database import Database
from storage.permissions import Permissions
from storage.preferences import PreferenceLog
from storage.suppressions import Suppressions
from tests.browsers import require_browser
from tests.mail.accessibility import RULES
from tests.starter.collectors import LINKS, make_collector, served
from tests.starter.mails import path_of, sent_message
from tests.storage.samples import NOON, added, commit, identify
from workflows.catalogue import JOURNEYS

NARROW, WIDE = 320, 1280
"""CSS pixels. 320 is also what a screen of 1280 shows at 400 % (WCAG 2.2, 1.4.10)."""

PATIENCE = 30_000
"""Milliseconds. Everything else that the browser is asked has as long; expectations have five seconds by default."""

AXE = """async rules => (await axe.run(rules)).violations
    .flatMap(found => found.nodes.map(node => `${found.id}: ${node.html}`))"""

SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, label.choice')]
    .filter(each => each.getClientRects().length && each.getBoundingClientRect().height < 24)
    .map(each => each.outerHTML)"""

FOCUSED = """() => { const each = document.activeElement; const style = getComputedStyle(each);
    return [each.name || each.textContent.trim(), each.value || '', style.outlineStyle, style.outlineWidth] }"""

POST_ELSEWHERE = """<form method="post" action="{}"><button name="do" value="leave">A prize</button></form>"""


@pytest.fixture
async def message(sqlite_database: Database) -> str:
    await commit(sqlite_database, identify("anna", traits={"email": "anna@shop.example", "consent": True}), added())
    await sent_message(sqlite_database, step="deeper")
    return await sent_message(sqlite_database)


class Site(NamedTuple):
    """A collector, and a mail that Anna got from it."""

    url: str
    message: str

    def at(self, link: str) -> str:
        return self.url + path_of(link)


@pytest.fixture
async def site(sqlite_database: Database, message: str) -> AsyncIterator[Site]:
    async with served(make_collector(sqlite_database)) as url:
        yield Site(url, message)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    found = require_browser("look at the pages in one")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        await browser.close()


@asynccontextmanager
async def with_axe(browser: Browser) -> AsyncIterator[Page]:
    """A page with axe in it, which our pages' own policy does not let in."""
    context = await browser.new_context(bypass_csp=True)
    await context.add_init_script(Axe().axe_script)
    yield await context.new_page()
    await context.close()


async def press(page: Page, button: str) -> None:
    """Press a button that sends its form, and wait for the page that answers: a click by itself waits for none."""
    async with page.expect_navigation():
        await page.click(button)


async def look_at(page: Page, language: str) -> None:
    """What must hold of every page."""
    where = await page.title()
    await page.set_viewport_size({"width": WIDE, "height": 900})
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme)
        assert await page.evaluate(AXE, RULES) == [], (where, scheme)
    await page.set_viewport_size({"width": NARROW, "height": 700})
    assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW, where
    assert await page.evaluate(SMALL_TARGETS) == [], where
    assert await page.evaluate("document.documentElement.lang") == language, where
    assert await page.evaluate("document.querySelectorAll('h1, main, title').length") == 3, where


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_is_for_everybody(
    browser: Browser, site: Site, sqlite_database: Database, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sqlite_database.transaction() as session:
        await PreferenceLog(session).choose("anna", Choices(language=language), NOON, "a test")
    centre, way_out = site.at(LINKS.preferences(site.message)), site.at(LINKS.unsubscribe(site.message))
    data = [site.at(LINKS.data_request(site.message, what)) for what in DataRequest]
    gone, broken = site.at(LINKS.preferences("a message that is gone")), f"{site.url}/p/rubbish"
    titles: list[str] = []
    loaded: list[str] = []

    async with with_axe(browser) as page:
        await page.set_extra_http_headers({"Accept-Language": language})
        page.on("request", lambda request: loaded.append(request.resource_type))

        async def look(url: str = "", button: str = "") -> None:
            if url:
                await page.goto(url)
            if button:
                await press(page, button)
            await look_at(page, language)
            titles.append(await page.title())

        await look(centre)
        await page.evaluate("document.querySelector('[name=frequency]:checked').value = 'hourly'")
        await press(page, ".save button")
        await look_at(page, language)  # with what was wrong
        await page.goto(centre)
        await page.check("#pause input")
        await look(button=".save button")
        await look(way_out)
        await look(button="main button")
        await look(button="main button")  # undo
        for url in (f"{centre}?done=export", *data, gone, broken):
            await look(url)
        assert len(set(titles)) == len(titles), titles

        async with sqlite_database.transaction() as session:
            await Suppressions(session).suppress("anna", "complaint", NOON, "a test")
        await look(centre)  # in a pause, and with a word about the address
        await look(button="button[aria-describedby=leave-line]")
        await look(centre)
        await page.goto(way_out)
        with monkeypatch.context() as later:
            for name in ("PREFERENCES_MAX_AGE", "DATA_REQUEST_MAX_AGE", "UNDO_MAX_AGE"):
                later.setattr(mail.links, name, timedelta(seconds=-1))
            await look(centre)
            await look(button="main button")
            await look(data[0])
        await page.goto(data[1])
        await look(button="main button")
    assert set(loaded) == {"document"}  # nothing is loaded from anywhere


async def test_a_keyboard_is_enough_and_shows_where_it_is(
    browser: Browser, site: Site, sqlite_database: Database
) -> None:
    page = await browser.new_page()
    await page.goto(site.at(LINKS.preferences(site.message)))
    seen: list[tuple[str, str]] = []
    while not seen or seen[-1][0] != "Save":
        await page.keyboard.press("Tab")
        name, value, style, width = await page.evaluate(FOCUSED)
        assert (style, width) == ("solid", "3px"), name
        seen.append((name, value))
        assert len(seen) < 50
        if (name, value) == ("topic", "newsletter"):
            await page.keyboard.press("Space")
        if name == "frequency":
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**?done=save")

    # With the policy in force, after a redirect, and with what a browser says of where a post comes from.
    async with sqlite_database.read() as session:
        assert (await PreferenceLog(session).choices("anna")).frequency is Frequency.WEEKLY
        assert await Permissions(session).opt_outs("anna") == {"newsletter"}
    await page.reload()
    assert "Once a week at most" in await page.inner_text("main")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_on_a_phone_the_way_out_of_everything_is_on_the_first_screen(
    browser: Browser, site: Site, language: str
) -> None:
    phone = await browser.new_context(
        viewport={"width": 360, "height": 640},
        java_script_enabled=False,
        extra_http_headers={"Accept-Language": language},
    )
    page = await phone.new_page()
    await page.goto(site.at(LINKS.preferences(site.message)))
    shortcut, way_out = page.locator("a[href='#everything']"), page.locator("[name=do][value=leave] ~ p button")
    await expect(shortcut).to_be_in_viewport(ratio=1, timeout=PATIENCE)
    await expect(way_out).not_to_be_in_viewport(timeout=PATIENCE)
    await shortcut.click()
    await expect(way_out).to_be_in_viewport(ratio=1, timeout=PATIENCE)
    await phone.close()


async def test_another_sites_form_does_nothing(browser: Browser, site: Site, sqlite_database: Database) -> None:
    page = await browser.new_page()
    for link in (LINKS.preferences(site.message), LINKS.unsubscribe(site.message)):
        await page.goto(site.url.replace("127.0.0.1", "localhost") + "/health")
        await page.set_content(POST_ELSEWHERE.format(site.at(link)))
        async with page.expect_navigation() as answer:
            await page.click("button")
        assert ((await answer.value).request.method, (await answer.value).status) == ("POST", 403)
    async with sqlite_database.read() as session:
        assert await Permissions(session).opt_outs("anna") == frozenset()


# -- words ------------------------------------------------------------------------------------------------------------


def said(language: str) -> Iterator[tuple[str, list[str]]]:
    """Every text, by its name, with its places."""
    for name, text in json.loads((HERE / WORDS / f"{language}.json").read_bytes()).items():
        assert text.strip(), name
        yield name, sorted(part.split("}")[0] for part in text.split("{")[1:])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_in_any_language(language: str) -> None:
    words, english = dict(said(language)), dict(said("en"))
    assert words == english
    wanted = {f"topic.{topic}{part}" for topic in topics_of(JOURNEYS) for part in ("", ".line")}
    wanted |= {f"why.{journey}" for journey in JOURNEYS}
    assert wanted <= words.keys()


def test_pages_speak_what_mails_speak() -> None:
    assert set(LANGUAGES) == set(languages_of())
