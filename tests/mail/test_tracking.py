"""Tracked links: every web link goes over the collector, and nothing else changes."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from mail.context import TEMPLATES, samples
from mail.render import Templates
from mail.tracking import Campaign, Tracked, track

CAMPAIGN = Campaign(journey="cart-recovery", step="reminder & more")
UTM = "utm_source=segue&utm_medium=email&utm_campaign=cart-recovery&utm_content=reminder+%26+more"
LEAVE = "https://mail.shop.example/u/token"


def tracked(html: str, text: str = "") -> Tracked:
    return track(
        html, text, campaign=CAMPAIGN, link=lambda index: f"https://mail.shop.example/c/{index}", untouched={LEAVE}
    )


def hrefs(html: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', html)


def test_links_are_numbered_in_order_and_same_targets_share_a_number() -> None:
    result = tracked(
        '<a href="https://a.example/1">1</a><a href="HTTP://b.example">2</a><a href="https://a.example/1">1 again</a>',
        "see <https://a.example/1> and https://c.example/x.",
    )
    assert [link.rpartition("/")[2] for link in hrefs(result.html)] == ["0", "1", "0"]
    assert result.text == "see <https://mail.shop.example/c/0> and https://mail.shop.example/c/2."
    assert [urlsplit(target).netloc for target in result.targets] == ["a.example", "b.example", "c.example"]


def test_other_links_are_left_alone() -> None:
    untouched = [LEAVE, "mailto:help@shop.example", "tel:+1555", "#top", "/relative", "https://[bad", "https://"]
    html = "".join(f'<a href="{address}">x</a>' for address in untouched)
    result = tracked(html, f"leave: <{LEAVE}>")
    assert hrefs(result.html) == untouched
    assert result.text == f"leave: <{LEAVE}>"
    assert result.targets == ()


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("https://a.example", f"https://a.example?{UTM}"),
        ("https://a.example/p?sig=a%20b%2F&flag#top", f"https://a.example/p?sig=a%20b%2F&flag&{UTM}#top"),
        (
            "https://a.example/?utm_source=own&utm_content=",
            "https://a.example/?utm_source=own&utm_content=&utm_medium=email&utm_campaign=cart-recovery",
        ),
    ],
)
def test_target_gets_utm_and_keeps_what_it_had(address: str, target: str) -> None:
    assert tracked(f'<a href="{address.replace("&", "&amp;")}">x</a>').targets == (target,)
    assert tracked("", address).targets == (target,)


def test_tracked_link_carries_no_target() -> None:
    assert "a.example" not in tracked('<a href="https://a.example/next?to=evil">x</a>').html


@pytest.mark.parametrize("name", Templates(TEMPLATES).names())
def test_real_mail_keeps_outlooks_comments_and_its_words(name: str) -> None:
    context = samples()["with_offer"]
    body = Templates(TEMPLATES).render(name, context)
    result = track(
        body.html,
        body.text,
        campaign=CAMPAIGN,
        link=lambda index: f"https://mail.shop.example/c/{index}",
        untouched={context.unsubscribe_url},
    )
    comments = re.compile(r"<!--\[if.*?-->|<!--<!\[endif\]-->", re.DOTALL)
    assert comments.findall(body.html)
    assert comments.findall(result.html) == comments.findall(body.html)
    links = re.compile(r'href="[^"]*"')
    assert links.sub("", result.html) == links.sub("", LexborHTMLParser(body.html).html or "")
    for link in hrefs(result.html):
        assert link.startswith(("https://mail.shop.example/", "mailto:"))
    assert "https://shop.example" not in result.text
    assert all(parse_qs(urlsplit(target).query)["utm_content"] == [CAMPAIGN.step] for target in result.targets)
