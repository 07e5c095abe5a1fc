"""The plain-text body, made from the HTML one.

It must stand alone as a mail, so links are spelled out. Images are left out: in Segue's templates the words stand
beside them. Of layout, which in mail means nested tables, only the order remains.
"""

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

_BLOCKS: Final = frozenset(
    {"p", "div", "table", "ul", "ol", "h1", "h2", "h3", "h4", "blockquote", "section", "article"}
)
_LINES: Final = frozenset({"li", "tr", "br"})
_LAYOUT_CELLS: Final = frozenset({"td", "th"})
_SILENT: Final = frozenset({"head", "style", "script", "template", "img", "-comment"})
_HIDDEN = re.compile(r"display:\s*none", re.IGNORECASE)
_LINKED = ("http://", "https://", "mailto:", "tel:")

# Marks in the raw text; the characters are of Unicode's private use area, and cannot come from a template's words.
_PARAGRAPH: Final = "\ue000"
_LINE: Final = "\ue001"
_CELL: Final = "\ue002"
_MARKS: Final = re.compile(f"[{_PARAGRAPH}{_LINE}{_CELL}]")


def to_text(html: str) -> str:
    """Write an HTML mail as plain text: paragraphs apart by an empty line, links as `words <address>`."""
    body = LexborHTMLParser(html).body
    raw = _children(body) if body is not None else ""
    paragraphs = []
    for paragraph in raw.split(_PARAGRAPH):
        lines = (_joined_cells(line) for line in paragraph.split(_LINE))
        paragraphs.append("\n".join(line for line in lines if line))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _children(node: LexborNode) -> str:
    return "".join(_written(child) for child in node.iter(include_text=True))


def _written(node: LexborNode) -> str:
    tag = node.tag or ""
    if tag == "-text":
        return _MARKS.sub("", node.text_content or "")
    if tag in _SILENT or _HIDDEN.search(node.attributes.get("style") or ""):
        return ""
    if tag == "a":
        return _link(node)
    inner = _children(node)
    if tag in _BLOCKS:
        return _PARAGRAPH + inner + _PARAGRAPH
    if tag in _LINES:
        return _LINE + (_bullet(node) if tag == "li" else "") + inner
    return inner + _CELL if tag in _LAYOUT_CELLS else inner


def _bullet(item: LexborNode) -> str:
    """A dash, or the item's number in a numbered list."""
    if item.parent is None or item.parent.tag != "ol":
        return "- "
    number, before = 1, item.prev
    while before is not None:
        number, before = number + (before.tag == "li"), before.prev
    return f"{number}. "


def _link(node: LexborNode) -> str:
    words = _joined_cells(_MARKS.sub(" ", _children(node)))
    address = (node.attributes.get("href") or "").strip()
    if not words or not address.startswith(_LINKED):
        return words
    if words in {address, address.partition(":")[2]}:
        return words
    return f"{words} <{address}>"


def _joined_cells(line: str) -> str:
    cells = (" ".join(cell.split()) for cell in line.split(_CELL))
    return " | ".join(cell for cell in cells if cell)
