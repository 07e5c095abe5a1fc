"""The rule about contrast: text is read on its background, in light and in dark."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail.lint.cascade import Cascade, Styles
from mail.lint.color import LEAST, LEAST_LARGE, WHITE, Color, contrast, parse_color
from mail.lint.finding import Finding
from mail.lint.rule import Rule
from mail.lint.subject import Mail, shortened

_BLACK: Final = Color(0, 0, 0)
_DARK_CANVAS: Final = Color(18, 18, 18)
"""What browsers show below a page that declares `color-scheme: dark`."""

_LARGE: Final = 24.0
_LARGE_IF_BOLD: Final = 18.66
"""Pixels from which text is large: 18 and 14 points (WCAG 2.2)."""

_BOLD: Final = 700
_WORDS = re.compile(r">[^<]*[^<\s][^<]*<")
_NO_LOOK = re.compile(r' (?:href|src|alt|aria-label|lang)="[^"]*"')
_SILENT: Final = frozenset({"head", "style", "script", "template", "title"})
_HEADINGS: Final = {"h1": 2.0, "h2": 1.5, "h3": 1.17}
_BY_ITSELF_BOLD: Final = frozenset({"h1", "h2", "h3", "h4", "b", "strong", "th"})


@dataclass(frozen=True)
class _Paint:
    """How text is shown at some place. None where it cannot be known."""

    color: Color | None
    ground: Color | None
    size: float = 16.0
    weight: int = 400

    @property
    def least(self) -> float:
        """The contrast that it needs."""
        is_large = self.size >= _LARGE or (self.size >= _LARGE_IF_BOLD and self.weight >= _BOLD)
        return LEAST_LARGE if is_large else LEAST


class _Contrast:
    """Judges pages, and remembers which looks are right: most samples differ in words and addresses alone."""

    def __init__(self) -> None:
        self._right: set[bytes] = set()

    def find(self, mail: Mail) -> Iterator[Finding]:
        look = _look(mail)
        if look in self._right:
            return
        found = [*_in_mode(mail.page, dark=False), *_in_mode(mail.page, dark=True)]
        yield from found
        if not found:
            self._right.add(look)


def _look(mail: Mail) -> bytes:
    """What colors depend on: the styles, and the elements without their words and addresses."""
    styles = "".join(element.text() for element in mail.page.css("style"))
    elements = _NO_LOOK.sub("", _WORDS.sub(">words<", mail.body.html))
    return hashlib.sha256(f"{styles}\0{elements}".encode()).digest()


def _in_mode(page: LexborHTMLParser, *, dark: bool) -> Iterator[Finding]:
    if page.body is None:
        return
    cascade = Cascade(page, dark=dark)
    is_dark = dark and bool(page.css("meta[name=color-scheme][content*=dark]"))
    ground = _Paint(WHITE, _DARK_CANVAS) if is_dark else _Paint(_BLACK, WHITE)
    told = set()
    for words, paint in _painted(page.body, cascade, ground):
        if paint.color is None or paint.ground is None:
            continue
        color = paint.color.over(paint.ground)
        ratio = contrast(color, paint.ground)
        if ratio < paint.least and (color, paint.ground) not in told:
            told.add((color, paint.ground))
            yield Finding(
                about=f"{color} on {paint.ground} {dark}",
                wrong=f"In {'dark' if dark else 'light'} mode text is {color} on {paint.ground}, a contrast of "
                f"{ratio:.1f} to 1; it needs {paint.least:g}.",
                quoted=shortened(words),
                remedy="Take a darker or a lighter color, in the style partial where it is everybody's.",
            )


def _painted(node: LexborNode, cascade: Cascade, paint: _Paint) -> Iterator[tuple[str, _Paint]]:
    """Every text that is seen, with how it is painted."""
    attributes = node.attributes
    styles = cascade.of(node.mem_id, attributes.get("style") or "")
    if styles.get("display") == "none":
        return
    paint = _inherit(paint, node.tag or "", styles, attributes.get("bgcolor"))
    child = node.first_child
    while child is not None:
        if child.is_text_node:
            if words := (child.text_content or "").strip():
                yield words, paint
        elif child.is_element_node and child.tag not in _SILENT:
            yield from _painted(child, cascade, paint)
        child = child.next


def _inherit(above: _Paint, tag: str, styles: Styles, bgcolor: str | None) -> _Paint:
    paint = above
    if tag in _HEADINGS:
        paint = replace(paint, size=above.size * _HEADINGS[tag])
    if tag in _BY_ITSELF_BOLD:
        paint = replace(paint, weight=_BOLD)
    if "font-size" in styles:
        paint = replace(paint, size=_pixels(styles["font-size"], above.size))
    if "font-weight" in styles:
        paint = replace(paint, weight=_weight(styles["font-weight"], above.weight))
    if styles.get("color", "inherit") != "inherit":
        paint = replace(paint, color=parse_color(styles["color"]))
    elif tag == "a" and "color" not in styles:
        paint = replace(paint, color=None)  # the client's own
    ground = styles.get("background-color") or bgcolor
    if ground and ground not in {"none", "inherit", "transparent"}:
        paint = replace(paint, ground=_on(ground, above.ground))
    return paint


def _on(ground: str, below: Color | None) -> Color | None:
    color = parse_color(ground)
    if color is None or (below is None and color.alpha < 1):
        return None
    return color.over(below or WHITE)


@lru_cache(maxsize=256)
def _pixels(size: str, above: float) -> float:
    for unit, factor in (("px", 1.0), ("pt", 4 / 3), ("rem", 16.0), ("em", above), ("%", above / 100)):
        if size.endswith(unit):
            try:
                return float(size.removesuffix(unit)) * factor
            except ValueError:
                return above
    return 0.0 if size == "0" else above


def _weight(weight: str, above: int) -> int:
    return int(weight) if weight.isdigit() else {"bold": _BOLD, "normal": 400}.get(weight, above)


CONTRAST = Rule("contrast", "Text is read on its background, in light and in dark mode.", _Contrast().find)
