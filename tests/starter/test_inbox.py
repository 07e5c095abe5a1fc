"""The development inbox, end to end: mail in by SMTP, out over HTTP."""

import importlib
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from domain.errors import ConfigurationError
from mail.compose import Outgoing, compose
from mail.smtp import SmtpTransport
from mail.transport import Handover, Mail
from starter.inbox.mailbox import Mailbox
from starter.inbox.server import Inbox

UNSUBSCRIBE = "https://mail.shop.example/u/token"


HTML = '<html><head></head><body><a href="https://a.example">Go</a></body></html>'


def outgoing(number: int = 1, html: str = HTML) -> Mail:
    raw = compose(
        Outgoing(
            sender="Lumen <hello@shop.example>",
            to="anna@customer.example",
            subject=f"Grüße {number} <script>",
            html=html,
            text="Go <https://a.example>",
            message_id=f"<m{number}@shop.example>",
            unsubscribe_url=UNSUBSCRIBE,
            date=datetime(2026, 12, 4, 9, 30, tzinfo=UTC),
        )
    )
    sender, recipient = "bounce@shop.example", "anna@customer.example"
    return Mail(sender=sender, recipient=recipient, raw=raw, message_id=f"<m{number}@shop.example>", key=f"m{number}")


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[Inbox]:
    inbox = Inbox(tmp_path / "mails", smtp_port=0, http_port=0)
    await inbox.start()
    yield inbox
    await inbox.stop()


@pytest.fixture
async def http(inbox: Inbox) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=inbox.http_url) as client:
        yield client


async def send(inbox: Inbox, *mails: Mail) -> None:
    transport = SmtpTransport(inbox.smtp_url)
    try:
        for mail in mails:
            assert await transport.deliver(mail) is Handover.ACCEPTED
    finally:
        await transport.aclose()


async def test_mail_sent_is_mail_listed_in_order(inbox: Inbox, http: httpx2.AsyncClient) -> None:
    await send(inbox, *(outgoing(number) for number in range(1, 4)))
    listed = (await http.get("/api/messages")).json()
    assert [item["subject"] for item in listed] == [f"Grüße {number} <script>" for number in range(1, 4)]
    assert listed[0]["from"] == "Lumen <hello@shop.example>"
    assert listed[0]["to"] == "anna@customer.example"
    assert listed[0]["message_id"] == "<m1@shop.example>"
    assert datetime.fromisoformat(listed[0]["date"]) == datetime(2026, 12, 4, 9, 30, tzinfo=UTC)


