"""What the providers document goes in, and every normalised field is asserted; and who did not sign is not believed."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ConfigurationError
from domain.feedback import Report
from domain.relay import Relay
from mail.feedback import ses
from mail.feedback.adapter import Adapter, UnreadableReportError, UntrustedReportError, WebhookRequest
from mail.feedback.mailgun import Mailgun
from mail.feedback.postmark import Postmark
from mail.feedback.resend import Resend
from mail.feedback.sendgrid import SendGrid
from mail.feedback.tags import tagged
from tests.mail.feedback.providers import (
    MAILGUN_KEY,
    NOW,
    POSTMARK_SECRET,
    RESEND_SECRET,
    SENDGRID_KEY,
    SVIX_ID,
    TOLERANCE,
    by_mailgun,
    by_postmark,
    by_resend,
    by_sendgrid,
    recorded,
    request_of,
)

ADAPTERS: dict[str, tuple[Adapter, Callable[..., Any], Any]] = {
    "sendgrid": (
        SendGrid(SENDGRID_KEY, TOLERANCE),
        partial(by_sendgrid, at=NOW),
        ec.generate_private_key(ec.SECP256R1()),
    ),
    "postmark": (Postmark(POSTMARK_SECRET), partial(by_postmark, at=NOW), "another-secret-of-postmark"),
    "mailgun": (Mailgun(MAILGUN_KEY, TOLERANCE), partial(by_mailgun, at=NOW), "another key"),
    "resend": (Resend(RESEND_SECRET, TOLERANCE), partial(by_resend, at=NOW), "whsec_YW5vdGhlciBzZWNyZXQ="),
}

each_provider = pytest.mark.parametrize("provider", ADAPTERS)


def read(provider: str, report: Any) -> Sequence[Report]:
    if provider == "ses":
        return ses.read_event(report, NOW)
    adapter, sign, _ = ADAPTERS[provider]
    return adapter.read(request_of(sign([report] if provider == "sendgrid" else report)))


def cases() -> list[Any]:
    return [
        pytest.param(provider, case, id=f"{provider} {number}")
        for provider in (*ADAPTERS, "ses")
        for number, case in enumerate(recorded(provider))
    ]


@pytest.mark.parametrize(("provider", "case"), cases())
def test_what_a_provider_documents_is_read_whole(provider: str, case: Mapping[str, Any]) -> None:
    report, wanted = case["report"], case["reads"]
    read_now = read(provider, report)
    if wanted is None:
        assert read_now == []
        return
    [found] = read_now
    if "id" not in wanted:  # made by us, the same each time
        assert len(found.id) == 32
        wanted = {**wanted, "id": read(provider, report)[0].id}
    assert found == Report(provider=provider, raw=found.raw, **wanted)
    assert found.raw == (report["event-data"] if provider == "mailgun" else report)


def test_ids_that_we_make_tell_reports_apart() -> None:
    """Postmark gives an id to bounces alone."""
    found = [report for case in recorded("postmark") for report in read("postmark", case["report"])]
    assert len({report.id for report in found}) == len(found)


@each_provider
def test_only_the_provider_is_believed(provider: str) -> None:
    adapter, sign, another = ADAPTERS[provider]
    report = recorded(provider)[1]["report"]
    headers, body = sign(report)

    adapter.verify(request_of((headers, body)))  # nothing is raised
    forged = [sign(report, key=another), ({}, json.dumps(report).encode()), ({}, b""), ({}, b"\xff\xfe"), ({}, b"[]")]
    if provider in ("sendgrid", "resend"):
        forged += [(headers, body.replace(b"customer", b"consumer")), (headers, body + b" ")]
        forged += [({**headers, name: "x"}, body) for name in headers] + [
            ({**headers, name: ""}, body) for name in headers
        ]
    for each in forged:
        with pytest.raises(UntrustedReportError):
            adapter.verify(request_of(each))


@pytest.mark.parametrize("provider", [name for name in ADAPTERS if name != "postmark"])
@pytest.mark.parametrize("off", [TOLERANCE + timedelta(seconds=2), -TOLERANCE - timedelta(seconds=2)])
def test_what_was_signed_long_ago_is_not_believed(provider: str, off: timedelta) -> None:
    adapter, sign, _ = ADAPTERS[provider]
    report = recorded(provider)[1]["report"]
    adapter.verify(request_of(sign(report, at=NOW + off * 0.99)))
    with pytest.raises(UntrustedReportError, match="too far from now"):
        adapter.verify(request_of(sign(report, at=NOW + off)))


def test_postmark_may_send_its_secret_as_a_header() -> None:
    adapter = ADAPTERS["postmark"][0]
    adapter.verify(request_of(({"X-Segue-Secret": POSTMARK_SECRET}, b"{}")))
    for wrong in ("", POSTMARK_SECRET[:-1], POSTMARK_SECRET + "x"):
        with pytest.raises(UntrustedReportError):
            adapter.verify(request_of(({"X-Segue-Secret": wrong, "Authorization": f"Bearer {wrong}"}, b"{}")))


def test_mailguns_token_is_told_so_that_it_can_be_spent() -> None:
    adapter, sign, _ = ADAPTERS["mailgun"]
    assert adapter.verify(request_of(sign({"event-data": {}}, token="once"))) == "once"


@pytest.mark.parametrize("off", [0, 2, -1])
def test_mailguns_timestamp_takes_no_letters_of_the_token(off: int) -> None:
    """Both are signed as one text: where the one ends and the other begins, whoever captured a request could choose."""
    adapter, sign, _ = ADAPTERS["mailgun"]
    _, body = sign({"event-data": {}}, token="e0b6c1")
    forged = json.loads(body)
    text = forged["signature"]["timestamp"] + forged["signature"]["token"]
    end = len(forged["signature"]["timestamp"]) + off
    forged["signature"] |= {"timestamp": text[:end], "token": text[end:]}
    request = request_of(({}, json.dumps(forged).encode()))
    if off == 0:
        assert adapter.verify(request) == "e0b6c1"
    else:
        with pytest.raises(UntrustedReportError, match="timestamp"):
            adapter.verify(request)


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "\x00", "\ud800", "x" * 10_000, "9999-12-31T23:59:59-12:00", "1e400", "-1"])
    | st.lists(st.none() | st.text(max_size=2), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.none(), max_size=2)
)


@pytest.mark.parametrize("provider", [*ADAPTERS, "ses"])
@settings(max_examples=150)
@given(data=st.data())
def test_whatever_a_provider_sends_is_read(provider: str, data: st.DataObject) -> None:
    """A field of a documented report that turns out to be something else counts as not said."""
    report = json.loads(json.dumps(data.draw(st.sampled_from(recorded(provider)))["report"]))
    place: Any = report["event-data"] if provider == "mailgun" else report
    name: Any = data.draw(st.sampled_from(sorted(place)))
    while isinstance(place[name], dict | list) and place[name] and data.draw(st.booleans()):
        place = place[name]
        name = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[name] = data.draw(ODD)
    for found in read(provider, report):
        found.model_dump_json(exclude={"raw"}).encode()


@each_provider
@pytest.mark.parametrize("body", [b"", b"{", b"3", b'"text"', b"[" * 100_000])
def test_a_body_of_another_shape_is_refused(provider: str, body: bytes) -> None:
    with pytest.raises(UnreadableReportError):
        ADAPTERS[provider][0].read(WebhookRequest(headers={"svix-id": SVIX_ID}, body=body, real_at=NOW))


@pytest.mark.parametrize(
    ("make", "variable"),
    [
        (lambda: SendGrid("not a key", TOLERANCE), "SENDGRID_KEY"),
        (lambda: SendGrid("AAAA", TOLERANCE), "SENDGRID_KEY"),
        (lambda: Postmark("short"), "POSTMARK_SECRET"),
        (lambda: Mailgun("short", TOLERANCE), "MAILGUN_KEY"),
        (lambda: Resend("whsec_", TOLERANCE), "RESEND_SECRET"),
        (lambda: Resend("abc", TOLERANCE), "RESEND_SECRET"),
        (lambda: Resend("whsec_YWJj", TOLERANCE), "RESEND_SECRET"),
        (lambda: Resend(f"{RESEND_SECRET}!", TOLERANCE), "RESEND_SECRET"),
        (lambda: Resend(RESEND_SECRET.removeprefix("whsec_"), TOLERANCE), "RESEND_SECRET"),
    ],
)
def test_a_key_that_cannot_be_one_is_named(make: Callable[[], Adapter], variable: str) -> None:
    with pytest.raises(ConfigurationError, match=f"SEGUE_WEBHOOKS__{variable}"):
        make()


@pytest.mark.parametrize(
    ("relay", "header"),
    [
        (Relay.SENDGRID, b'X-SMTPAPI: {"unique_args": {"segue_message": "m42"}}'),
        (Relay.POSTMARK, b"X-PM-Metadata-segue_message: m42"),
        (Relay.SES, b"X-SES-MESSAGE-TAGS: segue_message=m42"),
        (Relay.MAILGUN, b'X-Mailgun-Variables: {"segue_message": "m42"}'),
    ],
)
def test_a_mail_names_itself_as_its_provider_wants(relay: Relay, header: bytes) -> None:
    assert tagged(b"From: a@shop.example\r\n\r\nbody", relay, "m42") == header + b"\r\nFrom: a@shop.example\r\n\r\nbody"
