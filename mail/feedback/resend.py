"""Resend's webhooks (resend.com/docs/dashboard/webhooks/event-types), signed by Svix's scheme.

That is the scheme of Standard Webhooks, under headers of other names
(docs.svix.com/receiving/verifying-payloads/how-manual).
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from standardwebhooks.webhooks import Webhook

from domain.errors import ConfigurationError
from domain.feedback import Happening, Report
from mail.feedback.adapter import UntrustedReportError, WebhookRequest, require_fresh
from mail.feedback.fields import bracketed, first, moment, parse, pick, require_object, text, text_or_none
from mail.http.resend import MESSAGE_TAG

ID, TIMESTAMP, SIGNATURE = "svix-id", "svix-timestamp", "svix-signature"

_HAPPENINGS: Final[Mapping[str, Happening | None]] = {
    "email.sent": None,
    "email.scheduled": None,
    "email.received": None,
    "email.delivered": Happening.DELIVERED,
    "email.delivery_delayed": Happening.DEFERRED,
    "email.bounced": Happening.BOUNCED_HARD,  # the bounce's own type tells more
    "email.suppressed": Happening.REJECTED,
    "email.failed": Happening.REJECTED,
    "email.complained": Happening.COMPLAINED,
    "email.opened": Happening.OPENED,
    "email.clicked": Happening.CLICKED,
}

SHORTEST: Final = 16
"""Bytes of a signing key. Standard Webhooks has 24 to 64; what is shorter was cut off."""

_OF_NO_MAIL: Final = ("contact.", "domain.")
"""Kinds of reports that one webhook may be given along with those of mails."""


class Resend:
    """A `mail.feedback.adapter.Adapter`.

    Args:
        secret: the webhook's signing secret, `whsec_…`.
        tolerance: how far from now a request's timestamp may be. The library's own is five minutes.

    Raises:
        ConfigurationError: it is no such secret.
    """

    name: str = "resend"

    def __init__(self, secret: str, tolerance: timedelta) -> None:
        self._webhook, self._tolerance = Webhook(_read_secret(secret)), tolerance

    def verify(self, request: WebhookRequest) -> None:
        """See `Adapter.verify`."""
        timestamp = request.headers.get(TIMESTAMP, "")
        if not timestamp.isdecimal():
            raise UntrustedReportError("the timestamp is none")
        require_fresh(timestamp, request, self._tolerance)
        try:
            signed_at = datetime.fromtimestamp(int(timestamp), UTC)
            wanted = self._webhook.sign(request.headers.get(ID, ""), signed_at, request.body.decode())
        except UnicodeDecodeError:
            raise UntrustedReportError("the body is no text") from None
        given = request.headers.get(SIGNATURE, "").split(" ")  # several while a secret is rotated
        if not any([hmac.compare_digest(each.encode(), wanted.encode()) for each in given]):  # noqa: C419 -- no early end
            raise UntrustedReportError("the signature is wrong")

    def read(self, request: WebhookRequest) -> Sequence[Report]:
        """See `Adapter.read`."""
        event = require_object(parse(request.body))
        kind, data = text(event, "type"), event.get("data")
        happening, because = _happening(kind, data)
        if happening is None:
            return []
        visit = pick(data, "click") or pick(data, "open")
        report = Report(
            provider=self.name,
            id=request.headers[ID],  # the same each time it is delivered
            happening=happening,
            type=kind,
            at=moment(text(visit, "timestamp") or event.get("created_at"), request.real_at),
            message=_tag(pick(data, "tags")),
            message_id=bracketed(text(data, "message_id")),
            address=_address(first(pick(data, "to"))),
            because=because,
            detail=_detail(data),
            link=text_or_none(visit, "link"),
            agent=text_or_none(visit, "userAgent"),
            ip=text_or_none(visit, "ipAddress"),
            raw=event,
        )
        return [report]


def _read_secret(secret: str) -> bytes:
    """The key behind `whsec_`. The library skips letters that are not Base64's, and takes a key of any length."""
    prefix, _, encoded = secret.partition("_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if prefix != "whsec" or len(key) < SHORTEST:
        raise ConfigurationError(
            "SEGUE_WEBHOOKS__RESEND_SECRET: is no signing secret: copy all of it, whsec_…, from the webhook's page"
        )
    return key


def _happening(kind: str, data: object) -> tuple[Happening | None, Happening | None]:
    """What happened, and of a rejection why."""
    happening = _HAPPENINGS.get(kind, None if kind.startswith(_OF_NO_MAIL) else Happening.UNKNOWN)
    if kind == "email.suppressed":
        return happening, Happening.BOUNCED_HARD
    if kind != "email.bounced":
        return happening, None
    if text(data, "bounce", "subType") in ("Suppressed", "OnAccountSuppressionList"):
        return Happening.REJECTED, Happening.BOUNCED_HARD
    passing = text(data, "bounce", "type") in ("Transient", "Temporary", "Undetermined")
    return (Happening.BOUNCED_SOFT if passing else happening), None


def _detail(data: object) -> str:
    said = text(first(pick(data, "bounce", "diagnosticCode")))
    return said or text(data, "bounce", "message") or text(data, "failed", "reason")


def _tag(tags: object) -> str | None:
    """Our id among the tags, which come as an object, and came as a list of pairs."""
    if isinstance(tags, list):
        return next((text_or_none(tag, "value") for tag in tags if text(tag, "name") == MESSAGE_TAG), None)
    return text_or_none(tags, MESSAGE_TAG)


def _address(mailbox: Any) -> str | None:
    """The bare address of one that may carry a name."""
    return text(mailbox).rpartition("<")[2].rstrip("> ") or None
