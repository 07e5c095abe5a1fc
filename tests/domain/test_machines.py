"""Machines and people: who opened, who clicked, and why one thinks so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.machines import Contact, EarlierClick, clicked_by, opened_by

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"


def contact(agent: str | None = FIREFOX, after: float = 60.0, **fields: Any) -> Contact:
    """A request so many seconds after the hand-over."""
    return Contact(at=NOON + timedelta(seconds=after), handed_over_at=NOON, agent=agent, **fields)


@pytest.mark.parametrize(
    "by",
    [
        contact(),
        contact(IPHONE),
        contact("CUBOT_P30/Mozilla/5.0 (Linux; Android 9; CUBOT P30) AppleWebKit/537.36"),
        contact("Dalvik/2.1.0 (Linux; U; Android 14)"),
        contact("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)"),
        contact("Thunderbird/128.0"),
        contact(None),
        contact(after=8),
        contact(after=4),
        contact(after=-3600),
        Contact(at=NOON, agent=FIREFOX),
    ],
)
def test_a_person_is_a_person(by: Contact) -> None:
    assert opened_by(by) is None
    assert clicked_by(by, "1") is None


@pytest.mark.parametrize("agent", [GMAIL, YAHOO])
@pytest.mark.parametrize("address", ["66.249.93.1", None])
def test_a_proxy_that_loads_for_its_reader_is_the_reader(agent: str, address: str | None) -> None:
    assert opened_by(contact(agent, address=address)) is None
    assert opened_by(contact(agent, after=0.5)) is None


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        (contact("Mozilla/5.0", address="104.28.39.71"), "apple mail privacy protection"),
        (contact(IPHONE, address="17.58.98.1"), "apple mail privacy protection"),
        (contact(flagged="apple mail privacy protection"), "apple mail privacy protection"),
        (contact("Barracuda Sentinel (EE)"), "scanner (by its name)"),
        (contact(""), "scanner (no user agent)"),
        (contact(after=0.4), "scanner (too quick)"),
        (contact(purpose="prefetch"), "prefetch"),
    ],
)
def test_a_machine_that_opens_is_told_with_its_reason(by: Contact, reason: str) -> None:
    assert opened_by(by) == reason


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        (contact("Mozilla/5.0"), "scanner (a browser without a name)"),
        (contact("python-requests/2.32.3"), "scanner (by its name)"),
        (contact("curl/8.5.0"), "scanner (by its name)"),
        (contact("Mozilla/5.0 (compatible; proofpoint-urldefense)"), "scanner (by its name)"),
        (contact("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), "scanner (by its name)"),
        (contact("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"), "scanner (by its name)"),
        (contact("Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/131.0"), "scanner (by its name)"),
        (contact(after=3.9), "scanner (too quick)"),
        (contact(after=-2), "scanner (too quick)"),
        (contact(flagged="scanner (says the provider)"), "scanner (says the provider)"),
    ],
)
def test_a_machine_that_clicks_is_told_with_its_reason(by: Contact, reason: str) -> None:
    assert clicked_by(by, "1") == reason


@pytest.mark.parametrize(
    ("earlier", "machine"),
    [
        ([], False),
        ([("0", 1.0)], False),  # a second tab
        ([("0", 1.0), ("0", 2.0), ("2", 2.0)], False),  # the same link twice is one
        ([("0", 1.0), ("1", 2.0)], True),
        ([("0", 1.0), ("1", 10.0)], False),
        ([("0", 9.0), ("1", 10.0)], False),
    ],
)
def test_whoever_follows_all_links_at_once_is_a_gateway(earlier: list[tuple[str, float]], machine: bool) -> None:
    by = contact(after=600)
    clicks = [EarlierClick(at=by.at - timedelta(seconds=before), link=link) for link, before in earlier]
    assert (clicked_by(by, "2", clicks) == "scanner (many links at once)") is machine


def test_a_click_from_apples_network_is_a_click() -> None:
    """Apple's proxies load pictures, and follow no link."""
    assert clicked_by(contact(address="17.58.98.1"), "1") is None
