"""The rule about translations: they are the same mail."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final
from urllib.parse import urlsplit

from mail.lint.finding import Finding, advice
from mail.lint.rule import Rule
from mail.lint.subject import DATA, Mail, shortened, words_of
from mail.render import SUFFIX

_BLOCKS: Final = "h1, h2, h3, li, img, a, .cta, .panel, .rule, .line"
_ENOUGH_WORDS: Final = 3
"""Words of the author's in a line from which it must differ between languages."""


def _siblings(mail: Mail) -> Iterator[Finding]:
    for language in mail.lacks:
        yield advice(
            about=language,
            wrong=f"It is not translated into {language!r}, and other mails of its journey are.",
            remedy=f"Write templates/{mail.template}.{language}{SUFFIX}, or customers get a journey in two languages.",
        )
    if mail.english is None:
        return
    yield from _same_call(mail, mail.english)
    yield from _same_blocks(mail, mail.english)
    yield from _translated(mail, mail.english)


def _same_call(mail: Mail, english: Mail) -> Iterator[Finding]:
    here, there = ([_target(call.attributes.get("href")) for call in each.calls] for each in (mail, english))
    if here != there:
        yield Finding(
            about="call to action",
            wrong=f"Its call to action leads to {_named(here)}, that of the English mail to {_named(there)}.",
            remedy="Let both lead to the same page.",
        )


def _named(targets: list[str]) -> str:
    return " and ".join(targets) or "nothing"


def _same_blocks(mail: Mail, english: Mail) -> Iterator[Finding]:
    for here, there in zip_longest(_blocks(mail), _blocks(english)):
        if here is None or there is None or here[0] != there[0]:
            yield Finding(
                about="blocks",
                wrong=f"Where the English mail has {_block(there)}, it has {_block(here)}.",
                remedy="Give both the same blocks in the same order, under the same conditions.",
            )
            return


def _blocks(mail: Mail) -> list[tuple[str, str]]:
    """Each block by its kind, and where it leads or what it shows; with its words."""
    found = []
    calls = {call.mem_id for call in mail.calls}  # judged apart
    for node in mail.page.css(_BLOCKS):
        if node.mem_id in calls:
            continue
        target = node.attributes.get("href") or node.attributes.get("src")
        kind = f"{node.tag} {_target(target)}" if target else f"{node.tag} {node.attributes.get('class') or ''}"
        found.append((kind.strip(), words_of(node)))
    return found


def _block(block: tuple[str, str] | None) -> str:
    return "no more" if block is None else f"{block[0]} “{shortened(block[1], 40)}”"


def _target(address: str | None) -> str:
    """Where it leads. What a mail to the shop begins with may be in the reader's language."""
    address = (address or "").strip()
    return address.partition("?")[0] if urlsplit(address).scheme == "mailto" else address


def _translated(mail: Mail, english: Mail) -> Iterator[Finding]:
    theirs = set(_lines(english))
    for line in _lines(mail):
        words = [word for word in line.replace(DATA, " ").split() if word.isalpha()]
        if line in theirs and len(words) >= _ENOUGH_WORDS:
            yield Finding(
                about=line,
                wrong=f"A line is left in English in the mail in {mail.language!r}.",
                quoted=shortened(line),
                remedy="Translate it; where it stands in a partial, let that choose by `language`.",
            )


def _lines(mail: Mail) -> tuple[str, ...]:
    subject, preheader, lines = mail.copy
    return (subject, preheader, *lines)


SIBLINGS = Rule("translation", "A translation has the same blocks, and its button leads to the same page.", _siblings)
