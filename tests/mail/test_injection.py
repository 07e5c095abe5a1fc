"""What strangers are called, and what they buy, goes into mails as text: never as a header, a recipient or markup."""

import email
from datetime import UTC, datetime
from email import policy

import pytest

from domain.customer import Cart, CartLine
from domain.errors import ConfigurationError
from domain.event import Event, EventType
from domain.profile import read_profile, read_traits
from mail.compose import Outgoing, compose
from mail.context import TEMPLATES, samples
from mail.render import Templates
from settings import load_settings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEMPLATE = Templates(TEMPLATES)
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version"}

NAMES = [
    "Anna\r\nBcc: everyone@evil.example",
    "Anna\nBcc: everyone@evil.example",
    "Anna\rBcc: everyone@evil.example",
    "Anna\u2028Bcc: everyone@evil.example",
    "Anna\u0085Bcc: everyone@evil.example",
    "Anna\x00\x0b\x0cBcc: everyone@evil.example",
    "Anna%0d%0aBcc: everyone@evil.example",
    "=?utf-8?q?Anna=0D=0ABcc:_everyone=40evil.example?=",
    "Anna\r\n\r\n<script>alert(1)</script>",
    "</mj-text><mj-raw><script>alert(1)</script></mj-raw><mj-text>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "\u202eanna\u202c",
    "A" * 100_000,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_text_wherever_a_mail_shows_it(name: str) -> None:
    """From the call that reports it, over the template, to the bytes on the wire."""
    traits = {"firstName": name, "email": "anna@shop.example"}
    event = Event(
        message_id="m-1", type=EventType.IDENTIFY, name="identify", occurred_at=NOW, received_at=NOW, properties=traits
    )
    told = read_profile(event, read_traits(event))
    sample = samples()["everything"]
    lines = (CartLine(product_id="p", name=name, brand=name, category=name, price=1),)
    context = sample.model_copy(
        update={
            "customer": sample.customer.model_copy(update={"first_name": told.get("first_name")}),
            "cart": Cart(lines=lines),
        }
    )
    body = TEMPLATE.render("cart/reminder", context)
    raw = compose(
        Outgoing(
            sender="Lumen <hello@shop.example>",
            to=told["email"],
            subject=body.subject,
            html=body.html,
            text=body.text,
            message_id="<m1@shop.example>",
            unsubscribe_url="https://mail.shop.example/u/t",
            date=NOW,
        )
    )
    message = email.message_from_bytes(raw, policy=policy.default)
    assert set(message.keys()) == HEADERS | {"Content-Type"}
    assert message["To"] == "anna@shop.example"
    html = message.get_body(("html",))
    assert html is not None
    assert not any(evil in html.get_content() for evil in ("<script", "<img src=x", "49"))
    assert len(raw) < 100_000


@pytest.mark.parametrize(
    "address",
    [
        "anna@shop.example\r\nBcc: everyone@evil.example",
        "anna@shop.example, everyone@evil.example",
        "anna@shop.example\nRCPT TO:<everyone@evil.example>",
        "<anna@shop.example> SIZE=1",
        '"anna@evil.example"@shop.example',
        "anna@[127.0.0.1]",
        "anna@127.0.0.1",
    ],
)
def test_an_address_that_could_be_more_than_one_is_none(address: str) -> None:
    event = Event(
        message_id="m-1", type=EventType.IDENTIFY, name="identify", occurred_at=NOW, received_at=NOW, properties={}
    )
    assert "email" not in read_profile(event, {"email": address})


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x85", "\u2028"])
def test_a_senders_name_with_a_line_break_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, break_: str) -> None:
    monkeypatch.setenv("SEGUE_SENDER", f"Lumen{break_}Bcc: everyone@evil.example <hello@shop.example>")
    with pytest.raises(ConfigurationError, match="SEGUE_SENDER"):
        load_settings()
