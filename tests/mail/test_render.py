"""The renderer: what it refuses, and how it says so."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.customer import Cart, CartLine
from domain.offer import OfferKind
from mail.context import TEMPLATES, Offer, Recipient, Shop
from mail.render import Templates
from mail.sandbox import web_address
from tests.mail.scratch import SHOP, context, problem, write


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ customer.nickname }}", "test/one.mjml.j2, line 1: "),
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{{ 'a' * 1000000000 }}", "numbers only"),
        ("{{ 2 ** 100000 }}", "numbers only"),
        ("{{ '%9999999999d' % 1 }}", "numbers only"),
        ("{{ customer.first_name.ljust(1000000000) }}", "unsafe"),
        ("{{ customer.model_dump() }}", "unsafe"),
        ("{{ customer.__class__.__mro__ }}", "unsafe"),
        ("{{ '<b>' | safe }}", "No filter named 'safe'"),
        ("{% for a in range(90000) %}aaaaaaaaaa{% endfor %}", "more than 400,000 characters"),
        ("{% for a in range(9000000) %}{% endfor %}", "Range too big"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% if %}", "test/one.mjml.j2, line 1: "),
        ("</mj-text><mj-social></mj-social><mj-text>", "<mj-social> is not allowed in a mail"),
        ("</mj-text><mj-sektion /><mj-text>", "<mj-sektion> is not allowed in a mail"),
        ("<script>alert(1)</script>", "<script> is not allowed in a mail"),
        ("<mj-section></mj-section>", "<mj-section> cannot stand in <mj-text>"),
        ("</mj-text><mj-section></mj-section><mj-text>", "<mj-section> cannot stand in <mj-column>"),
        ("</mj-text><p>stray</p><mj-text>", "<p> cannot stand in <mj-column>"),
        ("</mj-column>", "</mj-column> closes what is not open"),
        ("<p>never closed", "not valid MJML"),
    ],
)
def test_render_refuses_and_says_why(folder: Path, text: str, says: str) -> None:
    said = problem(write(folder, text))
    assert said.startswith("test/one: ")
    assert says in said


@pytest.mark.parametrize("name", ["test/missing", "../secret", "/etc/passwd", "test/one.de", "test//one", ""])
def test_render_refuses_what_is_no_template(folder: Path, name: str) -> None:
    assert name in problem(write(folder), name)


def test_render_wants_subject_and_preheader(folder: Path) -> None:
    assert "block subject is empty" in problem(write(folder, subject=" "))
    assert "block preheader is empty" in problem(write(folder, preheader="{# none #}"))


def test_subject_is_plain_text_on_one_line(folder: Path) -> None:
    templates = write(folder, subject="Tom &amp; {{ customer.first_name }}\n again")
    subject = templates.render("test/one", context("O'Brien <x>\r\nBcc: all@shop.example\x00 &amp;")).subject
    assert subject == "Tom & O'Brien <x> Bcc: all@shop.example &amp; again"


def test_translation_takes_the_place_of_the_default(folder: Path) -> None:
    write(folder, "Hallo", name="test/one.de")
    templates = write(folder, "Hello")
    assert templates.names() == ("test/one",)
    german, other = (templates.render("test/one", context(locale=locale)) for locale in ("de-AT", "fr"))
    assert (german.text, other.text) == ("Hallo\n", "Hello\n")
    assert 'lang="de"' in german.html
    assert 'lang="en"' in other.html


SHIPPED = Templates(TEMPLATES)


@given(name=st.text(max_size=80), product=st.text(max_size=80))
def test_render_takes_any_text_as_text(name: str, product: str) -> None:
    line = CartLine(product_id="p", name=product, price=1)
    given_context = context(name).model_copy(update={"cart": Cart(lines=(line,))})
    body = SHIPPED.render("cart/deeper", given_context)
    assert len(body.subject) <= 60
    assert len(body.subject.splitlines()) == 1
    assert body.html.count("<h1") == 1
    assert "<script" not in body.html


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1"),
        ("javascript:alert(1)", "default"),
        ("JaVaScRiPt://a.example/%0aalert(1)", "default"),
        ("data:text/html,x", "default"),
        ("/p/1", "default"),
        ("https://", "default"),
        ("https://[bad", "default"),
        ("", "default"),
    ],
)
def test_web_address_passes_on_web_addresses_only(address: str, expected: str) -> None:
    assert web_address(address, "default") == expected


def test_context_refuses_what_would_mislead() -> None:
    with pytest.raises(ValidationError, match="a discount needs percent"):
        Offer(kind=OfferKind.DISCOUNT)
    with pytest.raises(ValidationError, match="leave it out"):
        Offer(kind=OfferKind.NOTHING)
    with pytest.raises(ValidationError):
        Shop(name="Lumen", url="javascript:alert(1)", postal_address="x", support_email="a@shop.example")


@pytest.mark.parametrize(
    ("locale", "language"), [(None, "en"), ("pt_BR", "pt"), ("DE", "de"), ("", "en"), ("../x", "en")]
)
def test_language_is_the_first_part_of_the_locale(locale: str | None, language: str) -> None:
    assert Recipient(locale=locale).language == language


def test_cart_is_found_below_the_shop() -> None:
    assert SHOP.cart_url == "https://shop.example/cart"
    assert SHOP.model_copy(update={"cart_path": "checkout/basket"}).cart_url == "https://shop.example/checkout/basket"
