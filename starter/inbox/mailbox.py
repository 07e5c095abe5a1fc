"""A folder of received mails, one `.eml` file each: what the development inbox keeps.

Ids are the time of arrival in nanoseconds, so that the order of names is the order of arrival, over restarts too.
"""

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from pydantic import Field
from selectolax.lexbor import LexborHTMLParser

from domain.model import Value

_ID = re.compile(r"[0-9]{20}")
_TEXT_LINK = re.compile(r"""https?://[^\s<>"']+""")


class Summary(Value):
    """A received mail in a list. `date` is what its header says, `received_at` when it came; both real time."""

    id: str
    sender: str = Field(serialization_alias="from")
    to: str
    subject: str
    date: datetime | None
    message_id: str
    received_at: datetime


class Letter(Summary):
    """A received mail with its bodies. `links` are the web links of the HTML, else of the text, in order."""

    html: str | None
    text: str | None
    headers: tuple[tuple[str, str], ...]
    links: tuple[str, ...]


class Mailbox:
    """Mails in a folder, which is made if it is missing. For one process at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._summaries: dict[str, Summary] = {}  # files never change
        self._newest = max((int(name) for name in self.ids()), default=0)

    def add(self, raw: bytes, *, sender: str, recipients: Iterable[str]) -> str:
        """Keep a mail, and return its id. The envelope is written on top of it (RFC 5321, 4.4)."""
        envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {recipient}" for recipient in recipients)]
        self._newest = max(time.time_ns(), self._newest + 1)
        name = f"{self._newest:020d}"
        half = self._folder / f".{name}.half"
        half.write_bytes("".join(f"{line}\r\n" for line in envelope).encode() + raw)
        half.replace(self._file(name))
        return name

    def ids(self) -> list[str]:
        """List all ids, oldest first."""
        return sorted(path.stem for path in self._folder.glob("*.eml") if _ID.fullmatch(path.stem))

    def raw(self, name: str) -> bytes | None:
        """Read a mail's source. None where there is none of that id; anything else than an id names none."""
        if not _ID.fullmatch(name):
            return None
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            return None

    def summaries(self) -> list[Summary]:
        """Describe all mails, oldest first."""
        found = []
        for name in self.ids():
            if name not in self._summaries and (raw := self.raw(name)) is not None:
                self._summaries[name] = Summary.model_validate(_described(name, _parsed(raw)))
            if name in self._summaries:
                found.append(self._summaries[name])
        return found

    def letter(self, name: str) -> Letter | None:
        """Read one mail, or None where there is none of that id."""
        raw = self.raw(name)
        if raw is None:
            return None
        message = _parsed(raw)
        html, text = _body(message, "html"), _body(message, "plain")
        return Letter(
            **_described(name, message),
            html=html,
            text=text,
            headers=tuple((header, str(value)) for header, value in message.items()),
            links=_links(html, text),
        )

    def clear(self) -> None:
        """Throw all mails away."""
        for name in self.ids():
            self._file(name).unlink(missing_ok=True)
        self._summaries.clear()

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.eml"


def _parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _described(name: str, message: EmailMessage) -> dict[str, object]:
    return {
        "id": name,
        "sender": str(message["From"] or message["Return-Path"] or ""),
        "to": str(message["To"] or message["Delivered-To"] or ""),
        "subject": str(message["Subject"] or ""),
        "date": _date(message),
        "message_id": str(message["Message-ID"] or ""),
        "received_at": datetime.fromtimestamp(int(name) / 1e9, UTC),
    }


def _date(message: EmailMessage) -> datetime | None:
    try:
        return parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return None


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except LookupError:  # a charset nobody knows
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else ""


def _links(html: str | None, text: str | None) -> tuple[str, ...]:
    if html is None:
        return tuple(_TEXT_LINK.findall(text or ""))
    addresses = (link.attributes["href"] or "" for link in LexborHTMLParser(html).css("a[href]"))
    return tuple(address for address in addresses if address.startswith(("http://", "https://")))
