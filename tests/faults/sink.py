"""A mail server that keeps a book of what it accepted, on disk before it answers, and misbehaves by a seed.

Run as `python -m tests.faults.sink PORT FILE SEED SLOW`; the last is the share of mails that it answers late.
"""

import asyncio
import email
import email.policy
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from mail.feedback.tags import TAG
from tests.faults.sink_log import Conversation, SinkLog
from tests.faults.trouble import AT_MAIL, AT_RECIPIENT, Trouble, draw

LONGER_THAN_ANYBODY_WAITS = 20.0
A_WHILE = 1.0
"""Seconds."""

_LINK = r"https?://[^\s\"<>]+{}[\w.~-]+"
_CLICK, _CENTRE, _DATA = (re.compile(_LINK.format(path)) for path in ("/c/", "/p/", "/d/(?:export|erasure)/"))
_REPLIES = {
    Trouble.ACCEPTED: "250 taken",
    Trouble.SLOW: "250 taken",
    Trouble.DEFERRED: "451 come again",
    Trouble.REFUSED: "550 never",
}


class Sink:
    """The rules of one mail server."""

    def __init__(self, file: Path, seed: int, slow: float) -> None:
        self._seed, self._at_mail = seed, {**AT_MAIL, Trouble.SLOW: slow}
        self._attempts = SinkLog(file).attempts()
        self._book = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take the recipient, or say no, or say nothing."""
        what = self._draw(address, AT_RECIPIENT)
        if what is Trouble.ACCEPTED:
            envelope.rcpt_tos.append(address)
            return "250 OK"
        self._write(Conversation(at=time.time(), what=what, to=address))
        return await _behave(server, what)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the mail, or not; and tell the sender, or not."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = email.message_from_bytes(content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        message_id = str(mail["Message-ID"])
        what = self._draw(message_id, self._at_mail)
        self._write(
            Conversation(
                at=time.time(),
                what=what,
                to=envelope.rcpt_tos[0],
                message_id=message_id,
                click=_first(_CLICK, text),
                leave=str(mail.get("List-Unsubscribe", "")).strip("<>") or None,
                centre=_first(_CENTRE, text),
                data=_first(_DATA, text),
                tag=json.loads(str(mail.get("X-SMTPAPI", "{}"))).get("unique_args", {}).get(TAG, ""),
            )
        )
        return await _behave(server, what)

    def _draw(self, about: str, shares: Mapping[Trouble, float]) -> Trouble:
        self._attempts[about] += 1
        return draw(self._seed, about, self._attempts[about], shares)

    def _write(self, said: Conversation) -> None:
        os.write(self._book, said.model_dump_json().encode() + b"\n")
        os.fsync(self._book)


def _first(link: re.Pattern[str], text: str) -> str | None:
    found = link.search(text)
    return found[0] if found else None


async def _behave(server: SMTP, what: Trouble) -> str:
    if what is Trouble.SLOW:
        await asyncio.sleep(A_WHILE)
    if what in (Trouble.MUTE, Trouble.HANGING):
        await asyncio.sleep(LONGER_THAN_ANYBODY_WAITS)
    if what not in _REPLIES and isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
    return _REPLIES.get(what, "421 gone")


async def serve(port: int, file: Path, seed: int, slow: float) -> None:
    """Serve until killed."""
    sink = Sink(file, seed, slow)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="sink.invalid", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