async def test_one_mail_has_bodies_headers_and_links(inbox: Inbox, http: httpx2.AsyncClient) -> None:
    await send(inbox, outgoing())
    [item] = (await http.get("/api/messages")).json()
    letter = (await http.get(f"/api/messages/{item['id']}")).json()
    assert letter["text"].strip() == "Go <https://a.example>"
    assert "<a href" in letter["html"]
    assert letter["links"] == ["https://a.example"]
    headers = dict(letter["headers"])
    assert headers["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert headers["Return-Path"] == "<bounce@shop.example>"
    assert headers["Delivered-To"] == "anna@customer.example"


async def test_pages_show_the_mail_as_text_in_every_view(inbox: Inbox, http: httpx2.AsyncClient) -> None:
    await send(inbox, outgoing())
    [item] = (await http.get("/api/messages")).json()
    pages = [await http.get("/")]
    for view in ("html", "phone", "text", "headers", "source"):
        pages.append(await http.get(f"/messages/{item['id']}", params={"view": view}))  # noqa: PERF401 - awaits
    for page in pages:
        assert page.status_code == 200
        assert "Grüße 1 &lt;script&gt;" in page.text
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert f'src="/messages/{item["id"]}/body" sandbox="' in pages[1].text
    assert "Go &lt;https://a.example&gt;" in pages[3].text
    assert "List-Unsubscribe-Post" in pages[4].text
    assert "quoted-printable" in pages[5].text


async def test_the_list_has_room_for_subjects_on_a_phone(inbox: Inbox, http: httpx2.AsyncClient) -> None:
    await send(inbox, outgoing())
    page = (await http.get("/")).text
    narrow = page[page.index("@media (max-width: 480px)") :]
    assert ".subject, .people { white-space: normal;" in narrow


async def test_html_of_a_mail_can_do_nothing(inbox: Inbox, http: httpx2.AsyncClient) -> None:
    await send(inbox, outgoing(html="<html><head></head><body><script>alert(1)</script></body></html>"))
    [item] = (await http.get("/api/messages")).json()
    body = await http.get(f"/messages/{item['id']}/body")
    policy = body.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "allow-scripts" not in policy
    assert '<base target="_blank">' in body.text


async def test_clearing_leaves_nothing(inbox: Inbox, http: httpx2.AsyncClient) -> None:
    await send(inbox, outgoing())
    assert (await http.delete("/api/messages")).status_code == 204
    assert (await http.get("/api/messages")).json() == []
    assert "No mail yet" in (await http.get("/")).text
    await send(inbox, outgoing(2))
    assert (await http.post("/clear", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert len((await http.get("/api/messages")).json()) == 1
    assert (await http.post("/clear", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 303
    assert (await http.get("/api/messages")).json() == []


@pytest.mark.parametrize("name", ["..%2fsecret", "%2e%2e%2fsecret", "secret", "0" * 20, "0" * 19 + "%00", "٣" * 20])
async def test_only_ids_of_mails_lead_to_files(http: httpx2.AsyncClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.eml").write_text("Subject: secret\n\nsecret")
    for path in (f"/api/messages/{name}", f"/messages/{name}?view=source", f"/messages/{name}/body"):
        answer = await http.get(path)
        assert answer.status_code == 404
        assert "secret" not in answer.text


async def test_mails_survive_a_restart_in_order(tmp_path: Path) -> None:
    for number in range(1, 4):
        inbox = Inbox(tmp_path, smtp_port=0, http_port=0)
        await inbox.start()
        await send(inbox, outgoing(number))
        await inbox.stop()
    kept = Mailbox(tmp_path).summaries()
    assert [summary.message_id for summary in kept] == ["<m1@shop.example>", "<m2@shop.example>", "<m3@shop.example>"]


async def test_taken_port_is_an_error_and_holds_nothing(inbox: Inbox, tmp_path: Path) -> None:
    for smtp_port, http_port in ((inbox.smtp_port, 0), (0, inbox.http_port)):
        second = Inbox(tmp_path / "second", smtp_port=smtp_port, http_port=http_port)
        with pytest.raises(OSError, match=r"(?i)address already in use"):
            await second.start()
        await second.stop()


async def test_stopping_does_not_wait_for_idle_senders(inbox: Inbox) -> None:
    transport = SmtpTransport(inbox.smtp_url)
    await transport.deliver(outgoing())
    await inbox.stop()
    await transport.aclose()


STRANGE_CHARSET = b"Date: never\r\nContent-Type: text/html; charset=klingon\r\n\r\n\xff"


@pytest.mark.parametrize("raw", [b"", b"no headers at all", STRANGE_CHARSET])
def test_broken_mail_is_shown_all_the_same(tmp_path: Path, raw: bytes) -> None:
    mailbox = Mailbox(tmp_path)
    name = mailbox.add(raw, sender="", recipients=["anna@customer.example"])
    letter = mailbox.letter(name)
    assert letter is not None
    assert letter.to == "anna@customer.example"
    assert letter.date is None
    assert len(mailbox.summaries()) == 1


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)
    monkeypatch.delitem(sys.modules, "starter.inbox.server")
    with pytest.raises(ConfigurationError, match=r"pip install 'segue\[embedded\]'"):
        importlib.import_module("starter.inbox.server")
