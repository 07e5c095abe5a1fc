"""Searches bytes for words about people, however they are written: plain, escaped, encoded."""

import base64
import html
import json
import quopri
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Bytes: what is shorter is found by chance."""


class Traces:
    """Words to be looked for. Case does not matter, but in base64."""

    def __init__(self, words: Iterable[str]) -> None:
        self._forms = {word: (set(_written(word)), set(_encoded(word))) for word in words}
        assert all(len(word.encode()) >= SHORTEST for word in self._forms)

    def found_in(self, data: bytes) -> list[str]:
        """Which of the words are there."""
        folded = data.lower()
        # Quoted-printable breaks lines by a =, base64 wherever it likes.
        texts = {folded, folded.replace(b"=\r\n", b"").replace(b"=\n", b"")}
        raws = {data, data.replace(b"\r\n", b"").replace(b"\n", b"").replace(b"\\n", b"")}
        return [
            word
            for word, (written, encoded) in self._forms.items()
            if any(form in text for form in written for text in texts)
            or any(form in raw for form in encoded for raw in raws)
        ]


def _written(word: str) -> Iterator[bytes]:
    raw = word.encode()
    for form in (
        raw,
        quote(word, safe="").encode(),
        quote(word, safe="@").encode(),
        quote_plus(word).encode(),
        json.dumps(word)[1:-1].encode(),
        json.dumps(json.dumps(word)[1:-1])[1:-1].encode(),
        html.escape(word).encode(),
        quopri.encodestring(raw).replace(b"=\n", b"").rstrip(b"\n"),
        quopri.encodestring(raw, header=True).replace(b"=\n", b"").rstrip(b"\n"),
        raw.hex().encode(),
        word.encode("utf-16-le"),
    ):
        yield form.lower()


def _encoded(word: str) -> Iterator[bytes]:
    """In base64 a word begins at one of three places of a group; what its neighbours share is left out."""
    raw = word.encode()
    for before in range(3):
        padded = bytes(before) + raw
        whole = padded[: len(padded) // 3 * 3]
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(whole)[4 if before else 0 :]
