"""Reads a composed mail back into the fields that HTTP APIs ask for.

So there is one way to write a mail (`mail.compose`), and what leaves over HTTP is what would have left over SMTP.
"""

import email
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import default as policy
from typing import Final

from domain.model import Value

_FIELDS: Final = {"from", "to", "reply-to", "subject", "date", "mime-version"}
"""Headers that an API has fields for, or writes itself."""


class Letter(Value):
    """A mail in fields. Addresses may carry a name; `headers` are all that have no field of their own."""

    sender: str
    to: str
    reply_to: str | None
    subject: str
    html: str
    text: str
    headers: Mapping[str, str]


def read_letter(raw: bytes) -> Letter:
    """Read a mail as `mail.compose` writes it: multipart/alternative, with a plain and an HTML part."""
    message = email.message_from_bytes(raw, policy=policy)
    headers = {
        name: str(value)
        for name, value in message.items()
        if name.lower() not in _FIELDS and not name.lower().startswith("content-")
    }
    return Letter(
        sender=str(message["From"]),
        to=str(message["To"]),
        reply_to=str(message["Reply-To"]) if "Reply-To" in message else None,
        subject=str(message["Subject"]),
        html=_part(message, "html"),
        text=_part(message, "plain"),
        headers=headers,
    )


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")
