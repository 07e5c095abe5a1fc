"""Words that anybody may have told, made fit to stand in the shop's mails, in a subject even. Pure.

What it leaves out: whether they are true, or polite. See docs/decisions/0039-whose-words-mails-show.md.
"""

import re
import unicodedata
from typing import Final

LONGEST: Final = 100
"""Characters. Names of products are shorter; a text that fits a subject and is longer is a message."""

_JOINERS: Final = "\u200c\u200d"
"""Of Persian, of Indian scripts, and of emoji: format characters that are part of words."""

_DOT_IN_HOST = re.compile(r"(?<=[^\W_])[.\u3002\uff0e\uff61](?=[^\W\d_]{2,})")
"""Of what mail programs take for a host, and make a link of: `win.example`. A name's own dots stand before a blank,
a digit or a single letter (`U.S.`, `3.5 l`). The other dots are those that IDNA takes for one (UTS #46, 2.3)."""


def as_words(text: str) -> str:
    """A text on one line, without control characters, of `LONGEST` at most, and with no host in it.

    A host's dots are set apart: `Dr.Martens` becomes `Dr. Martens`, and `win.example` is no link any more.
    """
    visible = "".join(each if _is_visible(each) else " " for each in text[: LONGEST * 10])
    return _DOT_IN_HOST.sub(". ", " ".join(visible.split()))[:LONGEST].strip()


def _is_visible(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
