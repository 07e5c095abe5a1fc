"""The providers' adapters with keys made for the test, and requests signed as each provider signs them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks.webhooks import Webhook

from mail.feedback.adapter import WebhookRequest

DATA = Path(__file__).parents[2] / "data" / "webhooks"

TOLERANCE = timedelta(hours=24)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
"""For whom it is always that moment. What goes to a door that looks at the clock is signed by the clock."""

SENDGRID = ec.generate_private_key(ec.SECP256R1())
SENDGRID_KEY = base64.b64encode(
    SENDGRID.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
POSTMARK_SECRET = "a-secret-of-postmark"
MAILGUN_KEY = "the-key-of-mailgun"
RESEND_SECRET = "whsec_" + base64.b64encode(b"a secret of resend's webhook").decode()
SVIX_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"

Sign = Callable[..., tuple[dict[str, str], bytes]]
"""From what is reported, and the moment it is signed, to headers and body."""


def recorded(provider: str) -> list[dict[str, Any]]:
    """Reports as the provider documents them, each with what is read from it."""
    found: list[dict[str, Any]] = json.loads((DATA / f"{provider}.json").read_text())
    return found


def by_sendgrid(events: Any, at: datetime, key: ec.EllipticCurvePrivateKey = SENDGRID) -> Any:
    body, timestamp = json.dumps(events).encode() + b"\r\n", str(int(at.timestamp()))
    signature = base64.b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    name = "X-Twilio-Email-Event-Webhook-"
    return {f"{name}Signature": signature, f"{name}Timestamp": timestamp}, body


def by_postmark(event: Any, at: datetime, key: str = POSTMARK_SECRET) -> Any:
    return {"Authorization": "Basic " + base64.b64encode(f"postmark:{key}".encode()).decode()}, json.dumps(
        event
    ).encode()


def by_mailgun(event: Any, at: datetime, key: str = MAILGUN_KEY, token: str = "a8ce0edb2dd8301dee6c24") -> Any:
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": timestamp, "token": token, "signature": signature}
    return {}, json.dumps({**event, "signature": signed}).encode()


def by_resend(event: Any, at: datetime, key: str = RESEND_SECRET, svix_id: str = SVIX_ID) -> Any:
    body = json.dumps(event)
    signature = f"v1,b2xkIG9uZQ== {Webhook(key).sign(svix_id, at, body)}"
    headers = {"svix-id": svix_id, "svix-timestamp": str(int(at.timestamp())), "svix-signature": signature}
    return headers, body.encode()


def request_of(signed: tuple[Mapping[str, str], bytes], real_at: datetime = NOW) -> WebhookRequest:
    headers, body = signed
    return WebhookRequest(headers={name.lower(): value for name, value in headers.items()}, body=body, real_at=real_at)
