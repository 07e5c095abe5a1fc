"""Amazon SNS over HTTP: what a topic delivers, whether it is signed by Amazon, and which addresses may be asked.

A message names the address of the certificate that it is signed with, and a confirmation one that is to be fetched: a
stranger's message could make this server call whatever he likes. So the topic must be one of ours before anything is
fetched, and both addresses must be Amazon's own of that topic's region; see
docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate, load_pem_x509_certificate

from domain.model import Value
from mail.feedback.adapter import UnreadableReportError, UntrustedReportError, WebhookRequest
from mail.feedback.fields import moment, parse, text

_TOPIC: Final = re.compile(
    r"arn:(?P<partition>aws|aws-us-gov|aws-cn):sns:(?P<region>[a-z]{2}(-[a-z]+)+-\d{1,2}):\d{12}:[\w.-]{1,256}"
)
_CERTIFICATE_PATH: Final = re.compile(r"/[\w.-]+\.pem")
_HASHES: Final = {"1": SHA1, "2": SHA256}

_LONGEST_ADDRESS: Final = 2_000
"""Characters. A confirmation's token alone has 250."""


class MessageType(StrEnum):
    """What a topic sends."""

    NOTIFICATION = "Notification"
    SUBSCRIPTION = "SubscriptionConfirmation"
    UNSUBSCRIPTION = "UnsubscribeConfirmation"


_SIGNED: Final[Mapping[MessageType, Sequence[str]]] = {
    MessageType.NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    MessageType.SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    MessageType.UNSUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""In this order. A subject is signed where there is one."""


class SnsMessage(Value):
    """A message of one of our topics. Not to be believed before `require_signed`."""

    type: MessageType
    topic: str
    fields: Mapping[str, Any]

    @property
    def host(self) -> str:
        """Where Amazon answers for the topic's region."""
        found = _TOPIC.fullmatch(self.topic)
        assert found is not None  # noqa: S101 -- it is one of those that `is_topic` let through
        top = "amazonaws.com.cn" if found["partition"] == "aws-cn" else "amazonaws.com"
        return f"sns.{found['region']}.{top}"

    @property
    def sent_at(self) -> datetime:
        """When, in real time.

        Raises:
            UntrustedReportError: it does not say.
        """
        never = datetime.min.replace(tzinfo=UTC)
        at = moment(self.fields.get("Timestamp"), never)
        if at == never:
            raise UntrustedReportError("the timestamp is none")
        return at


def is_topic(arn: str) -> bool:
    """Whether it is the ARN of an SNS topic."""
    return _TOPIC.fullmatch(arn) is not None


def read_message(request: WebhookRequest, topics: Sequence[str]) -> SnsMessage:
    """Read a request.

    Raises:
        UntrustedReportError: it is no message of one of these topics.
    """
    try:
        fields = parse(request.body)
    except UnreadableReportError:
        fields = None
    topic, kind = text(fields, "TopicArn"), text(fields, "Type")
    if not isinstance(fields, dict) or topic not in topics or kind not in [*MessageType]:
        raise UntrustedReportError("it is no message of a topic in SEGUE_WEBHOOKS__SNS_TOPICS")
    return SnsMessage(type=MessageType(kind), topic=topic, fields=fields)


def certificate_address(message: SnsMessage) -> str:
    """Where the certificate lies.

    Raises:
        UntrustedReportError: not where Amazon keeps those of the topic's region.
    """
    address = text(message.fields, "SigningCertURL")
    parts = _own_address(message, address)
    if not _CERTIFICATE_PATH.fullmatch(parts.path) or parts.query:
        raise UntrustedReportError("the certificate's address is not Amazon's")
    return address


def confirmation_address(message: SnsMessage) -> str:
    """What is to be fetched to confirm a subscription.

    Raises:
        UntrustedReportError: it is not Amazon's confirmation for this topic.
    """
    address = text(message.fields, "SubscribeURL")
    parts = _own_address(message, address)
    asked = parse_qs(parts.query)
    wanted = {"Action": ["ConfirmSubscription"], "TopicArn": [message.topic], "Token": [text(message.fields, "Token")]}
    if parts.path not in ("", "/") or asked != wanted:
        raise UntrustedReportError("the confirmation's address is not Amazon's")
    return address


def read_certificate(pem: bytes, now: datetime) -> Certificate:
    """Read what lay at the certificate's address. That it is Amazon's follows from where it lay, by TLS.

    Raises:
        UntrustedReportError: it is no certificate, or not valid now.
    """
    try:
        certificate = load_pem_x509_certificate(pem)
    except ValueError:
        raise UntrustedReportError("there is no certificate at its address") from None
    require_valid(certificate, now)
    return certificate


def require_valid(certificate: Certificate, now: datetime) -> None:
    """Make sure that a certificate has begun, and has not ended.

    Raises:
        UntrustedReportError: not so.
    """
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise UntrustedReportError("the certificate is not valid now")


def require_signed(message: SnsMessage, certificate: Certificate) -> None:
    """Make sure that a message is signed with a certificate.

    Raises:
        UntrustedReportError: it is not.
    """
    key, fields = certificate.public_key(), message.fields
    algorithm = _HASHES.get(text(fields, "SignatureVersion"))
    if not isinstance(key, RSAPublicKey) or algorithm is None:
        raise UntrustedReportError("the signature is of an unknown kind")
    try:
        signature = base64.b64decode(text(fields, "Signature"), validate=True)
        key.verify(signature, text_to_sign(message.type, fields), PKCS1v15(), algorithm())
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
        raise UntrustedReportError("the signature is wrong") from None


def text_to_sign(kind: MessageType, fields: Mapping[str, Any]) -> bytes:
    """What is signed of a message: names and values by turns, a line each."""
    named = [name for name in _SIGNED[kind] if name != "Subject" or fields.get("Subject") is not None]
    return "".join(f"{name}\n{text(fields, name)}\n" for name in named).encode()


def _own_address(message: SnsMessage, address: str) -> Any:
    """The parts of an address, which must be one of Amazon's own of the topic's region.

    Compared as text, and not only as read: clients differ in how they read what is no proper address.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise UntrustedReportError("an address is none") from None
    proper = address.isascii() and address.isprintable() and len(address) <= _LONGEST_ADDRESS
    plain = parts.netloc == message.host and port is None and not parts.fragment and "\\" not in address
    if not proper or not plain or not address.startswith(f"https://{message.host}/"):
        raise UntrustedReportError("an address is not Amazon's")
    return parts
