"""Amazon SNS: what is signed, by which certificate, and which addresses this server lets itself be sent to."""

import json
from datetime import timedelta
from typing import Any

import pytest

from mail.feedback.adapter import UntrustedReportError, WebhookRequest
from mail.feedback.sns import (
    MessageType,
    SnsMessage,
    certificate_address,
    confirmation_address,
    is_topic,
    read_certificate,
    read_message,
    require_signed,
    text_to_sign,
)
from tests.mail.feedback.amazon import (
    ANOTHER_KEY,
    CERTIFICATE,
    CONFIRMATION,
    HOST,
    TOKEN,
    TOPIC,
    certificate,
    message,
    signed,
)
from tests.mail.feedback.providers import NOW

PEM = certificate(begins=NOW - timedelta(days=30))


def read(body: bytes) -> SnsMessage:
    return read_message(WebhookRequest(headers={}, body=body, real_at=NOW), (TOPIC,))


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("kind", MessageType)
def test_both_versions_of_the_signature_are_verified(kind: MessageType, version: str) -> None:
    trusted = read_certificate(PEM, NOW)
    fields = message(kind, NOW, SignatureVersion=version, Message="line\nand “quote”")
    require_signed(read(signed(fields)), trusted)
    for name in (
        "Message",
        "MessageId",
        "Timestamp",
        "Type",
        *(("Token",) if kind is not MessageType.NOTIFICATION else ()),
    ):
        other = MessageType.UNSUBSCRIPTION if kind is MessageType.SUBSCRIPTION else MessageType.SUBSCRIPTION
        changed = json.loads(signed(fields)) | {name: other.value if name == "Type" else "changed"}
        with pytest.raises(UntrustedReportError):
            require_signed(read(json.dumps(changed).encode()), trusted)
    for wrong in (
        signed(fields, ANOTHER_KEY),
        json.dumps({**fields, "Signature": "x"}).encode(),
        json.dumps(fields).encode(),
    ):
        with pytest.raises(UntrustedReportError):
            require_signed(read(wrong), trusted)


def test_what_is_signed_is_what_amazon_documents() -> None:
    fields = message(at=NOW, Subject="A subject", Message="A text")
    wanted = f"Message\nA text\nMessageId\n{fields['MessageId']}\nSubject\nA subject\n"
    wanted += f"Timestamp\n2026-11-29T12:00:00.000Z\nTopicArn\n{TOPIC}\nType\nNotification\n"
    assert text_to_sign(MessageType.NOTIFICATION, fields).decode() == wanted


def test_an_unknown_version_is_not_believed() -> None:
    with pytest.raises(UntrustedReportError):
        require_signed(read(signed(message(at=NOW, SignatureVersion="3"))), read_certificate(PEM, NOW))


@pytest.mark.parametrize(
    "changed",
    [{"TopicArn": TOPIC + "2"}, {"TopicArn": None}, {"Type": "Surprise"}, {"TopicArn": [TOPIC]}],
)
def test_only_messages_of_our_topics_are_read(changed: dict[str, Any]) -> None:
    with pytest.raises(UntrustedReportError):
        read(json.dumps(message(at=NOW) | changed).encode())


