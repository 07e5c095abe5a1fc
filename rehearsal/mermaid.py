"""Mermaid's flowcharts as text: boxes and arrows in, a diagram out (mermaid.js.org/syntax/flowchart.html)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import count

_RESERVED = frozenset(
    {"end", "graph", "flowchart", "subgraph", "style", "class", "classdef", "click", "call", "href", "linkstyle"}
    | {"direction", "default", "interpolate", "acctitle", "accdescr"}
)
"""Words that a name must not be."""

_SPECIAL = re.compile(r"[^\w\s.,:?!()/+“”‘’…–—·€$£-]|_|^[+-]|^\d+(?=[.)])|:(?=//)")  # noqa: RUF001 -- quotation marks
"""What Mermaid, or the Markdown or HTML in its labels, would not take as it stands."""


class Shape(Enum):
    """What stands before and after a box's words."""

    MAIL = ("[/", "/]")
    QUESTION = ("{", "}")
    WAIT = ("[", "]")
    TERMINAL = ("([", "])")
    MOMENT = ("((", "))")


@dataclass(frozen=True)
class Box:
    """A node of the diagram. `name` must be one that `named` made."""

    name: str
    shape: Shape
    words: str

    def __str__(self) -> str:
        before, after = self.shape.value
        return f"{self.name}{before}{quoted(self.words)}{after}"


@dataclass(frozen=True)
class Arrow:
    """An edge of the diagram, with words or without."""

    one: Box
    other: Box
    words: str = ""
    dotted: bool = False

    def __str__(self) -> str:
        begins, ends = ("-.", ".->") if self.dotted else ("--", "-->")
        between = f"{begins} {quoted(self.words)} {ends}" if self.words else ("-.->" if self.dotted else "-->")
        return f"{self.one.name} {between} {self.other.name}"


def flowchart(boxes: Iterable[Box], arrows: Iterable[Arrow]) -> str:
    """The diagram, from top to bottom, ending in a line break."""
    lines = ["flowchart TD", *(f"    {each}" for each in (*boxes, *arrows))]
    return "\n".join(lines) + "\n"


def named(words: str, taken: Iterable[str]) -> str:
    """A name like the words that Mermaid takes and no other box has."""
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    name = plain if plain and plain not in _RESERVED and not plain[0].isdigit() else f"step_{plain}".strip("_")
    others = set(taken)
    candidates = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(candidate for candidate in candidates if candidate not in others)


def quoted(words: str) -> str:
    """Words as a label: everything that could mean something to Mermaid, Markdown or HTML by its number."""
    escaped = _SPECIAL.sub(lambda found: "".join(f"#{ord(each)};" for each in found[0]), " ".join(words.split()))
    return f'"{escaped or "…"}"'
