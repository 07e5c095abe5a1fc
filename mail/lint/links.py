"""Rules about where a mail leads, what it loads, and how one leaves."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from mail.lint.finding import Finding
from mail.lint.rule import Rule
from mail.lint.subject import Mail, quote, shortened, words_of

_LOADING: Final = "link, script, iframe, frame, form, object, embed, video, audio, svg, base"
_LOADED_BY_STYLE: Final = ("@import", "@font-face", "url(")
_EMPTY_WORDS: Final = {"here", "click here", "this link", "link", "more", "hier", "hier klicken", "klicken sie hier"}


def _links(mail: Mail) -> Iterator[Finding]:
    for link in mail.links:
        address = (link.attributes.get("href") or "").strip()
        if not _is_absolute(address):
            yield Finding(
                about="address",
                wrong=f"A link leads to {address!r}, which is no whole address."
                if address
                else "A link leads nowhere.",
                quoted=quote(link),
                remedy="Lead to a whole address with https:// or mailto:; `| web_address(shop.url)` sees to it.",
            )
        if problem := _nameless(link):
            yield Finding(
                about="words",
                wrong=problem,
                quoted=quote(link),
                remedy="Let its words say where it leads: screen readers read links one after the other.",
            )


def _is_absolute(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return "@" in parts.path
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _nameless(link: LexborNode) -> str | None:
    words = words_of(link)
    if words.lower().rstrip(".") in _EMPTY_WORDS:
        return f"A link says only {words!r}."
    pictures = (image.attributes.get("alt") or "" for image in link.css("img"))
    if not words and not any(alt.strip() for alt in pictures):
        return "A link has neither words nor a picture with alt text."
    return None


def _loads(mail: Mail) -> Iterator[Finding]:
    remedy = "Take it out: mail clients block it, or tell its server who reads. Only pictures are loaded."
    for element in mail.page.css(_LOADING):
        yield Finding(
            about=element.tag or "", wrong=f"It holds a {element.tag} element.", quoted=quote(element), remedy=remedy
        )
    for written in _LOADED_BY_STYLE:
        if (at := mail.body.html.find(written)) >= 0:
            quoted = shortened(mail.body.html[at : at + 80])
            yield Finding(about=written, wrong=f"A style says {written!r}.", quoted=quoted, remedy=remedy)
    for image in mail.page.css("img"):
        if urlsplit((image.attributes.get("src") or "").strip()).scheme not in {"http", "https"}:
            yield Finding(
                about="img",
                wrong="A picture's address is none of the web.",
                quoted=quote(image),
                remedy='Show pictures only where `| web_address("")` leaves an address.',
            )


def _leaving(mail: Mail) -> Iterator[Finding]:
    if mail.transactional:
        return
    remedy = "Extend layout.mjml.j2: its footer has both. Only mail that is owed may use the transactional layout."
    ways_out = mail.page.css("a[href]")
    if not any(link.attributes.get("href") == mail.context.unsubscribe_url for link in ways_out):
        yield Finding(about="unsubscribe", wrong="It has no unsubscribe link.", remedy=remedy)
    address = _squeezed(mail.context.shop.postal_address)
    if address not in _squeezed(mail.shown):
        yield Finding(about="address", wrong="It does not show the shop's postal address.", remedy=remedy)


def _squeezed(words: str) -> str:
    return re.sub(r"[\s,]+", " ", words)


LINKS = Rule("links", "Every link leads to a whole address, and its words say where.", _links)
LOADS = Rule("loads", "It loads nothing but pictures.", _loads)
LEAVING = Rule("leaving", "Marketing mail shows how to unsubscribe, and the shop's postal address.", _leaving)
