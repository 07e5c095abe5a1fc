"""Mailgun's webhooks (documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads).

The signature lies in the body, and is over timestamp and token alone (…/webhooks/securing-webhooks): whoever saw one
request could sign another with it. So each token is good for one request.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from domain.errors import ConfigurationError
from domain.feedback import Happening, Report
from mail.bounce import names_no_mailbox
from mail.feedback.adapter import UnreadableReportError, UntrustedReportError, WebhookRequest, require_fresh
from mail.feedback.fields import bracketed, digest, moment, parse, pick, require_object, text, text_or_none
from mail.feedback.tags import TAG

_HAPPENINGS: Final[Mapping[str, Happening | None]] = {
    "accepted": None,
    "stored": None,
    "delivered": Happening.DELIVERED,
    "failed": Happening.BOUNCED_SOFT,  # severity and reason tell more
    "rejected": Happening.REJECTED,
    "opened": Happening.OPENED,
    "clicked": Happening.CLICKED,
    "unsubscribed": Happening.UNSUBSCRIBED,
    "complained": Happening.COMPLAINED,
}

_SUPPRESSED: Final[Mapping[str, Happening]] = {
    "suppress-bounce": Happening.BOUNCED_HARD,
    "suppress-complaint": Happening.COMPLAINED,
    "suppress-unsubscribe": Happening.UNSUBSCRIBED,
}
"""By `reason` of a failure: Mailgun did not try, because of what it knew of the address."""

_MACHINES: Final[Mapping[str, str]] = {
    "apple": "apple mail privacy protection",
    "generic": "scanner (says the provider)",
}
"""By `client-info.bot`. `gmail` is its image proxy, which loads a picture for the person who opens the mail."""

SHORTEST: Final = 16
"""Characters of a key. Mailgun's have 32; with one that can be guessed anybody could report bounces."""


class Mailgun:
    """A `mail.feedback.adapter.Adapter`.

    Args:
        key: the HTTP webhook signing key.
        tolerance: how far from now a request's timestamp may be.

    Raises:
        ConfigurationError: it is too short.
    """

    name: str = "mailgun"

    def __init__(self, key: str, tolerance: timedelta) -> None:
        if len(key) < SHORTEST:
            raise ConfigurationError(
                "SEGUE_WEBHOOKS__MAILGUN_KEY: is no key: copy the *HTTP webhook signing key*, API security"
            )
        self._key, self._tolerance = key.encode(), tolerance

    def verify(self, request: WebhookRequest) -> str:
        """See `Adapter.verify`. The token is to be spent."""
        try:
            signed = pick(parse(request.body), "signature")
        except UnreadableReportError:
            signed = None
        timestamp, token, signature = (text(signed, name) for name in ("timestamp", "token", "signature"))
        wanted = hmac.new(self._key, f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature.encode(), wanted.encode()):
            raise UntrustedReportError("the signature is wrong")
        # Nothing stands between the two in what is signed. Of a token that begins with `e0` those letters could be
        # counted to the timestamp, with the same signature: the same moment to `float`, and another token to spend.
        if not timestamp.isdecimal():
            raise UntrustedReportError("the timestamp is none")
        require_fresh(timestamp, request, self._tolerance)
        return token

    def read(self, request: WebhookRequest) -> Sequence[Report]:
        """See `Adapter.read`."""
        event = require_object(pick(parse(request.body), "event-data"))
        kind = text(event, "event")
        happening, because = _happening(event)
        if happening is None:
            return []
        report = Report(
            provider=self.name,
            # Their id is promised to be unique within a day only.
            id=digest(text(event, "id"), text(event, "timestamp"), kind, text(event, "recipient")),
            happening=happening,
            type="/".join(filter(None, (kind, text(event, "severity"), text(event, "reason")))),
            at=moment(event.get("timestamp"), request.real_at),
            message=text_or_none(event, "user-variables", TAG),
            message_id=bracketed(text(event, "message", "headers", "message-id")),
            address=text_or_none(event, "recipient"),
            because=because,
            detail=_detail(event),
            link=text_or_none(event, "url"),
            agent=text_or_none(event, "client-info", "user-agent"),
            ip=text_or_none(event, "ip"),
            machine=_MACHINES.get(text(event, "client-info", "bot").lower(), ""),
            raw=event,
        )
        return [report]


def _happening(event: Mapping[str, Any]) -> tuple[Happening | None, Happening | None]:
    """What happened, and of a rejection why."""
    kind, reason = text(event, "event"), text(event, "reason")
    if kind != "failed":
        return _HAPPENINGS.get(kind, Happening.UNKNOWN), None
    if text(event, "severity") == "temporary":
        return Happening.DEFERRED, None
    if reason in _SUPPRESSED:
        return Happening.REJECTED, _SUPPRESSED[reason]
    code = text(event, "delivery-status", "code")
    gone = names_no_mailbox(int(code) if code.isdecimal() else 0, _detail(event))
    return (Happening.BOUNCED_HARD if reason == "bounce" or gone else Happening.BOUNCED_SOFT), None


def _detail(event: Mapping[str, Any]) -> str:
    status = event.get("delivery-status")
    return text(status, "message") or text(status, "description") or text(event, "reject", "reason")
