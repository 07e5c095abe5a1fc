"""Every template with every sample in each of its languages: what holds for each mail, whoever it goes to."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from mail.context import TEMPLATES, RenderContext, samples
from mail.preview import MADE_FOR
from mail.render import SUFFIX, Body, Templates

GMAIL_CLIP = 102_000  # bytes of HTML after which Gmail cuts a mail off

NEEDS_NO_SAMPLE = {"logo_url", "logo_width", "images", "cart_path", "stories_url", "comparison_url", "demo_url"}

templates = Templates(TEMPLATES)
SAMPLES = samples()
EACH = pytest.mark.parametrize("name", templates.names())


class Made(NamedTuple):
    body: Body
    context: RenderContext
    page: LexborHTMLParser


@cache
def rendered(name: str, sample: str, language: str | None = None) -> Made:
    context = SAMPLES[sample]
    if language is not None:
        context = context.model_copy(update={"customer": context.customer.model_copy(update={"locale": language})})
    body = templates.render(name, context)
    return Made(body, context, LexborHTMLParser(body.html))


def everyones(name: str) -> Iterator[Made]:
    """The mail of each sample customer, in their own language; and what the fullest would read in the others."""
    for sample in SAMPLES:
        yield rendered(name, sample)
    for language in templates.languages(name):
        yield rendered(name, MADE_FOR, language)


def is_owed(name: str) -> bool:
    return 'extends "layout_transactional.mjml.j2"' in (TEMPLATES / f"{name}{SUFFIX}").read_text()


def test_names_all_templates_and_no_partials() -> None:
    names = templates.names()
    assert {"cart/reminder", "post_purchase/confirmation"} <= set(names)
    assert not [name for name in names if name.startswith(("partials/", "samples/"))]
    assert list(names) == sorted(names)


def test_samples_cover_the_hard_cases() -> None:
    contexts = SAMPLES.values()
    assert {context.customer.first_name is None for context in contexts} == {True, False}
    assert {context.customer.vip for context in contexts} == {True, False}
    assert {context.offer.kind.value if context.offer else "" for context in contexts} > {"discount", "free shipping"}
    assert {len(context.cart.lines) > 1 for context in contexts} == {True, False}
    assert any(not line.name and not line.image_url for context in contexts for line in context.cart.lines)
    assert any("\u0600" < letter < "\u06ff" for context in contexts for letter in context.customer.first_name or "")


def test_samples_fill_every_field_somewhere() -> None:
    for part in ("customer", "shop", "about", "offer"):
        values = [getattr(context, part) for context in SAMPLES.values() if getattr(context, part)]
        never = [
            field
            for field, described in type(values[0]).model_fields.items()
            if all(getattr(value, field) == described.get_default() for value in values)
        ]
        assert set(never) <= {
            "logo_url",
            "logo_width",
            "images",
            "cart_path",
            "stories_url",
            "comparison_url",
            "demo_url",
        }
    everything = SAMPLES[MADE_FOR]
    assert all(getattr(everything, field) for field in type(everything).model_fields)


@EACH
def test_mail_has_subject_and_preheader_that_fit(name: str) -> None:
    for body, _, _ in everyones(name):
        assert 0 < len(body.subject) <= 65
        assert 0 < len(body.preheader) <= 110
        assert "\n" not in body.subject + body.preheader
        assert not re.search(r"&(amp|lt|gt|#\d+);", body.subject)


@EACH
def test_mail_asks_for_one_thing_only(name: str) -> None:
    for _, _, page in everyones(name):
        assert len(page.css(".cta a[href]")) == 1


@EACH
def test_mail_is_accessible(name: str) -> None:
    for _, context, page in everyones(name):
        root = page.css_first("html")
        assert root is not None
        reads = context.customer.language
        assert root.attributes["lang"] == (reads if reads in templates.languages(name) else "en")
        assert len(page.css("h1")) == 1
        assert all((image.attributes.get("alt") or "").strip() for image in page.css("img"))
        assert all(link.text(strip=True) or link.css("img[alt]") for link in page.css("a"))
        data = page.css("table.compare")  # the one table that holds data, and says what stands where
        assert all(table.css("th[scope]") for table in data)
        assert len(page.css("table")) == len(page.css("table[role=presentation]")) + len(data)


@EACH
def test_mail_says_who_writes_and_how_to_leave(name: str) -> None:
    for body, context, page in everyones(name):
        leaves = [link for link in page.css("a") if link.attributes["href"] == context.unsubscribe_url]
        assert len(leaves) == (0 if is_owed(name) else 1)
        assert (context.unsubscribe_url in body.text) == (not is_owed(name))
        for shown in (page.body.text() if page.body else "", body.text):
            assert context.shop.postal_address in shown


@EACH
def test_mail_loads_nothing_but_product_pictures(name: str) -> None:
    for body, context, page in everyones(name):
        lines = [*context.cart.lines, *(context.order.lines if context.order else ()), *context.recommendations]
        lines += [*context.alternatives, *context.new_arrivals, *context.bestsellers]
        lines += [context.focus] if context.focus else []
        assert {image.attributes["src"] for image in page.css("img")} <= {line.image_url for line in lines}
        assert not page.css("link, script, iframe, form")
        assert "url(" not in body.html
        assert "@import" not in body.html
        assert len(body.html.encode()) < GMAIL_CLIP


@EACH
def test_mail_leads_only_to_absolute_addresses(name: str) -> None:
    for _, _, page in everyones(name):
        for link in page.css("a"):
            assert urlsplit(link.attributes["href"] or "").scheme in {"https", "mailto"}


@EACH
def test_mail_shows_data_as_text_and_nothing_unfinished(name: str) -> None:
    for body, _, page in everyones(name):
        assert not page.css("b")  # a product of the samples is called "<b>…</b>"
        for shown in (body.subject, body.preheader, body.text, page.body.text() if page.body else ""):
            assert "None" not in shown
            assert "undefined" not in shown.lower()
            assert not re.search(r"(Hello|Guten Tag)\s+,|\s,|\(\)", shown)


@EACH
def test_text_body_stands_alone(name: str) -> None:
    for body, _, page in everyones(name):
        action = page.css_first(".cta a")
        assert action is not None
        assert f"{action.text(strip=True)} <{action.attributes['href']}>" in body.text
        assert body.preheader not in body.text
        assert "\n\n\n" not in body.text


@EACH
def test_mail_is_written_in_german_too(name: str) -> None:
    assert templates.languages(name) == ("en", "de")
    english, german = (rendered(name, "everything", language) for language in ("en-GB", "de-DE"))
    assert english.body.subject != german.body.subject
    assert english.body.preheader != german.body.preheader
    assert "Hello" not in german.body.text


def test_cart_mail_lists_what_lies_in_the_cart() -> None:
    body, context, _ = rendered("cart/reminder", "with_offer")
    for line in context.cart.lines:
        assert line.name in body.text
    assert "$148.00" in body.text
    assert "Quantity 2 | $42.00" in body.text


def test_german_mail_writes_prices_and_days_the_german_way() -> None:
    body, _, _ = rendered("cart/last_call", "german_customer")
    assert "349,00 €" in body.text
    assert "Gültig bis einschließlich Samstag, 5. Dezember" in body.text
    assert "LICHT-93KD" in body.text


def test_long_cart_is_cut_short_and_says_so() -> None:
    body, context, _ = rendered("cart/reminder", "vip_many_items")
    assert f"and {len(context.cart.lines) - 5} more" in body.text


def test_valued_carts_get_answers_and_the_best_customers_a_person() -> None:
    vip, valued, other = (
        rendered("cart/reminder", sample).body for sample in ("vip_many_items", "with_offer", "new_shopper")
    )
    assert "With kind regards" in vip.text
    assert "Returns" in valued.text
    assert "Returns" not in other.text


def test_confirmation_lists_every_line_and_the_total() -> None:
    body, context, _ = rendered("post_purchase/confirmation", "vip_many_items")
    assert context.order is not None
    for line in context.order.lines:
        assert line.name in body.text
    assert f"Total | US${context.order.total:,.2f}" in body.text
    assert context.order.order_id in body.subject


def test_owed_mail_says_why_it_was_sent() -> None:
    confirmation, webinar = (
        rendered(name, MADE_FOR).body for name in ("post_purchase/confirmation", "webinar/confirmation")
    )
    assert "because you ordered from Lumen & Loft" in confirmation.text
    assert "something you ordered, booked or subscribed to" in webinar.text


def test_first_order_is_told_what_a_later_one_knows() -> None:
    first, later = (rendered("post_purchase/confirmation", sample).body for sample in ("everything", "vip_many_items"))
    assert "If you change your mind" in first.text
    assert "If you change your mind" not in later.text


def test_last_call_shows_an_offer_only_where_there_is_one() -> None:
    with_offer, _, _ = rendered("cart/last_call", "with_offer")
    without, _, _ = rendered("cart/last_call", "new_shopper")
    assert "10% off" in with_offer.subject
    assert "NOOR-7Q2X" in with_offer.text
    assert "Valid through Friday, December 4." in with_offer.text
    assert "off" not in without.subject
    assert "code" not in without.text


def test_reviews_are_quoted_and_never_made_up() -> None:
    quoted, context, _ = rendered("cart/social_proof", "vip_many_items")
    silent, _, _ = rendered("cart/social_proof", "new_shopper")
    assert all(review.quote in quoted.text for review in context.reviews)
    assert f"{context.reviews[0].rating} of 5" in quoted.text
    assert "“" not in silent.text
