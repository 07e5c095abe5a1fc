"""Libraries for browsers, as they are shipped, in a real one, on a page of another origin than the collector's.

Nothing but the page's own files and the collector may be asked: what a library would load from elsewhere, it must not.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, async_playwright

from domain.event import PRODUCT_ADDED, PRODUCT_VIEWED, Event, EventType
from domain.write_key import Scope
from starter.collector.committer import Committer
from storage.customers import Customers
from storage.database import Database
from storage.write_keys import WriteKeys
from tests.clients.recovering import RecoveringCommitter
from tests.starter.collectors import make_collector, served, stored_events

PATIENCE = 30
UMD = {
    "@segment/analytics-next": "dist/umd/index.js",
    "@segment/analytics-next, batching with credentials": "dist/umd/index.js",
    "@segment/analytics-next, snippet": "dist/umd/standalone.js",
    "@customerio/cdp-analytics-browser": "dist/umd/index.js",
    "@ht-sdks/events-sdk-js-browser": "dist/umd/index.js",
    "@rudderstack/analytics-js": "dist/npm/legacy/bundled/umd/index.js",
    "@rudderstack/analytics-js, beacon": "dist/npm/legacy/bundled/umd/index.js",
}

_SEGMENT = "window.client = AnalyticsNext.AnalyticsBrowser.load({writeKey: key, cdnURL: url}, {integrations: %s});"
_RUDDER = """
window.client = new rudderanalytics.RudderAnalytics();
client.load(key, url, {configUrl: url, useBeacon: %s});
new Promise((resolve) => client.ready(resolve));
"""

LOADING = {
    "@segment/analytics-next": _SEGMENT % "{}",
    "@segment/analytics-next, batching with credentials": _SEGMENT
    % """{"Segment.io": {deliveryStrategy: {strategy: "batching", config: {
        size: 3, timeout: 100, credentials: "include",
        headers: {"Content-Type": "text/plain", "X-Requested-With": "shop"},
    }}}}""",
    "@segment/analytics-next, snippet": """
        new Promise((resolve) => window.analytics.ready(resolve)).then(() => { window.client = window.analytics; });""",
    "@customerio/cdp-analytics-browser": """
        window.client = AnalyticsNext.AnalyticsBrowser.load({writeKey: key, cdnURL: url + "/customerio"});""",
    "@ht-sdks/events-sdk-js-browser": """
        window.client = HtEvents.HtEventsBrowser.load(
            {writeKey: key}, {apiHost: new URL(url).host, protocol: "http"});""",
    "@rudderstack/analytics-js": _RUDDER % "false",
    "@rudderstack/analytics-js, beacon": _RUDDER % "true",
}

CALLS = """
(async () => {
    await client.page("Docs", "Pricing", {url: "/pricing"});
    if (client.alias) await client.alias("anna");
    await client.identify("anna", {email: "anna@shop.example", first_name: "Anna"});
    await client.track("Product Added", {product_id: "boots", price: "120.50", quantity: 2});
    if (client.screen) await client.screen("Cart");
    await client.group("acme", {plan: "pro"});
    for (let number = 0; number < 10; number += 1) client.track("Product Viewed", {number, name: "Ångström ☂"});
})()
"""

HAVE_NO = {
    "@rudderstack/analytics-js": {EventType.SCREEN},
    "@rudderstack/analytics-js, beacon": {EventType.SCREEN},
}


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *said: Any) -> None:
        pass


@pytest.fixture(scope="session")
def site(node_clients: Path) -> Iterator[str]:
    """A web site with the libraries; yields its address, an origin of its own."""
    (node_clients / "shop.html").write_text("<!doctype html><title>Shop</title><p>A shop.</p>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(node_clients)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@asynccontextmanager
async def opened(chromium: str, site: str, collector: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of the site, and the addresses elsewhere that it asked for in vain."""
    elsewhere: list[str] = []

    async def guard(route: Route) -> None:
        if route.request.url.startswith((site, collector)):
            await route.continue_()
        else:
            elsewhere.append(route.request.url)
            await route.abort()

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.route("**/*", guard)
        await page.goto(f"{site}/shop.html")
        yield page, elsewhere
        await browser.close()


async def load(page: Page, name: str, collector: str, key: str) -> None:
    """Load a library as its makers say, with nothing changed but addresses and key."""
    package, _, variant = name.partition(", ")
    address = f"/node_modules/{package}/{UMD[name]}"
    await page.evaluate(f"window.url = {collector!r}; window.key = {key!r};")
    if variant == "snippet":
        await page.evaluate(_SNIPPET)
    await page.add_script_tag(url=address)
    await page.evaluate(LOADING[name])


