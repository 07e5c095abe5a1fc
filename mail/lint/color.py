"""Colors of CSS, and how well one is read on another (WCAG 2.2, 1.4.3)."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

LEAST: Final = 4.5
LEAST_LARGE: Final = 3.0
_NAMES: Final = {"white": "#ffffff", "black": "#000000", "transparent": "#00000000"}
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+)(%?))?\s*\)")


class Color(NamedTuple):
    """Red, green, blue from 0 to 255, and how opaque it is from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, below: "Color") -> "Color":
        """What is seen of it on a color that is opaque."""
        mixed = (self.alpha * one + (1 - self.alpha) * other for one, other in zip(self[:3], below[:3], strict=True))
        return Color(*mixed)

    def __str__(self) -> str:
        return "#" + "".join(f"{round(part):02x}" for part in self[:3])


WHITE = Color(255, 255, 255)


@lru_cache(maxsize=1024)
def parse_color(words: str) -> Color | None:
    """Read a color; None where it is none, or one that is written in a way few mail clients know."""
    words = words.strip().lower()
    words = _NAMES.get(words, words)
    if found := _HEX.fullmatch(words):
        digits = found[1] if len(found[1]) > 4 else "".join(digit * 2 for digit in found[1])  # noqa: PLR2004 - #rgba
        parts = [int(digits[at : at + 2], 16) for at in range(0, len(digits), 2)]
        return Color(parts[0], parts[1], parts[2], parts[3] / 255 if parts[3:] else 1.0)
    if found := _RGB.fullmatch(words):
        alpha = float(found[4] or 1) / (100 if found[5] else 1)
        return Color(int(found[1]), int(found[2]), int(found[3]), alpha)
    return None


@lru_cache(maxsize=4096)
def contrast(one: Color, other: Color) -> float:
    """From 1, the same, to 21, black on white."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    parts = (part / 255 for part in color[:3])
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)  # noqa: PLR2004 - sRGB
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
