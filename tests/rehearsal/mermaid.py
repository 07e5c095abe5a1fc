"""Reads the part of Mermaid's flowcharts that pictures are drawn in, strictly."""

import re
from dataclasses import dataclass

_LABEL = r'"((?:[^"#<>&`;{}|\\*_~\[\]]|#\d+;)+)"'
_SHAPES = {
    "mail": (r"\[/", r"/\]"),
    "question": (r"\{", r"\}"),
    "wait": (r"\[", r"\]"),
    "terminal": (r"\(\[", r"\]\)"),
    "moment": (r"\(\(", r"\)\)"),
}
_BOXES = {shape: re.compile(rf"    (\w+){before}{_LABEL}{after}") for shape, (before, after) in _SHAPES.items()}
_ARROW = re.compile(rf"    (\w+) (?:-->|-- {_LABEL} -->|-\. {_LABEL} \.->) (\w+)")


@dataclass(frozen=True)
class Read:
    boxes: dict[str, tuple[str, str]]
    """Shape and words by name."""
    arrows: list[tuple[str, str, str]]
    """From, words, to."""

    def of(self, shape: str) -> list[str]:
        return [words for kind, words in self.boxes.values() if kind == shape]

    def told(self) -> set[str]:
        """Each arrow in a line, its ends by their words; what may happen at any moment is left out."""
        words = {name: told for name, (_, told) in self.boxes.items()}
        return {
            f"{words[one]} -- {label} --> {words[other]}" if label else f"{words[one]} --> {words[other]}"
            for one, label, other in self.arrows
            if self.boxes[one][0] != "moment"
        }


def read(text: str) -> Read:
    """Read a picture; an assertion fails where it is not well formed."""
    first, *lines = text.splitlines()
    assert first == "flowchart TD"
    assert text.endswith("\n")
    found = Read({}, [])
    for line in lines:
        _read_line(line, found)
    ends = {end for one, _, other in found.arrows for end in (one, other)}
    assert ends == set(found.boxes)
    return found


def _read_line(line: str, found: Read) -> None:
    if match := _ARROW.fullmatch(line):
        one, label, dotted, other = match.groups()
        found.arrows.append((one, _plain(label or dotted or ""), other))
        return
    [(shape, box)] = [(shape, box) for shape, pattern in _BOXES.items() if (box := pattern.fullmatch(line))]
    assert not found.arrows, f"a box after an arrow: {line}"
    assert box[1] not in found.boxes, f"a name twice: {line}"
    assert box[1].lower() not in {"end", "graph", "subgraph", "style", "class", "click", "default"}
    found.boxes[box[1]] = (shape, _plain(box[2]))


def _plain(label: str) -> str:
    return re.sub(r"#(\d+);", lambda number: chr(int(number[1])), label)