ATTACKS = [
    f"http://{HOST}/x.pem",
    f"https://{HOST}:8443/x.pem",
    f"https://{HOST}:443/x.pem",
    f"https://user@{HOST}/x.pem",
    f"https://{HOST}@evil.example/x.pem",
    f"https://evil.example#@{HOST}/x.pem",
    f"https://evil.example\\@{HOST}/x.pem",
    f"https://{HOST}\\@evil.example/x.pem",
    f"https://{HOST}.evil.example/x.pem",
    f"https://evil-{HOST}/x.pem",
    "https://sns.us-east-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com.cn/x.pem",
    "https://sns.eu-west-1.amazonaws.com./x.pem",
    "https://snsXeu-west-1.amazonaws.com/x.pem",
    "https://bucket.s3.eu-west-1.amazonaws.com/x.pem",
    "https://127.0.0.1/x.pem",
    "https://[::1]/x.pem",
    "https://169.254.169.254/latest/meta-data/x.pem",
    "https://2130706433/x.pem",
    "file:///etc/ssl/x.pem",
    "gopher://127.0.0.1:6379/x.pem",
    f"//{HOST}/x.pem",
    f"https:/{HOST}/x.pem",
    f"https://{HOST}/../x.pem",
    f"https://{HOST}/a/b.pem",
    f"https://{HOST}/x.pem?to=https://evil.example",
    f"https://{HOST}/x.pem#y",
    f"https://{HOST}/x.crt",
    f"https://{HOST}/%2e%2e/x.pem",
    f" https://{HOST}/x.pem",
    f"https://{HOST}/x.pem\n",
    f"https://{HOST}\t/x.pem",
    f"https://{HOST.upper()}/x.pem",
    "https://\uff53ns.eu-west-1.amazonaws.com/x.pem",
    "https://[/x.pem",
    "",
]


@pytest.mark.parametrize("address", ATTACKS)
def test_no_other_address_is_amazons(address: str) -> None:
    with pytest.raises(UntrustedReportError):
        certificate_address(read(json.dumps(message(at=NOW, SigningCertURL=address)).encode()))
    confirming = message(
        MessageType.SUBSCRIPTION, NOW, SubscribeURL=address.replace("/x.pem", f"/?{CONFIRMATION.partition('?')[2]}")
    )
    with pytest.raises(UntrustedReportError):
        confirmation_address(read(json.dumps(confirming).encode()))


@pytest.mark.parametrize(
    "query",
    [
        "Action=Publish&TopicArn={topic}&Token={token}",
        "Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:999999999999:theirs&Token={token}",
        "Action=ConfirmSubscription&TopicArn={topic}&Token=another",
        "Action=ConfirmSubscription&TopicArn={topic}&Token={token}&TargetArn=x",
        "Action=ConfirmSubscription&Action=DeleteTopic&TopicArn={topic}&Token={token}",
        "",
    ],
)
def test_a_confirmation_does_nothing_else(query: str) -> None:
    address = f"https://{HOST}/?{query.format(topic=TOPIC, token=TOKEN)}"
    with pytest.raises(UntrustedReportError):
        confirmation_address(read(json.dumps(message(MessageType.SUBSCRIPTION, NOW, SubscribeURL=address)).encode()))


def test_amazons_own_addresses_are_taken() -> None:
    assert certificate_address(read(json.dumps(message(at=NOW)).encode())) == CERTIFICATE
    confirming = read(json.dumps(message(MessageType.SUBSCRIPTION, NOW)).encode())
    assert confirmation_address(confirming) == CONFIRMATION
    chinese = "arn:aws-cn:sns:cn-north-1:123456789012:mail"
    there = SnsMessage(type=MessageType.NOTIFICATION, topic=chinese, fields={})
    assert there.host == "sns.cn-north-1.amazonaws.com.cn"


@pytest.mark.parametrize(
    ("off", "holds"), [(timedelta(0), True), (timedelta(days=400), False), (-timedelta(days=40), False)]
)
def test_a_certificate_has_its_time(off: timedelta, holds: bool) -> None:
    if holds:
        read_certificate(PEM, NOW + off)
        return
    with pytest.raises(UntrustedReportError, match="not valid now"):
        read_certificate(PEM, NOW + off)


def test_a_page_is_no_certificate() -> None:
    with pytest.raises(UntrustedReportError):
        read_certificate(b"<html>", NOW)


@pytest.mark.parametrize(
    ("arn", "holds"),
    [
        (TOPIC, True),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:mail.fifo", True),
        ("arn:aws:sqs:eu-west-1:123456789012:mail", False),
        ("arn:aws:sns:evil.example/:123456789012:mail", False),
        ("arn:aws:sns:eu-west-1:123456789012:mail:subscription", False),
    ],
)
def test_a_topic_is_told_by_its_arn(arn: str, holds: bool) -> None:
    assert is_topic(arn) is holds
