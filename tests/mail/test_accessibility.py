"""Every mail in a real browser: axe finds nothing in light or dark mode, and nothing is wider than a narrow phone.

What can be known without one, `mail.lint` looks at for every sample customer; this is for what a browser computes. It
needs Chromium or Chrome; without, its tests are skipped, but in CI (environment variable CI) they fail.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, ViewportSize, sync_playwright

from mail.lint.lint import Lint
from mail.lint.subject import Mail
from tests.browsers import require_browser
from tests.mail.accessibility import RULES

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800"><rect width="100%" height="100%"/></svg>'
CONTRAST = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}
"""What is not the same in dark mode."""

NARROW, WIDE = ViewportSize(width=320, height=800), ViewportSize(width=700, height=1000)
FULLEST, LONGEST = "vip_many_items", "long_names_and_scripts"

LINT = Lint()
EACH = pytest.mark.parametrize("name", sorted(LINT.names))


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One page for all mails. It reaches no network: every picture is a grey square."""
    found = require_browser("look at mails in one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport=WIDE)
        page.route("**/*", _picture)
        page.add_init_script(Axe().axe_script)
        page.goto("about:blank")
        yield page
        browser.close()


def _picture(route: Route) -> None:
    if route.request.resource_type == "image":
        route.fulfill(body=PICTURE, content_type="image/svg+xml")
    else:
        route.abort()


def mails(name: str, sample: str) -> list[Mail]:
    """A template for one sample customer, in all its languages."""
    return [mail for mail in LINT.mails(name) if mail.sample == sample]


def problems(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe finds, one line for each element."""
    violations = page.evaluate("options => axe.run(options).then(results => results.violations)", options)
    return [
        f"{found['id']}: {node['html']} {node['failureSummary']}" for found in violations for node in found["nodes"]
    ]


@EACH
def test_axe_finds_nothing_in_light_or_dark(page: Page, name: str) -> None:
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
    page.set_content(mails(name, FULLEST)[0].body.html)
    assert problems(page, RULES) == []
    page.emulate_media(color_scheme="dark")
    assert problems(page, CONTRAST) == []


@EACH
def test_nothing_is_wider_than_a_narrow_phone(page: Page, name: str) -> None:
    page.set_viewport_size(NARROW)
    for mail in mails(name, LONGEST):
        page.set_content(mail.body.html)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], mail.language


# -- the tests themselves: what they would find ------------------------------------------------------------------------

WRONG = """<html lang="en"><head><title>Wrong</title><meta name="color-scheme" content="light dark"><style>
p { width: 400px; color: #555; background: #fff }
@media (prefers-color-scheme: dark) { p { background: #222 } }
</style></head><body><p>Words</p><img src="https://shop.example/lamp.jpg"></body></html>"""


def test_axe_finds_what_is_wrong(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.set_content(WRONG)
    assert [line.partition(":")[0] for line in problems(page, RULES)] == ["image-alt"]
    page.emulate_media(color_scheme="dark")
    assert [line.partition(":")[0] for line in problems(page, CONTRAST)] == ["color-contrast"]


def test_what_is_too_wide_is_found(page: Page) -> None:
    page.set_viewport_size(NARROW)
    page.set_content(WRONG)
    assert page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]
