"""From a rendered body to the bytes that go over the wire (RFC 5322, MIME, RFC 8058).

The same message always gives the same bytes, so that a second attempt is recognisably the first mail again.
"""

import hashlib
import re
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses

from pydantic import AwareDatetime

from domain.errors import PermanentError
from domain.model import Value

MAX_HEADER_LINE = 998
"""Octets in a line without its CRLF (RFC 5322, 2.1.1)."""

_ENCODED_LINE = 76
"""Characters in a line that holds an encoded word (RFC 2047, 2)."""

# C0 and C1 controls, and the Unicode line separators at which str.splitlines would break.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class InvalidHeaderError(PermanentError):
    """A value cannot stand in its header; most likely it holds a line break, and somebody injects headers."""

    def __init__(self, header: str, problem: str) -> None:
        super().__init__(f"{header}: {problem}")
        self.header = header
        self.problem = problem


class Outgoing(Value):
    """One mail before it becomes bytes. Addresses may carry a name: `Lumen & Loft <hello@shop.example>`."""

    sender: str
    to: str
    reply_to: str | None = None
    subject: str
    html: str
    text: str
    message_id: str
    """With its angle brackets: `<m123@shop.example>`. The same at each attempt."""
    unsubscribe_url: str | None = None
    """None for transactional mail only."""
    date: AwareDatetime
    """Real time: spam filters compare it with their own clock."""


def compose(outgoing: Outgoing) -> bytes:
    """Write the mail as multipart/alternative, lines ending in CRLF.

    Raises:
        InvalidHeaderError: A header's value holds a line break or a control character, or is no address.
    """
    message = EmailMessage(policy=_WIRE)
    message["From"] = _address("From", outgoing.sender)
    message["To"] = _address("To", outgoing.to)
    if outgoing.reply_to:
        message["Reply-To"] = _address("Reply-To", outgoing.reply_to)
    message["Subject"] = _clean("Subject", outgoing.subject)
    message["Date"] = format_datetime(outgoing.date)
    message["Message-ID"] = _bracketed("Message-ID", outgoing.message_id)
    if outgoing.unsubscribe_url:
        message["List-Unsubscribe"] = _bracketed("List-Unsubscribe", f"<{outgoing.unsubscribe_url}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(outgoing.text, cte="quoted-printable")
    message.add_alternative(outgoing.html, subtype="html", cte="quoted-printable")
    message.set_boundary(_boundary(outgoing.message_id))
    return message.as_bytes()


def envelope_address(mailbox: str) -> str:
    """Read the bare address from one that may carry a name."""
    return _address("address", mailbox).addr_spec


class _WirePolicy(EmailPolicy):
    """Python's policy for SMTP, except that ids and links are never folded, and names and subjects are encoded whole.

    The library encodes a word that does not fit into its line by RFC 2047. In a List-Unsubscribe no mailbox provider
    decodes that: one-click would be broken without a trace. A longer line for all headers is no way out, since it
    makes encoded words of a subject longer than the 75 characters RFC 2047 allows. Where it breaks a long text it
    may lose the blank at the break; the older `email.header` does not.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in {"message-id", "list-unsubscribe"}:
            return f"{name}: {value}\r\n".encode("ascii")
        if value.isascii():
            return super().fold_binary(name, value)
        if isinstance(value, AddressHeader):
            [mailbox] = value.addresses
            return f"{name}: {_encoded(name, mailbox.display_name)}\r\n <{mailbox.addr_spec}>\r\n".encode("ascii")
        return f"{name}: {_encoded(name, value)}\r\n".encode("ascii")


def _encoded(header: str, words: str) -> str:
    return Header(str(words), "utf-8", maxlinelen=_ENCODED_LINE, header_name=header).encode(linesep="\r\n")


_WIRE = _WirePolicy(linesep="\r\n", max_line_length=_ENCODED_LINE)


def _clean(header: str, value: str) -> str:
    if _CONTROL.search(value):
        raise InvalidHeaderError(header, f"line breaks and control characters are not allowed: {value!r}")
    return value


def _bracketed(header: str, value: str) -> str:
    _clean(header, value)
    inner = value[1:-1]
    if not (value.startswith("<") and value.endswith(">")) or not inner.isascii() or set(inner) & set("<> "):
        raise InvalidHeaderError(header, f"not one ASCII value in angle brackets: {value!r}")
    if len(header) + 2 + len(value) > MAX_HEADER_LINE:
        raise InvalidHeaderError(header, f"longer than {MAX_HEADER_LINE} characters")
    return value


def _address(header: str, mailbox: str) -> Address:
    found = getaddresses([_clean(header, mailbox)])
    name, address = found[0] if len(found) == 1 else ("", "")
    if address.count("@") != 1 or not address.isascii():
        raise InvalidHeaderError(header, "not one plain mail address (a name with a comma needs quotes)")
    try:
        return Address(display_name=name, addr_spec=address)
    except (HeaderParseError, ValueError) as error:
        raise InvalidHeaderError(header, "not one plain mail address") from error


def _boundary(message_id: str) -> str:
    """A boundary that no part can hold: `=_` never occurs in quoted-printable (RFC 2045, 6.7)."""
    return "=_" + hashlib.sha256(message_id.encode()).hexdigest()[:24]
