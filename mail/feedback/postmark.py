"""Postmark's webhooks (postmarkapp.com/developer/webhooks/webhooks-overview): one report a request, and no signature.

What tells a true request is a secret that Postmark sends along: the password of HTTP Basic, or a header.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.errors import ConfigurationError
from domain.feedback import Happening, Report
from mail.feedback.adapter import UntrustedReportError, WebhookRequest
from mail.feedback.fields import bracketed, digest, moment, parse, pick, require_object, text, text_or_none
from mail.feedback.tags import TAG

SECRET_HEADER: Final = "x-segue-secret"  # noqa: S105 -- a header's name

SHORTEST: Final = 16
"""Characters of the secret: it is all there is."""

_RECORDS: Final[Mapping[str, Happening]] = {
    "Delivery": Happening.DELIVERED,
    "Open": Happening.OPENED,
    "Click": Happening.CLICKED,
    "SpamComplaint": Happening.COMPLAINED,
}
"""By `RecordType`. Bounces and changes of subscriptions tell more in other fields."""

_BOUNCES: Final[Mapping[str, Happening | None]] = {
    "HardBounce": Happening.BOUNCED_HARD,
    "BadEmailAddress": Happening.BOUNCED_HARD,
    "Transient": Happening.DEFERRED,
    "DnsError": Happening.BOUNCED_SOFT,
    "SoftBounce": Happening.BOUNCED_SOFT,
    "Blocked": Happening.BOUNCED_SOFT,
    "SpamNotification": Happening.BOUNCED_SOFT,  # a filter's judgement, and no reader's
    "VirusNotification": Happening.BOUNCED_SOFT,
    "DMARCPolicy": Happening.BOUNCED_SOFT,
    "SpamComplaint": Happening.COMPLAINED,
    "Unsubscribe": Happening.UNSUBSCRIBED,
    "ManualSuppression": Happening.UNSUBSCRIBED,
    "ManuallyDeactivated": Happening.REJECTED,
    "Unconfirmed": Happening.REJECTED,
    "SMTPApiError": Happening.REJECTED,
    "TemplateRenderingFailed": Happening.REJECTED,
    "Subscribe": None,
    "AutoResponder": None,
    "AddressChange": None,
    "ChallengeVerification": None,
    "OpenRelayTest": None,
    "InboundError": None,
}
"""By `Type` of a bounce, or by `SuppressionReason`; see postmarkapp.com/developer/api/bounce-api#bounce-types."""

_MOMENTS: Final = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")


class Postmark:
    """A `mail.feedback.adapter.Adapter`.

    Args:
        secret: the password of HTTP Basic, whatever the user name, or the value of the header `X-Segue-Secret`.

    Raises:
        ConfigurationError: it is too short.
    """

    name: str = "postmark"

    def __init__(self, secret: str) -> None:
        if len(secret) < SHORTEST:
            raise ConfigurationError(f"SEGUE_WEBHOOKS__POSTMARK_SECRET: give {SHORTEST} characters at least")
        self._secret = secret.encode()

    def verify(self, request: WebhookRequest) -> None:
        """See `Adapter.verify`."""
        given = (request.headers.get(SECRET_HEADER, "").encode(), _password(request.headers.get("authorization", "")))
        if not any([hmac.compare_digest(each, self._secret) for each in given]):  # noqa: C419 -- no early end
            raise UntrustedReportError("the secret is wrong")

    def read(self, request: WebhookRequest) -> Sequence[Report]:
        """See `Adapter.read`."""
        event = require_object(parse(request.body))
        happening = _happening(event)
        if happening is None:
            return []
        at = next((event[name] for name in _MOMENTS if event.get(name)), None)
        address = text_or_none(event, "Email") or text_or_none(event, "Recipient")
        parts = (
            text(event, name) for name in ("RecordType", "ID", "Type", "SuppressionReason", "MessageID", "OriginalLink")
        )
        report = Report(
            provider=self.name,
            id=digest(*parts, str(at), address or ""),  # only bounces have an id of their own
            happening=happening,
            type="/".join(filter(None, (text(event, "RecordType"), text(event, "Type")))),
            at=moment(at, request.real_at),
            message=_tag(event),
            message_id=bracketed(text(event, "Metadata", "message-id")),
            address=address,
            detail=text(event, "Details") or text(event, "Description"),
            link=text_or_none(event, "OriginalLink"),
            agent=text_or_none(event, "UserAgent"),
            ip=text_or_none(event, "Geo", "IP"),
            raw=event,
        )
        return [report]


def _happening(event: Mapping[str, Any]) -> Happening | None:
    kind = text(event, "RecordType")
    match kind:
        case "Bounce":
            return _BOUNCES.get(text(event, "Type"), Happening.UNKNOWN)
        case "SubscriptionChange":
            if event.get("SuppressSending") is not True:
                return None  # only the recipient's own word to us lifts an opt-out
            return _BOUNCES.get(text(event, "SuppressionReason"), Happening.UNKNOWN)
    return _RECORDS.get(kind, Happening.UNKNOWN)


def _tag(event: Mapping[str, Any]) -> str | None:
    """Our id among the metadata, whose names Postmark takes from a header: their case is not certain."""
    metadata = pick(event, "Metadata")
    names = metadata if isinstance(metadata, Mapping) else {}
    return next((text_or_none(names, name) for name in names if name.lower().replace("-", "_") == TAG), None)


def _password(authorization: str) -> bytes:
    scheme, _, credentials = authorization.partition(" ")
    try:
        given = base64.b64decode(credentials, validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        given = b""
    return given.partition(b":")[2]
