"""How a mail names itself, so that its provider's reports name it, too: a header that each provider reads.

They take the header off before the mail goes on. Resend's is a tag of its HTTP API (`mail.http.resend`).
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

from domain.relay import Relay

TAG: Final = "segue_message"
"""The name under which our ledger's id comes back. Letters and underscores are allowed by all of them."""


_HEADERS: Final[Mapping[Relay, Callable[[str], str]]] = {
    Relay.SENDGRID: lambda message: f"X-SMTPAPI: {json.dumps({'unique_args': {TAG: message}})}",
    Relay.POSTMARK: lambda message: f"X-PM-Metadata-{TAG}: {message}",
    Relay.SES: lambda message: f"X-SES-MESSAGE-TAGS: {TAG}={message}",
    Relay.MAILGUN: lambda message: f"X-Mailgun-Variables: {json.dumps({TAG: message})}",
}


def tagged(raw: bytes, relay: Relay, message: str) -> bytes:
    """A mail, ready for the wire, with the header that names it to the relay in front. The same at every attempt."""
    return f"{_HEADERS[relay](message)}\r\n".encode("ascii") + raw
