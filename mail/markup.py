"""What a mail's MJML may hold. The compiler accepts any tag anywhere without a word, so somebody must look.

Not allowed on purpose: mj-include; mj-social and mj-accordion, which load icons from elsewhere and without alt text;
mj-font, a request for each mail opened; and of HTML all but what mail clients agree on.
"""

import re
from typing import Final

_CONTENT: Final = {"mj-column", "mj-hero"}
_PARENTS: Final = {
    "mjml": {""},
    "mj-head": {"mjml"},
    "mj-title": {"mj-head"},
    "mj-preview": {"mj-head"},
    "mj-attributes": {"mj-head"},
    "mj-style": {"mj-head"},
    "mj-raw": {"mj-head"},
    "mj-breakpoint": {"mj-head"},
    "mj-body": {"mjml"},
    "mj-wrapper": {"mj-body"},
    "mj-hero": {"mj-body"},
    "mj-section": {"mj-body", "mj-wrapper"},
    "mj-group": {"mj-section"},
    "mj-column": {"mj-section", "mj-group"},
    "mj-text": _CONTENT,
    "mj-button": _CONTENT,
    "mj-image": _CONTENT,
    "mj-divider": _CONTENT,
    "mj-spacer": _CONTENT,
    "mj-table": _CONTENT,
}
_DEFAULTS: Final = "mj-attributes"
"""Holds any tag, to give it default attributes."""

_HTML: Final = {
    *("p", "br", "a", "span", "strong", "b", "em", "i", "h1", "h2", "h3", "ul", "ol", "li", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td", "img", "meta"),
}
_HTML_PARENTS: Final = {"mj-text", "mj-button", "mj-table", "mj-raw"}

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<\s*(/?)\s*([a-zA-Z][\w:.-]*)(?:\"[^\"]*\"|'[^']*'|[^>\"'])*?(/?)>")


def first_problem(source: str) -> str | None:
    """Name the first tag that is unknown or out of place, or None if there is none."""
    open_tags = [""]
    for closing, name, empty in _TAG.findall(_COMMENT.sub("", source)):
        if closing and name not in _HTML:
            if open_tags.pop() != name:
                return f"</{name}> closes what is not open"
        elif problem := _misfit(name, open_tags[-1]):
            return problem
        elif name not in _HTML and not empty:
            open_tags.append(name)
    return None


def _misfit(name: str, place: str) -> str | None:
    if place == _DEFAULTS:
        return None
    allowed = _HTML_PARENTS if name in _HTML else _PARENTS.get(name)
    if allowed is None:
        return f"<{name}> is not allowed in a mail"
    return None if place in allowed else f"<{name}> cannot stand in <{place}>"
