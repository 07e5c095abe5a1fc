"""Rules about words that are there by accident: in the plain-text body, and where data is missing."""

import re
from collections.abc import Iterator
from typing import Final

from mail.lint.finding import Finding
from mail.lint.rule import Rule
from mail.lint.subject import DATA, Mail, shortened

_DEBRIS: Final = {
    "a character reference": re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,6});"),
    "markup": re.compile(r"</?(?:a|br|div|em|h[1-6]|img|li|mj-[a-z]+|p|span|strong|table|tbody|td|th|tr|ul)\b[^>]*/?>"),
    "a bare separator": re.compile(r"^[\s|•·\u2013\u2014-]+$|^\s*\||\|\s*$"),
}
_UNFINISHED: Final = {
    "a value that is not there": re.compile(r"\b(?:None|undefined|NaN|null)\b|\[object "),
    "template code": re.compile(r"\{\{|\}\}|\{%|%\}"),
    "a placeholder": re.compile(r"\b(?:TODO|TBD|FIXME|XXX)\b|[Ll]orem ipsum"),
    "a gap": re.compile(r"\w {1,3}[,.;](?!\w|\.)|\(\s*\)|“\s*”|„\s*“|,\s*,"),
}


def _text(mail: Mail) -> Iterator[Finding]:
    if not mail.body.text.strip():
        yield Finding(
            about="empty",
            wrong="The plain-text body is empty.",
            remedy="Write words; pictures alone say nothing to whoever reads text.",
        )
        return
    for call in mail.calls:
        address = (call.attributes.get("href") or "").strip()
        if address and address not in mail.body.text:
            yield Finding(
                about="call to action",
                wrong="The plain text lacks the address of the call to action.",
                quoted=address,
                remedy="Let the button have words, and an address with https://: then the text has it too.",
            )
    _, _, lines = mail.copy
    yield from _found(_DEBRIS, lines, "The plain text has", "Mend the HTML that it is made from.")


def _finished(mail: Mail) -> Iterator[Finding]:
    subject, preheader, lines = mail.copy
    yield from _found(_UNFINISHED, (subject, preheader, *lines), "It shows", "Guard it with `{% if … %}`.")


def _found(patterns: dict[str, re.Pattern[str]], lines: tuple[str, ...], where: str, remedy: str) -> Iterator[Finding]:
    for what, pattern in patterns.items():
        line = next((line for line in lines if pattern.search(line.replace(DATA, "x"))), None)
        if line is not None:
            yield Finding(about=what, wrong=f"{where} {what}.", quoted=shortened(line), remedy=remedy)


TEXT = Rule("plain-text", "The plain-text body stands alone.", _text)
FINISHED = Rule("finished", "It shows nothing that a template left unfinished, whatever data is missing.", _finished)
