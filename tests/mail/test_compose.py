"""The bytes of a mail, read back by the standard library's parser and by eye."""

import email
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mail.compose import InvalidHeaderError, Outgoing, compose, envelope_address

OUTGOING = Outgoing(
    sender="Lumen & Loft <hello@shop.example>",
    to="anna@customer.example",
    subject="Your cart is saved",
    html="<p>Grüße</p>\n",
    text="Grüße\n.\nFrom here\n",
    message_id="<m123@shop.example>",
    unsubscribe_url="https://mail.shop.example/u/" + "Token-_." * 40,
    date=datetime(2026, 12, 4, 9, 30, tzinfo=UTC),
)


def changed(**fields: object) -> Outgoing:
    return OUTGOING.model_copy(update=fields)


def parsed(outgoing: Outgoing) -> EmailMessage:
    return email.message_from_bytes(compose(outgoing), policy=policy.default)


def test_mail_has_both_bodies_plain_first() -> None:
    message = parsed(OUTGOING)
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part["Content-Transfer-Encoding"] for part in parts] == ["quoted-printable"] * 2
    assert [part.get_content_charset() for part in parts] == ["utf-8"] * 2
    contents = [part.get_content().replace("\r\n", "\n") for part in parts if isinstance(part, EmailMessage)]
    assert contents == [OUTGOING.text, OUTGOING.html]


def test_headers_say_what_was_asked() -> None:
    message = parsed(changed(reply_to="Help <help@shop.example>"))
    assert message["From"] == "Lumen & Loft <hello@shop.example>"
    assert message["To"] == "anna@customer.example"
    assert message["Reply-To"] == "Help <help@shop.example>"
    assert message["Subject"] == OUTGOING.subject
    assert message["Message-ID"] == "<m123@shop.example>"
    assert message["Date"].datetime == OUTGOING.date
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_long_list_unsubscribe_stays_on_one_line_unencoded() -> None:
    assert f"\r\nList-Unsubscribe: <{OUTGOING.unsubscribe_url}>\r\n".encode() in compose(OUTGOING)


def test_long_message_id_stays_on_one_line_unencoded() -> None:
    long = f"<m{'0' * 120}@shop.example>"
    assert f"\r\nMessage-ID: {long}\r\n".encode() in compose(changed(message_id=long))


def test_transactional_mail_offers_no_unsubscribe() -> None:
    message = parsed(changed(unsubscribe_url=None))
    assert message["List-Unsubscribe"] is None
    assert message["List-Unsubscribe-Post"] is None


def test_same_mail_gives_same_bytes() -> None:
    assert compose(OUTGOING) == compose(OUTGOING)
    assert compose(OUTGOING) != compose(changed(message_id="<m124@shop.example>"))


def test_lines_end_in_crlf_and_bodies_are_short_ascii() -> None:
    raw = compose(changed(html="ü" * 3000, text="long " * 500, subject="Grüße " * 30))
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    too_long = [line for line in raw.split(b"\r\n") if len(line) > 78 and not line.startswith(b"List-Unsubscribe")]
    assert too_long == []


def test_encoded_words_of_a_long_subject_are_legal() -> None:
    subject = "Über größere Bestellungen freuen wir uns: 日本製の手作り茶碗 und mehr 🎁 " * 3
    raw = compose(changed(subject=subject.strip()))
    words = [word for word in raw.split() if word.startswith(b"=?")]
    assert words
    assert all(len(word) <= 75 for word in words)  # RFC 2047, 2
    assert parsed(changed(subject=subject.strip()))["Subject"] == subject.strip()


@pytest.mark.parametrize("header", ["sender", "to", "reply_to", "subject", "message_id", "unsubscribe_url"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0", "\x85", "\u2028"])
def test_header_injection_is_refused(header: str, break_: str) -> None:
    evil = f"{getattr(OUTGOING, header) or 'help@shop.example'}{break_}Bcc: everyone@shop.example"
    with pytest.raises(InvalidHeaderError, match="line breaks and control characters"):
        compose(changed(**{header: evil}))


@pytest.mark.parametrize(
    "address",
    ["", "anna", "a@b@c", "a@x.test, b@x.test", "jörg@customer.example", "<>", "a b@x.example", "@x.example"],
)
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidHeaderError, match="To: not one plain mail address"):
        compose(changed(to=address))


@pytest.mark.parametrize("message_id", ["m123@shop.example", "<m123@shop.example", "<a> <b>", "<ü@shop.example>", ""])
def test_message_id_must_be_one_in_angle_brackets(message_id: str) -> None:
    with pytest.raises(InvalidHeaderError, match="Message-ID: not one ASCII value in angle brackets"):
        compose(changed(message_id=message_id))


def test_unsubscribe_url_that_no_line_can_hold_is_refused() -> None:
    with pytest.raises(InvalidHeaderError, match="longer than 998"):
        compose(changed(unsubscribe_url="https://mail.shop.example/u/" + "x" * 1000))


@given(subject=st.text(max_size=120))
@example(subject="0000" + "\u0800" * 26 + " \xa1 \xa0")
def test_any_subject_is_either_refused_or_stays_one_header(subject: str) -> None:
    try:
        raw = compose(changed(subject=subject))
    except InvalidHeaderError:
        return
    read = email.message_from_bytes(raw, policy=policy.default)["Subject"]
    assert read.split() == subject.split()
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert names == [
        b"From",
        b"To",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"List-Unsubscribe",
        b"List-Unsubscribe-Post",
        b"MIME-Version",
        b"Content-Type",
    ]


def test_long_name_of_a_sender_keeps_its_blanks() -> None:
    name = "Gebrüder Größenwahn & Töchter: Feinkost, Käse und Köstlichkeiten"
    raw = compose(changed(sender=f'"{name}" <hello@shop.example>'))
    written = raw.partition(b"\r\nTo:")[0].removeprefix(b"From: ").replace(b"\r\n", b"").decode()
    assert all(len(line) <= 76 for line in raw.partition(b"\r\nTo:")[0].split(b"\r\n"))
    assert str(make_header(decode_header(written))) == f"{name} <hello@shop.example>"


def test_envelope_address_is_bare() -> None:
    assert envelope_address("Lumen & Loft <hello@shop.example>") == "hello@shop.example"