_SNIPPET = """
// What Segment's snippet leaves in the page before the library comes.
window.analytics = [];
window.analytics._writeKey = key;
window.analytics._cdn = url;
window.analytics._loadOptions = {};
for (const method of ["page", "identify", "track", "screen", "group", "alias", "ready"]) {
    window.analytics[method] = (...args) => { window.analytics.push([method, ...args]); };
}
"""


async def arrived(database: Database, count: int) -> list[Event]:
    """What is stored, once there is so much."""
    async with asyncio.timeout(PATIENCE):
        while len(stored := await stored_events(database)) < count:  # noqa: ASYNC110 another process stores them
            await asyncio.sleep(0.05)
    return [each.event for each in stored]


@pytest.fixture
async def key(sqlite_database: Database) -> str:
    """A key as it may stand in a page."""
    async with sqlite_database.transaction() as session:
        _, made = await WriteKeys(session).create("the site", [Scope.BROWSER], datetime.now(UTC))
    return made


@pytest.mark.parametrize("name", UMD)
async def test_all_calls_of_the_library_arrive(
    sqlite_database: Database, chromium: str, site: str, key: str, name: str
) -> None:
    kinds = set(EventType) - HAVE_NO.get(name, set())
    collector = make_collector(sqlite_database)
    async with served(collector) as url, opened(chromium, site, url) as (page, elsewhere):
        await load(page, name, url, key)
        await page.evaluate(CALLS)
        if name.endswith("beacon"):
            await page.goto("about:blank")  # it sends by then at the latest
        events = await arrived(sqlite_database, len(kinds) + 10)

    assert elsewhere == []
    assert {event.type for event in events} == kinds
    views = [event for event in events if event.name == PRODUCT_VIEWED]
    assert sorted(event.properties["number"] for event in views) == list(range(10))
    assert {event.properties["name"] for event in views} == {"Ångström ☂"}
    [seen] = [event for event in events if event.type is EventType.PAGE]
    assert seen.anonymous_id
    [added] = [event for event in events if event.name == PRODUCT_ADDED]
    assert added.user_id == "anna"
    async with sqlite_database.read() as session:
        anna = await Customers(session).get("anna")
    assert (anna.email, anna.first_name) == ("anna@shop.example", "Anna")
    assert [(line.product_id, line.price, line.quantity) for line in anna.cart.lines] == [("boots", 120.5, 2)]


async def test_a_word_of_consent_that_a_page_once_said_keeps_nobody_from_signing_in(
    sqlite_database: Database, chromium: str, site: str, key: str
) -> None:
    """The library keeps traits on the device, and says them again with each later identify."""
    said = ("{marketing_consent: true}", "{email: 'anna@shop.example'}")
    async with served(make_collector(sqlite_database)) as url, opened(chromium, site, url) as (page, _):
        await load(page, "@segment/analytics-next", url, key)
        await page.evaluate("client.track('Product Added', {product_id: 'boots'})")
        for traits in said:
            await page.evaluate(f"client.identify('anna', {traits})")
        kept = await page.evaluate("localStorage.getItem('ajs_user_traits')")
        events = await arrived(sqlite_database, 3)
    assert "marketing_consent" in kept  # else this proves nothing
    assert all("marketing_consent" not in event.properties for event in events)
    async with sqlite_database.read() as session:
        anna = await Customers(session).get("anna")
    assert (anna.email, len(anna.cart.lines)) == ("anna@shop.example", 1)


@pytest.mark.parametrize("name", ["@segment/analytics-next", "@rudderstack/analytics-js"])
async def test_an_outage_loses_and_doubles_nothing(
    sqlite_database: Database, chromium: str, site: str, key: str, name: str
) -> None:
    committer: Committer = RecoveringCommitter(sqlite_database)
    collector = make_collector(sqlite_database, committer=committer)
    async with served(collector) as url, opened(chromium, site, url) as (page, _):
        await load(page, name, url, key)
        await page.evaluate("for (let number = 0; number < 5; number += 1) client.track('Product Viewed', {number})")
        events = await arrived(sqlite_database, 5)
    assert sorted(event.properties["number"] for event in events) == list(range(5))


async def test_a_beacon_on_leaving_the_page_arrives(
    sqlite_database: Database, chromium: str, site: str, key: str
) -> None:
    leaving = """([url, key]) => addEventListener("pagehide", () => {
        const call = {writeKey: key, anonymousId: "visitor", event: "Product Viewed", properties: {}};
        navigator.sendBeacon(url + "/v1/track", new Blob([JSON.stringify(call)], {type: "text/plain"}));
    })"""
    async with served(make_collector(sqlite_database)) as url, opened(chromium, site, url) as (page, _):
        await page.evaluate(leaving, [url, key])
        await page.goto("about:blank")
        [event] = await arrived(sqlite_database, 1)
    assert (event.name, event.anonymous_id, event.user_id) == (PRODUCT_VIEWED, "visitor", None)
