"""Twilio SendGrid's event webhook (twilio.com/docs/sendgrid/for-developers/tracking-events/event).

Requests are lists of events, signed by ECDSA over timestamp and body
(…/getting-started-event-webhook-security-features).
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from domain.errors import ConfigurationError
from domain.feedback import Happening, Report
from mail.feedback.adapter import UnreadableReportError, UntrustedReportError, WebhookRequest, require_fresh
from mail.feedback.fields import bracketed, digest, moment, parse, text, text_or_none
from mail.feedback.tags import TAG

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"

_HAPPENINGS: Final[Mapping[tuple[str, str], Happening | None]] = {
    ("processed", ""): None,  # it was taken over, which the hand-over has told
    ("delivered", ""): Happening.DELIVERED,
    ("deferred", ""): Happening.DEFERRED,
    ("bounce", "bounce"): Happening.BOUNCED_HARD,
    ("bounce", "blocked"): Happening.BOUNCED_SOFT,
    ("bounce", "expired"): Happening.BOUNCED_SOFT,
    ("bounce", ""): Happening.BOUNCED_HARD,
    ("dropped", ""): Happening.REJECTED,
    ("open", ""): Happening.OPENED,
    ("click", ""): Happening.CLICKED,
    ("spamreport", ""): Happening.COMPLAINED,
    ("unsubscribe", ""): Happening.UNSUBSCRIBED,
    ("group_unsubscribe", ""): Happening.UNSUBSCRIBED,
    ("group_resubscribe", ""): None,  # only the recipient's own word to us lifts an opt-out
}
"""By `event` and, where it makes a difference, `type`."""

_DROPPED: Final[Mapping[str, Happening]] = {
    "bounced address": Happening.BOUNCED_HARD,
    "invalid": Happening.BOUNCED_HARD,
    "spam reporting address": Happening.COMPLAINED,
    "unsubscribed address": Happening.UNSUBSCRIBED,
}
"""By `reason`. Others speak of the mail or the account."""


class SendGrid:
    """A `mail.feedback.adapter.Adapter`.

    Args:
        key: the verification key as its console shows it: a P-256 public key, DER in base64.
        tolerance: how far from now a request's timestamp may be.

    Raises:
        ConfigurationError: it is no such key.
    """

    name: str = "sendgrid"

    def __init__(self, key: str, tolerance: timedelta) -> None:
        self._key, self._tolerance = _read_key(key), tolerance

    def verify(self, request: WebhookRequest) -> None:
        """See `Adapter.verify`."""
        timestamp = request.headers.get(TIMESTAMP, "")
        try:
            signature = base64.b64decode(request.headers.get(SIGNATURE, ""), validate=True)
            self._key.verify(signature, timestamp.encode() + request.body, ECDSA(SHA256()))
        except (InvalidSignature, binascii.Error, ValueError):
            raise UntrustedReportError("the signature is wrong") from None
        require_fresh(timestamp, request, self._tolerance)

    def read(self, request: WebhookRequest) -> Sequence[Report]:
        """See `Adapter.read`. What is no event, in a list of them, counts as of an unknown kind; the rest is read."""
        events = parse(request.body)
        if not isinstance(events, list):
            raise UnreadableReportError("the body must be a list of events")
        reports = (_read(event, request) if isinstance(event, dict) else _no_event(event, request) for event in events)
        return [report for report in reports if report is not None]


def _read(event: Mapping[str, Any], request: WebhookRequest) -> Report | None:
    kind, reason = text(event, "event"), text(event, "reason")
    happening = _HAPPENINGS.get((kind, text(event, "type")), _HAPPENINGS.get((kind, ""), Happening.UNKNOWN))
    if happening is None:
        return None
    event_id = text(event, "sg_event_id")
    return Report(
        provider=SendGrid.name,
        id=event_id or digest(kind, text(event, "sg_message_id"), text(event, "timestamp"), text(event, "email")),
        happening=happening,
        type=kind,
        at=moment(event.get("timestamp"), request.real_at),
        message=text_or_none(event, TAG),
        message_id=bracketed(text(event, "smtp-id")),
        address=text_or_none(event, "email"),
        because=_DROPPED.get(reason.lower()) if happening is Happening.REJECTED else None,
        detail=reason or text(event, "response"),
        link=text_or_none(event, "url"),
        agent=text_or_none(event, "useragent"),
        ip=text_or_none(event, "ip") if happening in (Happening.OPENED, Happening.CLICKED) else None,
        machine="apple mail privacy protection" if event.get("sg_machine_open") is True else "",
        raw=event,
    )


def _no_event(found: object, request: WebhookRequest) -> Report:
    return Report(
        provider=SendGrid.name,
        id=digest(repr(found)),
        happening=Happening.UNKNOWN,
        type=f"no event: {type(found).__name__}",
        at=request.real_at,
    )


def _read_key(key: str) -> EllipticCurvePublicKey:
    try:
        read = load_der_public_key(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        read = None
    if not isinstance(read, EllipticCurvePublicKey):
        raise ConfigurationError(
            "SEGUE_WEBHOOKS__SENDGRID_KEY: give the verification key that SendGrid's console shows"
        )
    return read
