"""Amazon SNS for tests: a certificate of our own, and messages signed with its key as SNS signs them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mail.feedback.sns import MessageType, text_to_sign

TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-events"
HOST = "sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"https://{HOST}/SimpleNotificationService-0123456789abcdef.pem"
TOKEN = "2336412f37fb687f5d51e6e2425c464d"
CONFIRMATION = f"https://{HOST}/?" + urlencode({"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": TOKEN})

KEY = rsa.generate_private_key(65537, 2048)
ANOTHER_KEY = rsa.generate_private_key(65537, 2048)


def certificate(key: rsa.RSAPrivateKey = KEY, *, begins: datetime, lasts: timedelta = timedelta(days=365)) -> bytes:
    """A certificate in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begins).not_valid_after(begins + lasts)
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


def message(kind: MessageType = MessageType.NOTIFICATION, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    """A message that is not signed yet."""
    at = at or datetime.now(UTC)
    said = {
        "Type": kind.value,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": "{}",
        "Timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    }
    if kind is MessageType.NOTIFICATION:
        said["UnsubscribeURL"] = f"https://{HOST}/?Action=Unsubscribe"
    else:
        said |= {"Token": TOKEN, "SubscribeURL": CONFIRMATION}
    return said | fields


def signed(fields: dict[str, Any], key: rsa.RSAPrivateKey = KEY) -> bytes:
    """The body of a message, signed."""
    algorithm = SHA1() if fields["SignatureVersion"] == "1" else SHA256()
    signature = key.sign(text_to_sign(MessageType(fields["Type"]), fields), PKCS1v15(), algorithm)
    return json.dumps({**fields, "Signature": base64.b64encode(signature).decode()}).encode()
