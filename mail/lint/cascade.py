"""Which style counts for which element: CSS's cascade, as far as mails need it.

Knows inline styles, style elements, `!important`, specificity, and the queries for dark mode. Of the widths it takes
the wide one. What mail clients add of their own, and what they turn dark by themselves, nobody knows.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"([^{}]+)\{((?:[^{}]|\{[^{}]*\})*)\}")
_NARROW = re.compile(r"max-(device-)?width")
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.IGNORECASE)
_CLASS_LIKE = re.compile(r"\.[\w-]+|\[[^\]]*\]|:(?!:)[\w-]+")
_TYPE_LIKE = re.compile(r"(?:^|[\s>+~])([a-zA-Z][\w-]*)")
_INLINE: Final = 1_000_000
"""More specific than any selector."""

_INTERESTING: Final = frozenset({"color", "background", "background-color", "font-size", "font-weight", "display"})
_STATES: Final = (":hover", ":active", ":focus", ":visited")

Styles = dict[str, str]


class _Declared(NamedTuple):
    important: bool
    specificity: int
    order: int
    value: str


class _Statement(NamedTuple):
    selector: str
    dark: bool
    styles: Mapping[str, str]


class Cascade:
    """The styles of one page's elements, in light or in dark mode."""

    def __init__(self, page: LexborHTMLParser, *, dark: bool) -> None:
        sheets = "\n".join(element.text() for element in page.css("style"))
        self._found: dict[int, dict[str, _Declared]] = {}
        for order, statement in enumerate(_statements(sheets)):
            if dark or not statement.dark:
                self._apply(page, statement, order)

    def of(self, element: int, inline: str) -> Styles:
        """The styles that count for an element, by its `mem_id`, with what its `style` attribute says."""
        counting = dict(self._found.get(element, {}))
        for name, value in _declarations(inline).items():
            _keep_stronger(counting, name, value, _INLINE, 0)
        return {name: declared.value for name, declared in counting.items()}

    def _apply(self, page: LexborHTMLParser, statement: _Statement, order: int) -> None:
        try:
            elements = page.css(statement.selector)
        except SelectolaxError:
            return  # a pseudo-element, or what only some client understands
        for element in elements:
            counting = self._found.setdefault(element.mem_id, {})
            for name, value in statement.styles.items():
                _keep_stronger(counting, name, value, _specificity(statement.selector), order)


def _keep_stronger(counting: dict[str, _Declared], name: str, value: str, specificity: int, order: int) -> None:
    declared = _Declared(bool(_IMPORTANT.search(value)), specificity, order, _IMPORTANT.sub("", value))
    if name == "background":
        name = "background-color"
    if name not in counting or counting[name][:3] <= declared[:3]:
        counting[name] = declared


@lru_cache(maxsize=64)
def _statements(sheets: str) -> tuple[_Statement, ...]:
    return tuple(_read(_COMMENT.sub("", sheets), dark=False))


def _read(sheet: str, *, dark: bool) -> Iterator[_Statement]:
    for head, body in _BLOCK.findall(sheet):
        if head.strip().startswith("@"):
            if head.strip().startswith("@media") and not _NARROW.search(head) and "print" not in head:
                is_dark = "prefers-color-scheme" in head and "dark" in head
                yield from _read(body, dark=dark or is_dark)
            continue
        styles = {name: value for name, value in _declarations(body).items() if name in _INTERESTING}
        for selector in head.split(",") if styles else ():
            if not any(state in selector for state in _STATES):
                yield _Statement(selector.strip(), dark, styles)


@lru_cache(maxsize=4096)
def _declarations(style: str) -> dict[str, str]:
    pairs = (declaration.partition(":") for declaration in style.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip().lower() in _INTERESTING}


@lru_cache(maxsize=1024)
def _specificity(selector: str) -> int:
    bare = _CLASS_LIKE.sub("", selector)
    ids = bare.count("#")
    return 10_000 * ids + 100 * len(_CLASS_LIKE.findall(selector)) + len(_TYPE_LIKE.findall(bare))
