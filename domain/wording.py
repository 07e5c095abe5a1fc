"""Words that others have told, made fit to stand in the shop's mails, in a subject even. Pure.

What it leaves out: whether they are true, or polite. See docs/decisions/0039-whose-words-mails-show.md.
"""

import re
from collections.abc import Callable
from typing import Any, Final

LONGEST: Final = 100
"""Characters. Names of products are shorter; a text that fits a subject and is longer is a message."""

WORDS: Final = (
    *("name", "title", "brand", "category", "topic", "variant", "level", "tier", "loyalty_tier", "loyaltyTier"),
    *("plan", "plan_name", "industry", "firstName", "first_name", "lastName", "last_name"),
)
"""Properties and traits that mails show as words, some of them in a subject."""

_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Control characters, and what begins a line."""

_BUT_LINES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")

_UNSEEN: Final = re.compile(
    r"[\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\ufffe\uffff\ufdd0-\ufdef"
    r"\ud800-\udfff\ue000-\uf8ff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U0010ffff]"
)
"""What has no look of its own, and changes how the rest is shown or found: the bidirectional controls (UAX #9), widths
of zero, soft hyphens, tags; surrogates, private use, and what is no character. Arabic and Hebrew need none of them:
their letters have a direction by themselves. Signs of numbers and verses are seen, and stay (U+0600, U+06DD)."""

_JOINERS_OUT_OF_PLACE: Final = re.compile(r"(?<![^\x00-\u02ff\s\u180e\u200c\u200d])[\u180e\u200c\u200d]+")
"""Joiners are parts of words in Persian, Indian scripts, Mongolian, and of emoji. Behind a Latin letter, or behind
another joiner, they only make a word unlike what it looks like."""

_DOT_IN_HOST = re.compile(r"(?<=[^\W_])[.\u3002\uff0e\uff61](?=[^\W\d_]{2,})")
"""Of what mail programs take for a host, and make a link of: `win.example`. A name's own dots stand before a blank,
a digit or a single letter (`U.S.`, `3.5 l`). The other dots are those that IDNA takes for one (UTS #46, 2.3)."""


def legible(text: str, *, lines: bool = False) -> str:
    """A text of the shop's side, a backend's or a feed's, without what is not seen; a control character is a blank.

    `lines`: it may have several, and tabs.
    """
    broken = _BUT_LINES.sub(" ", _as_line_feeds(text)) if lines else _BREAKS.sub(" ", text)
    return _JOINERS_OUT_OF_PLACE.sub("", _UNSEEN.sub("", broken)).strip()


def as_words(text: str) -> str:
    """A text of anybody's on one line, without what is not seen, of `LONGEST` at most, and with no host in it.

    A host's dots are set apart: `Dr.Martens` becomes `Dr. Martens`, and `win.example` is no link any more.
    """
    visible = _UNSEEN.sub(" ", _BREAKS.sub(" ", text[: LONGEST * 10]))
    words = " ".join(_JOINERS_OUT_OF_PLACE.sub(" ", visible).split())
    return _DOT_IN_HOST.sub(". ", words)[:LONGEST].strip()


def with_words(value: Any, clean: Callable[[str], str]) -> Any:
    """Make what mails show fit for them, in a call's properties or traits, wherever it stands."""
    match value:
        case dict():
            return {
                key: clean(each) if key in WORDS and isinstance(each, str) else with_words(each, clean)
                for key, each in value.items()
            }
        case list():
            return [with_words(each, clean) for each in value]
        case _:
            return value


def unseen(text: str, *, lines: bool = False) -> str | None:
    """The first character that `legible` takes, as `U+202E`; None where there is none."""
    given = (_as_line_feeds(text) if lines else text).strip()
    left = legible(given, lines=lines)
    pairs = zip(given, left.ljust(len(given), "\0"), strict=False)
    return next((f"U+{ord(had):04X}" for had, has in pairs if had != has), None)


def _as_line_feeds(text: str) -> str:
    return re.sub(r"\r\n?|[\u2028\u2029]", "\n", text)
