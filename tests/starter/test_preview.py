"""`segue preview` and `segue send-test`: what they write, what they send, and what they refuse."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.customer import Cart, CartLine, Customer
from domain.errors import ConfigurationError, TemplateError, UnknownCustomerError
from mail.preview import PICTURES, Previews, as_seen
from starter.cli.preview import preview, send_test
from starter.inbox.mailbox import Letter
from starter.inbox.server import Inbox
from storage.customers import Customers
from storage.database import Database


@pytest.fixture
async def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Inbox]:
    inbox = Inbox(tmp_path / "mails", smtp_port=0, http_port=0)
    await inbox.start()
    monkeypatch.setenv("SEGUE_SMTP", inbox.smtp_url)
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SEGUE_SENDER", "Lumen & Loft <hello@shop.example>")
    yield inbox
    await inbox.stop()


def received(inbox: Inbox) -> list[Letter]:
    letters = [inbox.mailbox.letter(name) for name in inbox.mailbox.ids()]
    return [letter for letter in letters if letter is not None]


def test_preview_tells_subject_preheader_and_size(capsys: pytest.CaptureFixture[str]) -> None:
    preview("cart/last_call", sample="german_customer", text=True)
    said = capsys.readouterr().out
    assert "Subject    Zuletzt: versandkostenfrei für Sie" in said
    assert "Preheader  Gültig bis einschließlich Samstag, 5. Dezember." in said
    assert "kB of HTML" in said
    assert "Jetzt zur Kasse <https://shop.example/cart>" in said


def test_preview_writes_the_mail_with_pictures_that_can_be_seen(tmp_path: Path) -> None:
    out = tmp_path / "mail.html"
    preview("cart/reminder", language="de", dark=True, out=out)
    html = out.read_text()
    assert 'lang="de"' in html
    assert "@media all" in html
    assert f'src="{PICTURES.as_uri()}/lamp-05.png"' in html
    assert (PICTURES / "lamp-05.png").is_file()


def test_preview_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="there is no cart/nothing"):
        preview("cart/nothing")
    with pytest.raises(ConfigurationError, match="no sample 'nobody'; there are arabic_name, everything"):
        preview("cart/reminder", sample="nobody")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        preview("cart/reminder", out=tmp_path / "nowhere" / "mail.html")


def test_light_and_dark_are_what_is_asked_for_whatever_the_screen_prefers() -> None:
    html = Previews().body("cart/reminder").html
    assert "color-scheme: dark" in as_seen(html, dark=True)
    assert "color-scheme: light" in as_seen(html, dark=False)
    assert "light dark" not in as_seen(html, dark=True)


def test_previews_notice_a_changed_file(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "samples").mkdir()
    previews = Previews(tmp_path)
    assert previews.languages == {}
    (tmp_path / "test" / "one.mjml.j2").write_text("")
    (tmp_path / "test" / "one.de.mjml.j2").write_text("")
    previews.refresh()
    assert previews.languages == {"test/one": ("en", "de")}


async def test_test_mail_arrives_marked_and_with_both_bodies(inbox: Inbox) -> None:
    await send_test("cart/reminder", to="Me <me@shop.example>", sample="german_customer")
    [letter] = received(inbox)
    assert letter.subject == "[Test] Ihr Warenkorb ist gespeichert"
    assert letter.to == "Me <me@shop.example>"
    assert letter.sender == "Lumen & Loft <hello@shop.example>"
    assert "Lesesessel aus Eiche" in (letter.html or "")
    assert "Lesesessel aus Eiche" in (letter.text or "")
    assert "https://shop.example/cart" in letter.links


async def test_test_mail_goes_to_nobody_by_accident(inbox: Inbox) -> None:
    with pytest.raises(ConfigurationError, match=r"--to you@shop\.example"):
        await send_test("cart/reminder")
    with pytest.raises(ConfigurationError, match="one plain mail address"):
        await send_test("cart/reminder", to="me")
    with pytest.raises(ConfigurationError, match="not both"):
        await send_test("cart/reminder", to="me@shop.example", sample="everything", customer="anna")
    assert received(inbox) == []


async def test_test_mail_is_made_from_a_real_customers_facts(
    inbox: Inbox, sqlite_database: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGUE_DATABASE", sqlite_url)
    monkeypatch.setenv("SEGUE_TEMPORAL", "127.0.0.1:1")  # nobody there, and nobody needed
    seen = datetime(2026, 12, 1, tzinfo=UTC)
    cart = Cart(lines=(CartLine(product_id="lamp", name="Anna's Lamp", price=49),), changed_at=seen)
    anna = Customer(
        id="anna", email="anna@customer.example", first_name="Anna", cart=cart, first_seen_at=seen, last_seen_at=seen
    )
    async with sqlite_database.transaction() as session:
        customers = Customers(session)
        await customers.hold_or_create({anna.id: seen})
        await customers.save([anna])
    await send_test("cart/reminder", to="me@shop.example", customer="anna@customer.example")
    [letter] = received(inbox)
    assert letter.subject == "[Test] Anna, your cart is saved"
    assert letter.to == "me@shop.example"
    assert "Anna's Lamp" in (letter.text or "")
    with pytest.raises(UnknownCustomerError, match="nobody is known as 'berta'"):
        await send_test("cart/reminder", to="me@shop.example", customer="berta")


async def test_test_mail_that_cannot_be_sent_says_why(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    await inbox.stop()
    with pytest.raises(ConfigurationError, match=r"the test to me@shop\.example was not sent: .*cannot be used"):
        await send_test("cart/reminder", to="me@shop.example")
    monkeypatch.delenv("SEGUE_SMTP")
    with pytest.raises(ConfigurationError, match="set SEGUE_SMTP or SEGUE_PROVIDER"):
        await send_test("cart/reminder", to="me@shop.example")
