"""The letters a customer on stage has got: what a mail program would show."""

import email
import email.policy
from collections.abc import Iterable

from domain.message import MessageStatus
from domain.model import Value
from mail.transport import Mail


class Letter(Value):
    """One mail, as the mail server accepted it."""

    template: str
    subject: str
    text: str
    html: str
    message_id: str
    """As in its header."""


class NotSent(Value):
    """A mail that has not gone: it is held back, or never goes. The reason is the gate's or the journey's."""

    template: str
    status: MessageStatus
    reason: str


def read_letters(mails: Iterable[Mail], templates: dict[str, str]) -> list[Letter]:
    """Read mails. `templates` are those of the ledger, by Message-ID."""
    return [_read(mail, templates.get(mail.message_id, "")) for mail in mails]


def _read(mail: Mail, template: str) -> Letter:
    message = email.message_from_bytes(mail.raw, policy=email.policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return Letter(
        template=template,
        subject=str(message["subject"]),
        text=str(text.get_content()) if text else "",
        html=str(html.get_content()) if html else "",
        message_id=mail.message_id,
    )
