"""Amazon SES: what it publishes of mails to an SNS topic.

Two formats that differ in a name: event publishing
(docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html) and feedback notifications
(…/notification-contents.html). How the topic delivers them is `mail.feedback.sns`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.feedback import Happening, Report
from mail.feedback.fields import bracketed, digest, first, moment, pick, text, text_or_none
from mail.feedback.tags import TAG

NAME: Final = "ses"

_HAPPENINGS: Final[Mapping[str, Happening | None]] = {
    "Send": None,
    "Delivery": Happening.DELIVERED,
    "DeliveryDelay": Happening.DEFERRED,
    "Bounce": Happening.BOUNCED_SOFT,  # its type tells more
    "Complaint": Happening.COMPLAINED,  # its type tells more
    "Reject": Happening.REJECTED,
    "Rendering Failure": Happening.REJECTED,
    "Open": Happening.OPENED,
    "Click": Happening.CLICKED,
    "Subscription": None,  # of SES's own contact lists, which Segue does not use
    "Received": None,
}

_DETAILS: Final[Mapping[str, str]] = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
"""Under which name the kind's own object lies, where it is not the kind in lower case."""

_SUPPRESSED: Final = ("Suppressed", "OnAccountSuppressionList")
"""Sub-types of what SES did not try to deliver, because of what it knew of the address."""

_RECIPIENTS: Final = ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients")


def read_event(event: Mapping[str, Any], otherwise: datetime) -> Sequence[Report]:
    """Read one event. Our mails have one recipient each; of several, the first counts.

    Args:
        event: as SES published it.
        otherwise: when it happened, if it does not say so.
    """
    kind = text(event, "eventType") or text(event, "notificationType")
    own = event.get(_DETAILS.get(kind, kind.lower()))
    happening, because = _happening(kind, own)
    if happening is None:
        return []
    recipient = next((found for name in _RECIPIENTS if (found := first(pick(own, name))) is not None), None)
    address = text(recipient) or text(recipient, "emailAddress")
    at = text(own, "timestamp") or text(event, "mail", "timestamp")
    report = Report(
        provider=NAME,
        # A topic may be subscribed twice, and then tells all twice: its own ids would differ.
        id=text(own, "feedbackId") or digest(kind, text(event, "mail", "messageId"), at, text(own, "link")),
        happening=happening,
        type="/".join(filter(None, (kind, text(own, "bounceType"), text(own, "bounceSubType")))),
        at=moment(at, otherwise),
        message=text_or_none(first(pick(event, "mail", "tags", TAG))),
        message_id=_message_id(pick(event, "mail", "headers")),
        address=address or text_or_none(first(pick(event, "mail", "destination"))),
        because=because,
        detail=text(recipient, "diagnosticCode") or text(own, "reason") or text(own, "errorMessage"),
        link=text_or_none(own, "link"),
        agent=text_or_none(own, "userAgent") if happening in (Happening.OPENED, Happening.CLICKED) else None,
        ip=text_or_none(own, "ipAddress"),
        raw=event,
    )
    return [report]


def _happening(kind: str, own: object) -> tuple[Happening | None, Happening | None]:
    """What happened, and of a rejection why."""
    happening = _HAPPENINGS.get(kind, Happening.UNKNOWN)
    if kind == "Bounce":
        if text(own, "bounceSubType") in _SUPPRESSED:
            return Happening.REJECTED, Happening.BOUNCED_HARD
        return (Happening.BOUNCED_HARD if text(own, "bounceType") == "Permanent" else happening), None
    if kind == "Complaint":
        if text(own, "complaintSubType") in _SUPPRESSED:
            return Happening.REJECTED, Happening.COMPLAINED
        # RFC 6430: the reader says that it is no spam after all.
        return (None if text(own, "complaintFeedbackType") == "not-spam" else happening), None
    return happening, None


def _message_id(headers: object) -> str | None:
    """The Message-ID that we wrote, among the mail's headers as they came to SES, which goes on with one of its own."""
    for header in headers if isinstance(headers, list) else []:
        if text(header, "name").lower() == "message-id":
            return bracketed(text(header, "value"))
    return None
