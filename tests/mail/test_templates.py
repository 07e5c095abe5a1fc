"""Every template with every sample: what holds for each mail, whoever it goes to."""

import itertools
import re
from urllib.parse import urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from mail.context import TEMPLATES, RenderContext, samples
from mail.render import Body, Templates

TRANSACTIONAL = {"post_purchase/confirmation"}
GMAIL_CLIP = 102_000  # bytes of HTML after which Gmail cuts a mail off

templates = Templates(TEMPLATES)
SAMPLES = samples()
EACH = pytest.mark.parametrize(
    ("name", "sample"),
    [pytest.param(*pair, id="-".join(pair)) for pair in itertools.product(templates.names(), SAMPLES)],
)


def rendered(name: str, sample: str) -> tuple[Body, RenderContext, LexborHTMLParser]:
    context = SAMPLES[sample]
    body = templates.render(name, context)
    return body, context, LexborHTMLParser(body.html)


def test_names_all_templates_and_no_partials() -> None:
    names = templates.names()
    assert {"cart/reminder", "post_purchase/confirmation"} <= set(names)
    assert not [name for name in names if name.startswith(("partials/", "samples/"))]
    assert list(names) == sorted(names)


def test_samples_cover_the_hard_cases() -> None:
    contexts = SAMPLES.values()
    assert {context.customer.first_name is None for context in contexts} == {True, False}
    assert {bool(context.recommendations) for context in contexts} == {True, False}
    assert {context.offer is None for context in contexts} == {True, False}
    assert {len(context.cart.lines) > 1 for context in contexts} == {True, False}
    assert any(not line.name and not line.image_url for context in contexts for line in context.cart.lines)


@EACH
def test_mail_has_subject_and_preheader_that_fit(name: str, sample: str) -> None:
    body, _, _ = rendered(name, sample)
    assert 0 < len(body.subject) <= 60
    assert 0 < len(body.preheader) <= 110
    assert "\n" not in body.subject + body.preheader
    assert not re.search(r"&(amp|lt|gt|#\d+);", body.subject)


@EACH
def test_mail_asks_for_one_thing_only(name: str, sample: str) -> None:
    _, _, page = rendered(name, sample)
    assert len(page.css(".cta a[href]")) == 1


@EACH
def test_mail_is_accessible(name: str, sample: str) -> None:
    _, _, page = rendered(name, sample)
    root = page.css_first("html")
    assert root is not None
    assert root.attributes["lang"] == "en"
    assert len(page.css("h1")) == 1
    assert all((image.attributes.get("alt") or "").strip() for image in page.css("img"))
    assert all(link.text(strip=True) or link.css("img[alt]") for link in page.css("a"))
    assert all(table.attributes.get("role") == "presentation" for table in page.css("table"))


@EACH
def test_mail_says_who_writes_and_how_to_leave(name: str, sample: str) -> None:
    body, context, page = rendered(name, sample)
    leaves = [link for link in page.css("a") if link.attributes["href"] == context.unsubscribe_url]
    assert len(leaves) == (0 if name in TRANSACTIONAL else 1)
    assert (context.unsubscribe_url in body.text) == (name not in TRANSACTIONAL)
    for shown in (page.body.text() if page.body else "", body.text):
        assert context.shop.postal_address in shown


@EACH
def test_mail_loads_nothing_but_product_pictures(name: str, sample: str) -> None:
    body, context, page = rendered(name, sample)
    lines = (*context.cart.lines, *context.recommendations, *(context.order.lines if context.order else ()))
    assert {image.attributes["src"] for image in page.css("img")} <= {line.image_url for line in lines}
    assert not page.css("link, script, iframe, form")
    assert "url(" not in body.html
    assert "@import" not in body.html
    assert len(body.html.encode()) < GMAIL_CLIP


@EACH
def test_mail_leads_only_to_absolute_addresses(name: str, sample: str) -> None:
    _, _, page = rendered(name, sample)
    for link in page.css("a"):
        assert urlsplit(link.attributes["href"] or "").scheme in {"https", "mailto"}


@EACH
def test_mail_shows_data_as_text_and_nothing_unfinished(name: str, sample: str) -> None:
    body, _, page = rendered(name, sample)
    assert not page.css("b")  # a product of the samples is called "<b>…</b>"
    for shown in (body.subject, body.preheader, body.text, page.body.text() if page.body else ""):
        assert "None" not in shown
        assert "undefined" not in shown.lower()
        assert not re.search(r"Hello\s+,|\s,|\(\)", shown)


@EACH
def test_text_body_stands_alone(name: str, sample: str) -> None:
    body, _, page = rendered(name, sample)
    action = page.css_first(".cta a")
    assert action is not None
    assert f"{action.text(strip=True)} <{action.attributes['href']}>" in body.text
    assert body.preheader not in body.text
    assert "\n\n\n" not in body.text


def test_cart_mail_lists_what_lies_in_the_cart() -> None:
    body, context, _ = rendered("cart/reminder", "with_offer")
    for line in context.cart.lines:
        assert line.name in body.text
    assert "$148.00" in body.text
    assert "Quantity 2 | $28.00" in body.text


def test_long_cart_is_cut_short_and_says_so() -> None:
    body, context, _ = rendered("cart/reminder", "vip_many_items")
    assert f"and {len(context.cart.lines) - 5} more" in body.text


def test_confirmation_lists_every_line_and_the_total() -> None:
    body, context, _ = rendered("post_purchase/confirmation", "vip_many_items")
    assert context.order is not None
    for line in context.order.lines:
        assert line.name in body.text
    assert f"Total | ${context.order.total:,.2f}" in body.text
    assert context.order.order_id in body.subject


def test_last_call_shows_an_offer_only_where_there_is_one() -> None:
    with_offer, _, _ = rendered("cart/last_call", "with_offer")
    without, _, _ = rendered("cart/last_call", "new_shopper")
    assert "10% off" in with_offer.subject
    assert "NOOR-7Q2X at checkout. Valid through Friday, December 4." in with_offer.text
    assert "off" not in without.subject
    assert "code" not in without.text


def test_reviews_are_quoted_and_never_made_up() -> None:
    quoted, context, _ = rendered("cart/social_proof", "vip_many_items")
    silent, _, _ = rendered("cart/social_proof", "new_shopper")
    assert all(review.quote in quoted.text for review in context.reviews)
    assert "“" not in silent.text
