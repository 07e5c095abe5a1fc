"""Rules about how a mail is built: one purpose, headings, pictures, tables, language, size."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from mail.lint.finding import Finding, advice
from mail.lint.rule import Rule
from mail.lint.subject import Mail, quote, words_of

CLIPPED: Final = 102_000
"""Bytes of HTML after which Gmail cuts a mail off, and with it the unsubscribe link."""

NEARLY_CLIPPED: Final = 90_000
"""Tracked links are longer than those that are linted."""

_LAYOUT_ROLES: Final = {"presentation", "none"}
_RIGHT_TO_LEFT: Final = {"ar", "dv", "fa", "he", "ps", "ur", "yi"}


def _one_call(mail: Mail) -> Iterator[Finding]:
    calls = mail.calls
    if len(calls) != 1:
        yield Finding(
            about="none" if not calls else "several",
            wrong=f"It has {len(calls)} calls to action." if calls else "It has no call to action.",
            quoted=", ".join(words_of(call) for call in calls),
            remedy="Ask for one thing, with one `parts.call_to_action`; make the others plain links.",
        )
    elif not words_of(calls[0]):
        yield Finding(
            about="wordless",
            wrong="The call to action has no words.",
            quoted=quote(calls[0]),
            remedy="Say on the button what happens next.",
        )


def _heading(mail: Mail) -> Iterator[Finding]:
    headings = mail.page.css("h1, h2, h3, h4, h5, h6")
    first = [heading for heading in headings if heading.tag == "h1" and words_of(heading)]
    if len(first) != 1:
        yield Finding(
            about="h1",
            wrong=f"It has {len(first) or 'no'} main heading{'s' if len(first) > 1 else ''}.",
            quoted=", ".join(words_of(heading) for heading in first),
            remedy="Begin with one `parts.heading`; what comes below is an h2.",
        )
    for above, below in pairwise(headings):
        if _level(below.tag) > _level(above.tag) + 1:
            yield Finding(
                about=f"{above.tag} {below.tag}",
                wrong=f"An {below.tag} follows an {above.tag}: a level is left out.",
                quoted=words_of(below),
                remedy=f"Make it an h{_level(above.tag) + 1}; how it looks is the style's business.",
            )


def _level(tag: str | None) -> int:
    return int((tag or "h1")[1:])


def _pictures(mail: Mail) -> Iterator[Finding]:
    for image in mail.page.css("img"):
        words = image.attributes.get("alt")
        remedy = 'Say in `alt` what it shows; where it only decorates, write `alt="" role="presentation"`.'
        if "alt" not in image.attributes:
            yield Finding(about="alt", wrong="A picture has no alt text.", quoted=quote(image), remedy=remedy)
        elif not (words or "").strip() and image.attributes.get("role") not in _LAYOUT_ROLES:
            yield Finding(about="alt", wrong="A picture's alt text is empty.", quoted=quote(image), remedy=remedy)


def _tables(mail: Mail) -> Iterator[Finding]:
    for table in mail.page.css("table"):
        if table.attributes.get("role") not in _LAYOUT_ROLES and not table.css("th"):
            yield Finding(
                wrong="A table is neither marked as layout, nor has it headings.",
                quoted=quote(table),
                remedy='Write `role="presentation"` where it only places things, else head its columns with th.',
            )


def _language(mail: Mail) -> Iterator[Finding]:
    root = mail.page.css_first("html")
    attributes = root.attributes if root is not None else {}
    direction = "rtl" if mail.language in _RIGHT_TO_LEFT else "ltr"
    for name, right in (("lang", mail.language), ("dir", direction)):
        if (attributes.get(name) or "").lower() != right:
            yield Finding(
                about=name,
                wrong=f"The page says {name}={attributes.get(name)!r}, and is {right!r}.",
                quoted=quote(root) if root is not None else "",
                remedy=f'Let the layout say it: `<mjml {name}="…">`. Screen readers choose voice and order by it.',
            )


def _size(mail: Mail) -> Iterator[Finding]:
    size = len(mail.body.html.encode())
    remedy = "Show fewer products, or fewer words."
    if size > CLIPPED:
        yield Finding(wrong=f"Its HTML has {size:,} bytes; Gmail cuts off after {CLIPPED:,}.", remedy=remedy)
    elif size > NEARLY_CLIPPED:
        yield advice(wrong=f"Its HTML has {size:,} bytes, close to the {CLIPPED:,} that Gmail shows.", remedy=remedy)


ONE_CALL = Rule("call-to-action", "It asks for one thing, with one button.", _one_call)
HEADING = Rule("heading", "It has one main heading, and no level of heading is left out.", _heading)
PICTURES = Rule("pictures", "Every picture has alt text, or says that it only decorates.", _pictures)
TABLES = Rule("tables", "Tables that only place things say so.", _tables)
LANGUAGE = Rule("language", "The page says in which language and direction it is written.", _language)
SIZE = Rule("size", "It is small enough to be shown whole.", _size)
