# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow>=11"]
# ///
"""Draws the pictures of the sample shop: one flat illustration for each product, 400 pixels square.

Not part of a release: run it (`uv run samples/draw.py`, or with Pillow installed) after a product was added to
`SHAPES`. A unit is a hundredth of the picture; the floor is at 84.
"""

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent / "shop" / "images"
SIZE, FINER = 400, 4
COLOURS = 48
"""In the palette of each picture: flat drawings need no more, and are small."""

OAK, WALNUT, ASH, BLACK = "#c49a6c", "#7d5a3f", "#dcc39a", "#33363b"
BRASS, STEEL, CREAM, OAT = "#c9a24d", "#a9adb0", "#f3ead9", "#e5d8c0"
CLAY, RUST, SAGE, MOSS = "#c98a68", "#b0573a", "#9fae8f", "#66735a"
INK, DUSK, ROSE, OCHRE = "#3c4a5e", "#8598ad", "#d3a29a", "#d09c3c"
GLOW, WHITE, GREY, SMOKE = "#ffe7a6", "#fbf8f2", "#b9b6b0", "#8f949a"
ROOMS = {
    "Lighting": "#efe6d8",
    "Seating": "#e3e8e1",
    "Textiles": "#efe1dc",
    "Tableware": "#e2e7ea",
    "Storage": "#ece5da",
    "Decor": "#e9e4ec",
}

Point = tuple[float, float]


class Canvas:
    """A picture under way, in hundredths of its size."""

    def __init__(self, room: str) -> None:
        self._scale = SIZE * FINER / 100
        self._image = Image.new("RGB", (SIZE * FINER, SIZE * FINER), room)
        self._draw = ImageDraw.Draw(self._image)
        self.rect(0, 84, 100, 100, shade(room, 0.94))

    def _at(self, *values: float) -> list[float]:
        return [value * self._scale for value in values]

    def rect(self, x0: float, y0: float, x1: float, y1: float, fill: str, r: float = 0) -> None:
        """A rectangle, its corners rounded by `r`."""
        self._draw.rounded_rectangle(self._at(x0, y0, x1, y1), r * self._scale, fill)

    def oval(self, x0: float, y0: float, x1: float, y1: float, fill: str) -> None:
        """An ellipse in a box."""
        self._draw.ellipse(self._at(x0, y0, x1, y1), fill)

    def ring(self, x0: float, y0: float, x1: float, y1: float, fill: str, width: float) -> None:
        """An ellipse's outline."""
        self._draw.ellipse(self._at(x0, y0, x1, y1), outline=fill, width=round(width * self._scale))

    def poly(self, fill: str, *points: Point) -> None:
        """A polygon."""
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill)

    def line(self, fill: str, width: float, *points: Point) -> None:
        """A line with round ends."""
        self._draw.line(
            [(x * self._scale, y * self._scale) for x, y in points], fill, round(width * self._scale), "curve"
        )
        for x, y in (points[0], points[-1]):
            self.oval(x - width / 2, y - width / 2, x + width / 2, y + width / 2, fill)

    def arc(
        self, x0: float, y0: float, x1: float, y1: float, start: float, end: float, fill: str, width: float
    ) -> None:
        """A part of an ellipse's outline, in degrees from three o'clock."""
        self._draw.arc(self._at(x0, y0, x1, y1), start, end, fill, round(width * self._scale))

    def pie(self, x0: float, y0: float, x1: float, y1: float, start: float, end: float, fill: str) -> None:
        """A part of an ellipse."""
        self._draw.pieslice(self._at(x0, y0, x1, y1), start, end, fill)

    def shadow(self, x0: float, x1: float, y: float = 84) -> None:
        """Where something stands."""
        self.oval(x0, y - 1.6, x1, y + 2.6, "#d3ccc0")

    def save(self, path: Path) -> None:
        """Write it, small."""
        small = self._image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        small.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)


def shade(colour: str, factor: float) -> str:
    """A colour darker (below 1) or lighter."""
    channels = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{min(round(channel * factor), 255):02x}" for channel in channels)


Shape = Callable[[Canvas], None]


# -- lighting ----------------------------------------------------------------------------------------------------------


def floor_lamp(c: Canvas) -> None:
    c.shadow(36, 66)
    c.poly("#f6edcf", (38, 40), (62, 40), (76, 84), (24, 84))
    c.line(OAK, 2, (50, 38), (50, 82))
    c.rect(39, 81, 61, 84, WALNUT, 1.5)
    c.poly("#e0cba0", (40, 16), (60, 16), (67, 40), (33, 40))
    c.poly(GLOW, (34, 37), (66, 37), (67, 40), (33, 40))


def desk_lamp(c: Canvas) -> None:
    c.shadow(22, 48)
    c.poly("#f4eac9", (58, 46), (80, 46), (88, 84), (48, 84))
    c.arc(33, 20, 75, 100, 180, 285, INK, 2.4)
    c.rect(24, 80, 46, 84, INK, 2)
    c.rect(32.8, 58, 35.2, 82, INK)
    c.pie(54, 22, 84, 62, 180, 360, INK)
    c.oval(64, 40, 74, 46, GLOW)


def paper_lamp(c: Canvas) -> None:
    c.shadow(33, 67)
    c.rect(36, 14, 64, 82, "#fff3d2", 5)
    c.rect(41, 14, 59, 82, "#fff8e6")
    for y in range(20, 82, 6):
        c.line("#ead9b0", 0.5, (36, y), (64, y))
    c.rect(38, 81, 62, 84, OAK, 1)


def globe_lamp(c: Canvas) -> None:
    c.shadow(32, 68)
    c.oval(24, 18, 76, 70, "#f8ecd0")
    c.oval(29, 23, 71, 65, WHITE)
    c.oval(38, 30, 62, 56, "#fff4d3")
    c.poly(CLAY, (42, 63), (58, 63), (65, 84), (35, 84))
    c.rect(41, 61, 59, 65, shade(CLAY, 0.85), 1)


def wall_light(c: Canvas) -> None:
    c.rect(18, 34, 24, 60, BRASS, 2)
    c.line(BRASS, 2, (22, 47), (48, 38), (66, 47))
    c.oval(46, 36, 50, 40, shade(BRASS, 0.8))
    c.poly("#f8ecca", (58, 62), (80, 62), (90, 84), (48, 84))
    c.poly(BRASS, (62, 46), (74, 46), (81, 63), (57, 63))
    c.poly(GLOW, (57.4, 61.6), (80.6, 61.6), (81, 63), (57, 63))


def glass_pendant(c: Canvas) -> None:
    c.line(BLACK, 0.8, (50, 0), (50, 26))
    c.rect(46, 24, 54, 32, BRASS, 1)
    c.pie(26, 30, 74, 90, 180, 360, SMOKE)
    c.oval(42, 40, 58, 57, GLOW)
    for x in range(30, 72, 5):
        c.line("#b4b9bd", 0.6, (50 + (x - 50) * 0.3, 32), (x, 59.4))
    c.rect(26, 58.6, 74, 60.6, shade(SMOKE, 0.85), 1)


def dome_pendant(c: Canvas) -> None:
    c.line(BLACK, 0.8, (50, 0), (50, 26))
    c.poly("#f4ecd2", (27, 58), (73, 58), (86, 84), (14, 84))
    c.rect(45, 22, 55, 33, shade(SAGE, 0.8), 1.5)
    c.pie(22, 30, 78, 88, 180, 360, SAGE)
    c.rect(20, 57.4, 80, 60.4, shade(SAGE, 0.85), 1.4)
    c.oval(43, 58, 57, 64, GLOW)


def lantern(c: Canvas) -> None:
    c.shadow(30, 70)
    c.arc(34, 18, 66, 58, 180, 360, MOSS, 2)
    c.rect(34, 38, 66, 46, MOSS, 3)
    c.rect(37, 46, 63, 74, "#fff0c2")
    c.oval(44, 52, 56, 72, GLOW)
    for x in (37, 49.2, 61.4):
        c.rect(x, 46, x + 1.6, 74, MOSS)
    c.rect(32, 74, 68, 84, MOSS, 3)


def bulbs(c: Canvas) -> None:
    for x, y in ((28, 44), (50, 34), (72, 44)):
        c.oval(x - 11, y - 10, x + 11, y + 12, "#fff1c4")
        c.poly("#fff1c4", (x - 8, y + 8), (x + 8, y + 8), (x + 4, y + 19), (x - 4, y + 19))
        c.line(OCHRE, 0.8, (x - 3, y + 16), (x - 3, y), (x, y + 5), (x + 3, y), (x + 3, y + 16))
        c.rect(x - 5, y + 18, x + 5, y + 27, BRASS, 1)
        for step in (20.5, 23.5):
            c.line(shade(BRASS, 0.8), 0.6, (x - 5, y + step), (x + 5, y + step))


def dimmer(c: Canvas) -> None:
    c.line(GREY, 1.6, (50, 70), (50, 84), (30, 92))
    c.rect(30, 26, 70, 72, WHITE, 7)
    c.rect(30, 66, 70, 72, shade(WHITE, 0.92), 3)
    c.oval(38, 34, 62, 58, shade(WHITE, 0.9))
    c.oval(40, 36, 60, 56, CREAM)
    c.line(BRASS, 1.6, (50, 46), (56, 40))


# -- seating -----------------------------------------------------------------------------------------------------------


def armchair(c: Canvas, cover: str, wood: str, *, cane: bool = False) -> None:
    c.shadow(22, 78)
    for x0, x1 in ((29, 26), (71, 74)):
        c.line(wood, 2.6, (x0, 60), (x1, 83))
    c.rect(29, 22, 71, 66, cover, 6)
    if cane:
        for x in range(33, 70, 4):
            c.line(shade(cover, 0.85), 0.5, (x, 25), (x, 60))
        for y in range(26, 60, 4):
            c.line(shade(cover, 0.85), 0.5, (32, y), (68, y))
    c.rect(26, 56, 74, 68, shade(cover, 0.93) if not cane else CREAM, 4)
    for x in (20, 70):
        c.rect(x, 45, x + 10, 49.5, wood, 2)
        c.line(wood, 2.4, (x + 5, 48), (x + 5, 70))
    c.rect(24, 66, 76, 70, wood, 1.4)


def dining_chair(c: Canvas) -> None:
    c.shadow(30, 70)
    for x in range(37, 66, 5):
        c.line(BLACK, 1, (x, 22), (x, 54))
    c.rect(32, 16, 68, 22, BLACK, 3)
    c.line(BLACK, 2, (34, 20), (33, 54))
    c.line(BLACK, 2, (66, 20), (67, 54))
    c.rect(29, 52, 71, 58, shade(BLACK, 1.25), 2.5)
    c.line(BLACK, 2.2, (33, 58), (29, 83))
    c.line(BLACK, 2.2, (67, 58), (71, 83))
    c.line(BLACK, 1.2, (31.5, 70), (68.5, 70))


def sofa(c: Canvas, cover: str, seats: int, *, soft: float = 3) -> None:
    left, right = (10, 90) if seats == 3 else (18, 82)
    c.shadow(left, right)
    for foot in (left + 6, right - 6):
        c.line(WALNUT, 2.4, (foot, 74), (foot, 83))
    c.rect(left + 4, 36, right - 4, 66, shade(cover, 0.94), soft + 3)
    width = (right - left - 16) / seats
    for seat in range(seats):
        x = left + 8 + seat * width
        c.rect(x + 0.5, 40, x + width - 0.5, 60, cover, soft + 1)
        c.rect(x + 0.5, 58, x + width - 0.5, 68, shade(cover, 1.04), soft)
    c.rect(left + 2, 67, right - 2, 76, shade(cover, 0.9), soft)
    c.rect(left, 48, left + 9, 76, shade(cover, 0.97), soft + 1)
    c.rect(right - 9, 48, right, 76, shade(cover, 0.97), soft + 1)


def step_stool(c: Canvas) -> None:
    c.shadow(26, 76)
    c.rect(30, 36, 62, 40.5, ASH, 1.4)
    c.rect(48, 58, 76, 62, ASH, 1.4)
    c.line(shade(ASH, 0.86), 3, (33, 40), (29, 83))
    c.line(shade(ASH, 0.86), 3, (59, 40), (73, 83))
    c.line(shade(ASH, 0.8), 2, (32, 62), (66, 62))


def counter_stool(c: Canvas) -> None:
    c.shadow(34, 66)
    c.rect(34, 28, 66, 33, WALNUT, 2.5)
    c.line(WALNUT, 2.4, (39, 33), (34, 83))
    c.line(WALNUT, 2.4, (61, 33), (66, 83))
    c.line(BRASS, 1.6, (36, 70), (64, 70))


def bench(c: Canvas) -> None:
    c.shadow(14, 86)
    c.rect(12, 50, 88, 55, OAK, 1.4)
    for x in (17, 80):
        c.rect(x, 55, x + 3.4, 84, shade(OAK, 0.88))
    for y in (72, 76):
        c.rect(18, y, 82, y + 2, shade(OAK, 0.94))
    c.rect(28, 65, 38, 72, INK, 3)
    c.rect(40, 65, 50, 72, INK, 3)


def pouf(c: Canvas) -> None:
    c.shadow(22, 78)
    c.oval(20, 44, 80, 86, OCHRE)
    for step in range(6):
        inset = step * 5
        c.arc(20 + inset, 44, 80 - inset, 86, 180, 360, shade(OCHRE, 0.88), 0.8)
    c.oval(34, 46, 66, 56, shade(OCHRE, 1.1))


def ottoman(c: Canvas) -> None:
    c.shadow(20, 80)
    c.rect(22, 54, 78, 80, shade(OAT, 0.95), 3)
    c.rect(20, 46, 80, 58, OAT, 4)
    c.line(shade(OAT, 0.82), 0.6, (22, 58.6), (78, 58.6))
    for x in (28, 72):
        c.line(WALNUT, 2.4, (x, 80), (x, 84))


# -- textiles ----------------------------------------------------------------------------------------------------------


def throw(c: Canvas, cloth: str, stripe: str) -> None:
    c.shadow(20, 80)
    for row, (x, y) in enumerate(((22, 70), (23, 59), (24, 48))):
        c.rect(x, y, 100 - x, y + 13, shade(cloth, 0.92 + row * 0.04), 5)
        c.rect(x + 12, y, x + 18, y + 13, stripe)
        c.rect(x + 22, y, x + 24, y + 13, stripe)
    for x in range(27, 76, 3):
        c.line(shade(cloth, 0.85), 0.6, (x, 82), (x, 87))


def cushion(c: Canvas, cloth: str, *, loops: bool = False) -> None:
    c.shadow(22, 78, 82)
    c.poly(cloth, (20, 24), (50, 28), (80, 24), (77, 52), (80, 82), (50, 78), (20, 82), (23, 52))
    c.rect(24, 28, 76, 78, shade(cloth, 1.03), 9)
    if loops:
        for row in range(9):
            for place in range(9):
                x, y = 29 + place * 5 + (row % 2) * 2.5, 32 + row * 5
                c.ring(x, y, x + 3, y + 3, shade(cloth, 0.9), 0.6)
    else:
        c.line(shade(cloth, 0.9), 0.6, (30, 34), (50, 50), (70, 34))
        c.line(shade(cloth, 0.9), 0.6, (30, 72), (50, 52), (70, 72))


def rug(c: Canvas) -> None:
    c.poly("#f2ece0", (26, 26), (74, 26), (90, 82), (10, 82))
    for step in range(4):
        y = 34 + step * 12
        spread = 28 + step * 3.4
        for place in (-0.66, 0, 0.66):
            x = 50 + place * spread
            c.poly(BLACK, (x, y - 3.4), (x + 4.6, y), (x, y + 3.4), (x - 4.6, y))
    for x in range(12, 90, 3):
        c.line("#e0d6c2", 0.6, (x, 82), (x - 0.6, 87))


def runner(c: Canvas) -> None:
    c.poly("#cdb07e", (40, 14), (60, 14), (74, 90), (26, 90))
    for step in range(18):
        y = 16 + step * 4.1
        half = 10 + (y - 14) * 0.184
        c.line("#b89a68", 0.7, (50 - half, y), (50 + half, y))
    for side in (-1, 1):
        c.line(CREAM, 1.2, (50 + side * 8.6, 14), (50 + side * 21, 90))


def curtains(c: Canvas) -> None:
    c.rect(38, 18, 62, 70, "#dfeaf0")
    c.rect(49.3, 18, 50.7, 70, WHITE)
    c.rect(38, 43, 62, 44.4, WHITE)
    c.line(BLACK, 1.4, (12, 14), (88, 14))
    for left in (16, 60):
        for fold in range(6):
            x = left + fold * 4
            c.rect(x, 14, x + 4.2, 88, shade(OAT, 1.03 if fold % 2 else 0.96))


def bedding(c: Canvas) -> None:
    c.shadow(14, 86)
    c.rect(14, 36, 86, 40, OAK, 2)
    c.rect(14, 36, 19, 84, OAK, 2)
    c.rect(81, 36, 86, 84, OAK, 2)
    c.rect(22, 40, 48, 56, WHITE, 5)
    c.rect(52, 40, 78, 56, WHITE, 5)
    c.rect(18, 52, 82, 80, DUSK, 4)
    c.rect(18, 52, 82, 60, shade(DUSK, 1.16), 4)
    for x in (34, 52, 68):
        c.line(shade(DUSK, 0.92), 0.6, (x, 62), (x - 5, 78))


def towels(c: Canvas) -> None:
    c.line(BRASS, 2, (20, 20), (80, 20))
    for x, y, cloth in ((26, 78, CLAY), (52, 68, shade(CLAY, 1.16))):
        c.rect(x, 19, x + 22, y, cloth, 1.4)
        for step in range(x + 3, x + 22, 4):
            c.line(shade(cloth, 0.9), 0.5, (step, 24), (step, y - 2))
        for step in range(24, y - 2, 4):
            c.line(shade(cloth, 0.9), 0.5, (x + 1, step), (x + 21, step))


def folded_blanket(c: Canvas) -> None:
    c.shadow(20, 80)
    for row in range(4):
        y = 74 - row * 9
        c.rect(21 + row, y, 79 - row, y + 10, shade(WHITE, 0.97 - 0.02 * (row % 2)), 4)
        for x in range(26 + row, 76 - row, 4):
            c.oval(x, y + 3.4, x + 2, y + 5.6, shade(WHITE, 0.86))
    c.rect(46, 46, 54, 84, RUST)


# -- tableware ---------------------------------------------------------------------------------------------------------


def tray(c: Canvas) -> None:
    c.oval(14, 46, 86, 86, shade(WALNUT, 0.86))
    c.oval(14, 42, 86, 82, WALNUT)
    c.oval(18, 45, 82, 78, shade(WALNUT, 1.16))
    c.oval(34, 50, 52, 62, WHITE)
    c.oval(36.5, 51.6, 49.5, 60, "#7a5137")
    c.oval(55, 58, 68, 67, WHITE)
    c.oval(57, 59.4, 66, 65.4, OAT)


def plates(c: Canvas) -> None:
    c.shadow(14, 86)
    for row in range(4):
        y = 70 - row * 4.6
        c.oval(14, y - 7, 86, y + 12, shade(CLAY, 0.95))
        c.oval(14, y - 8.6, 86, y + 10.4, OAT)
    c.oval(26, 50, 74, 62.4, shade(OAT, 1.05))


def bowl(c: Canvas) -> None:
    c.shadow(34, 66)
    c.pie(14, 22, 86, 82, 0, 180, "#a9bfae")
    c.rect(38, 79, 62, 84, shade("#a9bfae", 0.86), 1.4)
    c.oval(14, 42, 86, 62, shade("#a9bfae", 1.12))
    for x, y, fruit in ((34, 42, RUST), (48, 39, OCHRE), (60, 43, MOSS)):
        c.oval(x - 8, y - 6, x + 8, y + 10, fruit)
    c.pie(15, 42, 85, 66, 0, 180, "#a9bfae")


def mugs(c: Canvas) -> None:
    c.shadow(16, 86)
    for x, y in ((18, 44), (50, 52)):
        c.ring(x + 22, y + 8, x + 38, y + 24, CREAM, 3)
        c.rect(x, y, x + 29, 84, CREAM, 4)
        c.oval(x, y - 4, x + 29, y + 4, shade(CREAM, 0.94))
        c.oval(x + 2.4, y - 2.6, x + 26.6, y + 3, "#7a5137")
        for step in range(14):
            px, py = x + 3 + (step * 7.3) % 23, y + 8 + (step * 11.7) % (70 - y)
            c.oval(px, py, px + 1.1, py + 1.1, WALNUT)


def tumblers(c: Canvas) -> None:
    c.shadow(14, 86)
    for x, y in ((18, 48), (42, 48), (66, 48), (42, 20)):
        c.poly("#d9a866", (x - 2, y), (x + 20, y), (x + 18, y + 36), (x, y + 36))
        for step in range(5):
            c.line("#c4914c", 0.6, (x + 1 + step * 4, y + 3), (x + 2 + step * 3.5, y + 34))
        c.oval(x - 2, y - 2.6, x + 20, y + 2.6, "#e7c189")


def carafe(c: Canvas) -> None:
    c.shadow(32, 68)
    c.oval(30, 44, 70, 86, "#c9dbe2")
    c.poly("#c9dbe2", (42, 26), (58, 26), (61, 54), (39, 54))
    c.pie(32, 46, 68, 84, 0, 180, "#a8c6d1")
    c.oval(32, 61, 68, 69, "#b9d2db")
    c.poly("#dbe7eb", (40, 12), (60, 12), (58, 27), (42, 27))
    c.oval(40, 10, 60, 14, "#eaf1f3")


def cutlery(c: Canvas) -> None:
    c.rect(24, 14, 31, 50, STEEL, 3.4)
    c.rect(25.6, 48, 29.4, 86, shade(STEEL, 0.9), 1.9)
    for x in (42, 45.4, 48.8, 52.2):
        c.rect(x, 14, x + 1.6, 34, STEEL, 0.8)
    c.rect(42, 31, 53.8, 41, STEEL, 4)
    c.rect(46, 39, 49.8, 86, shade(STEEL, 0.9), 1.9)
    c.oval(63, 14, 77, 40, STEEL)
    c.oval(65.4, 17, 74.6, 36, shade(STEEL, 1.12))
    c.rect(68.1, 38, 71.9, 86, shade(STEEL, 0.9), 1.9)


def teapot(c: Canvas) -> None:
    c.shadow(26, 76)
    c.arc(28, 18, 72, 70, 180, 360, BLACK, 2.4)
    c.poly(BLACK, (70, 56), (88, 44), (90, 48), (72, 70))
    c.oval(22, 44, 76, 86, BLACK)
    for step in range(6):
        c.arc(22, 44 + step * 6, 76, 86, 200, 340, shade(BLACK, 1.35), 0.6)
    c.oval(36, 41, 62, 48, shade(BLACK, 1.3))
    c.oval(46, 36, 52, 42, BRASS)


def napkins(c: Canvas) -> None:
    c.shadow(20, 80, 80)
    for step in range(4):
        x, y = 20 + step * 3, 66 - step * 8
        c.poly(shade(RUST, 0.9 + step * 0.07), (x, y), (x + 44, y - 10), (x + 58, y + 6), (x + 14, y + 18))
    c.line(shade(RUST, 1.3), 0.6, (34, 42), (74, 33))


def board(c: Canvas) -> None:
    c.poly(shade(OAK, 0.82), (18, 70), (72, 38), (82, 56), (28, 88))
    c.poly(OAK, (18, 66), (72, 34), (82, 52), (28, 84))
    c.line(OAK, 9, (76, 43), (84, 38))
    c.oval(81.4, 36, 86, 40.6, ROOMS["Tableware"])
    for step in range(3):
        c.line(shade(OAK, 0.9), 0.6, (24 + step * 3, 69 + step * 4), (74 + step * 3, 39 + step * 4))
    c.oval(38, 52, 56, 64, OCHRE)
    c.oval(40, 53, 54, 62, "#f3dda2")


# -- storage -----------------------------------------------------------------------------------------------------------


def wall_shelf(c: Canvas) -> None:
    c.rect(12, 58, 88, 62, OAK, 1)
    c.rect(12, 61, 88, 62.6, shade(OAK, 0.82))
    for x, height, cover in ((20, 24, INK), (26, 20, RUST), (32, 26, SAGE), (38, 18, OCHRE), (44, 22, DUSK)):
        c.rect(x, 58 - height, x + 5, 58, cover, 0.6)
    c.oval(64, 40, 80, 58, CLAY)
    c.rect(69, 34, 75, 44, CLAY, 1)
    c.line(MOSS, 1, (72, 35), (66, 22))
    c.line(MOSS, 1, (72, 35), (79, 20))


def bookcase(c: Canvas) -> None:
    c.shadow(22, 78)
    c.line(shade(ASH, 0.88), 2.4, (36, 10), (24, 83))
    c.line(shade(ASH, 0.88), 2.4, (64, 10), (76, 83))
    for row in range(5):
        y = 20 + row * 15
        half = 15.6 + row * 2.5
        c.rect(50 - half, y, 50 + half, y + 2.6, ASH, 0.8)
        for place in range(2 + row % 3):
            x = 50 - half + 4 + place * 5
            c.rect(x, y - 9, x + 3.6, y, (INK, RUST, SAGE, DUSK)[(place + row) % 4], 0.5)


def basket(c: Canvas, weave: str, *, felt: bool = False) -> None:
    c.shadow(22, 78)
    if not felt:
        c.arc(36, 28, 64, 58, 180, 360, shade(weave, 0.75), 2.2)
    c.poly(weave, (20, 44), (80, 44), (74, 84), (26, 84))
    c.oval(20, 39, 80, 49, shade(weave, 0.8))
    if felt:
        c.rect(42, 52, 58, 56, shade(weave, 0.7), 2)
        c.poly(shade(weave, 1.06), (20, 44), (34, 48), (38, 84), (26, 84))
        return
    for row in range(7):
        y = 51 + row * 4.8
        inset = 20 + (y - 44) * 0.15
        c.line(shade(weave, 0.86), 0.8, (inset, y), (100 - inset, y))
    for place in range(9):
        c.line(shade(weave, 0.92), 0.6, (24 + place * 6.5, 48), (29 + place * 5.3, 83))


def hooks(c: Canvas) -> None:
    for x in (26, 50, 74):
        c.oval(x - 6, 32, x + 6, 44, BRASS)
        c.oval(x - 2.4, 35.6, x + 2.4, 40.4, shade(BRASS, 0.8))
        c.arc(x - 7, 42, x + 7, 62, 0, 180, BRASS, 2.4)
        c.line(BRASS, 2.4, (x, 42), (x - 6, 52))
    c.line(RUST, 1.4, (74, 52), (68, 80), (80, 80), (75, 52))


def coat_stand(c: Canvas) -> None:
    c.shadow(30, 70)
    c.line(ASH, 2.6, (50, 10), (50, 82))
    for y in (16, 26, 36):
        c.line(shade(ASH, 0.88), 1.8, (50, y + 5), (40, y))
        c.line(shade(ASH, 0.88), 1.8, (50, y + 5), (60, y))
    c.line(shade(ASH, 0.88), 2.4, (50, 74), (32, 84))
    c.line(shade(ASH, 0.88), 2.4, (50, 74), (68, 84))
    c.poly(DUSK, (60, 27), (68, 32), (71, 66), (57, 66))


def chest(c: Canvas) -> None:
    c.shadow(14, 86)
    c.rect(14, 48, 86, 82, DUSK, 1.4)
    c.rect(12, 42, 88, 49, shade(DUSK, 0.88), 1.4)
    for x in (20, 43, 66):
        c.rect(x, 54, x + 14, 76, shade(DUSK, 1.1), 1)
    c.rect(16, 82, 84, 85, shade(DUSK, 0.8))


def boxes(c: Canvas) -> None:
    c.shadow(14, 86)
    for x, y, width in ((14, 54, 36), (54, 62, 28), (58, 44, 20)):
        bottom = 84 if y > 50 else 62
        c.rect(x, y, x + width, bottom, ASH, 2)
        c.oval(x, y - 4, x + width, y + 4, shade(ASH, 1.07))
        c.line(shade(ASH, 0.85), 0.7, (x, y + 8), (x + width, y + 8))
        c.line(shade(ASH, 0.75), 0.7, (x + 8, y + 8), (x + 8, bottom - 1))


def sideboard(c: Canvas) -> None:
    c.shadow(10, 90)
    for x in (18, 80):
        c.line(WALNUT, 2.2, (x, 74), (x, 83))
    c.rect(10, 40, 90, 76, WALNUT, 2)
    for x in (14, 51):
        c.rect(x, 44, x + 35, 72, "#e3cb9c", 1)
        for step in range(x + 3, x + 35, 4):
            c.line("#c9ad78", 0.5, (step, 44), (step, 72))
        for step in range(47, 72, 4):
            c.line("#c9ad78", 0.5, (x, step), (x + 35, step))
    c.oval(46, 56, 48.4, 60, BRASS)
    c.oval(52, 56, 54.4, 60, BRASS)


def organiser(c: Canvas) -> None:
    c.shadow(16, 84)
    for x, tip, colour in ((24, 28, RUST), (29, 34, INK), (34, 30, OCHRE)):
        c.line(colour, 1.8, (x, tip), (x + 1, 62))
    c.rect(60, 40, 80, 66, WHITE, 1)
    c.rect(64, 45, 76, 46.2, GREY)
    c.rect(64, 49, 73, 50.2, GREY)
    c.rect(16, 58, 84, 84, WALNUT, 2)
    c.rect(16, 58, 42, 84, shade(WALNUT, 1.14), 2)
    c.rect(56, 64, 84, 84, shade(WALNUT, 0.9), 2)


# -- decor -------------------------------------------------------------------------------------------------------------


def vase(c: Canvas) -> None:
    c.shadow(34, 66)
    for x, y, bloom in ((34, 22, ROSE), (50, 14, RUST), (64, 24, OCHRE)):
        c.line(MOSS, 1, (50, 52), (x, y))
        c.oval(x - 5, y - 5, x + 5, y + 5, bloom)
    c.oval(34, 50, 66, 86, OAT)
    c.rect(45, 42, 55, 58, OAT, 2)
    c.oval(45, 40, 55, 44, shade(OAT, 0.85))
    c.arc(34, 56, 66, 80, 20, 160, shade(OAT, 0.9), 0.8)


def bud_vases(c: Canvas) -> None:
    c.shadow(14, 86)
    for x, y, glaze, bloom in ((26, 60, ROSE, OCHRE), (50, 44, MOSS, CREAM), (74, 54, INK, RUST)):
        c.line(MOSS, 0.9, (x, y), (x + 3, y - 22))
        c.oval(x - 1, y - 27, x + 7, y - 19, bloom)
        c.oval(x - 10, 84 - (84 - y) * 0.75, x + 10, 85, glaze)
        c.rect(x - 2.6, y, x + 2.6, 74, glaze, 1)


def candles(c: Canvas) -> None:
    c.shadow(16, 84)
    for place in range(6):
        x, y = 18 + place * 11, 30 + (place % 2) * 7
        c.rect(x, y, x + 8, 84, "#e2b65a", 1)
        for step in range(int(y) + 4, 84, 5):
            c.line("#cf9f42", 0.5, (x, step), (x + 8, step - 2))
        c.line(BLACK, 0.6, (x + 4, y), (x + 4, y - 3))
        if place == 2:
            c.oval(x + 2, y - 11, x + 6, y - 2, "#ffc861")


def candle_holder(c: Canvas) -> None:
    c.shadow(18, 82)
    c.rect(45, 26, 55, 68, CREAM, 1)
    c.line(BLACK, 0.7, (50, 26), (50, 22))
    c.oval(46.6, 10, 53.4, 23, "#ffc861")
    c.rect(43, 66, 57, 78, BRASS, 1.4)
    c.ring(66, 64, 82, 80, BRASS, 2)
    c.oval(20, 74, 76, 86, BRASS)
    c.oval(26, 75, 70, 82, shade(BRASS, 1.14))
    c.rect(43, 66, 57, 79, BRASS, 1.4)


def round_mirror(c: Canvas) -> None:
    c.oval(20, 14, 80, 74, BRASS)
    c.oval(23, 17, 77, 71, "#d9e4e8")
    c.poly("#e8f0f2", (36, 62), (60, 22), (67, 26), (44, 66))


def arched_mirror(c: Canvas) -> None:
    c.shadow(28, 72)
    c.pie(30, 8, 70, 48, 180, 360, BLACK)
    c.rect(30, 27, 70, 84, BLACK)
    c.pie(32, 10, 68, 46, 180, 360, "#d9e4e8")
    c.rect(32, 27, 68, 82, "#d9e4e8")
    c.poly("#e8f0f2", (38, 74), (58, 26), (64, 30), (45, 78))


def leaves(c: Canvas, x: float, y: float, spread: float) -> None:
    for dx, dy in ((-1, -0.7), (-0.55, -1.2), (0, -1.5), (0.55, -1.2), (1, -0.7)):
        tip_x, tip_y = x + dx * spread, y + dy * spread
        c.poly(MOSS if dx else SAGE, (x, y), (x + dx * spread * 0.3 - 4, y + dy * spread * 0.6), (tip_x, tip_y),
               (x + dx * spread * 0.7 + 4, y + dy * spread * 0.5))  # fmt: skip


def planter(c: Canvas) -> None:
    c.shadow(26, 74)
    leaves(c, 50, 56, 26)
    c.poly(CLAY, (31, 54), (69, 54), (63, 81), (37, 81))
    c.rect(29, 50, 71, 57, shade(CLAY, 0.93), 1.4)
    c.rect(32, 80, 68, 84, shade(CLAY, 0.85), 1.4)


def hanging_planter(c: Canvas) -> None:
    for x in (28, 50, 72):
        c.line(OAT, 0.9, (50, 4), (x, 48))
    leaves(c, 50, 48, 16)
    c.pie(26, 26, 74, 72, 0, 180, WHITE)
    c.oval(26, 45, 74, 53, shade(WHITE, 0.9))
    for x, length in ((30, 74), (38, 84), (66, 80), (72, 68)):
        c.line(MOSS, 0.9, (x, 50), (x, length))
        for y in range(54, length, 6):
            c.oval(x - 2.6, y, x, y + 3, SAGE)
            c.oval(x, y + 2, x + 2.6, y + 5, MOSS)


def print_(c: Canvas) -> None:
    c.rect(24, 12, 76, 76, OAK, 0.8)
    c.rect(27, 15, 73, 73, WHITE)
    c.line(MOSS, 1, (50, 66), (50, 24))
    for step in range(7):
        y, half = 60 - step * 5.4, 13 - step * 1.5
        c.line(MOSS, 1.6, (50, y), (50 - half, y - 5))
        c.line(MOSS, 1.6, (50, y), (50 + half, y - 5))


def clock(c: Canvas) -> None:
    c.oval(22, 16, 78, 72, ASH)
    c.oval(25, 19, 75, 69, "#ead6b2")
    c.line(BLACK, 1.8, (50, 44), (38, 36))
    c.line(BLACK, 1.2, (50, 44), (60, 26))
    c.oval(48, 42, 52, 46, BRASS)


SHAPES: dict[str, dict[str, Shape]] = {
    "Lighting": {
        "lamp-01": floor_lamp, "lamp-07": desk_lamp, "lamp-12": paper_lamp, "lamp-03": globe_lamp,
        "lamp-05": wall_light, "pendant-2": glass_pendant, "pendant-6": dome_pendant, "lantern-1": lantern,
        "bulb-1": bulbs, "dimmer-1": dimmer,
    },
    "Seating": {
        "chair-07": lambda c: armchair(c, OAT, OAK), "chair-02": dining_chair,
        "chair-11": lambda c: armchair(c, "#e3cb9c", WALNUT, cane=True), "sofa-3": lambda c: sofa(c, "#d6c6a8", 3),
        "sofa-5": lambda c: sofa(c, "#f0e7d8", 2, soft=6), "stool-1": step_stool, "stool-4": counter_stool,
        "bench-2": bench, "pouf-1": pouf, "ottoman-1": ottoman,
    },
    "Textiles": {
        "throw-03": lambda c: throw(c, OAT, RUST), "throw-9": lambda c: throw(c, "#d5d4d0", "#e6e5e1"),
        "cushion-2": lambda c: cushion(c, SAGE), "cushion-5": lambda c: cushion(c, "#efe6d6", loops=True),
        "rug-21": rug, "rug-08": runner, "curtain-1": curtains, "bedding-2": bedding, "towel-4": towels,
        "blanket-1": folded_blanket,
    },
    "Tableware": {
        "tray-3": tray, "plate-6": plates, "bowl-2": bowl, "mug-9": mugs, "glass-4": tumblers, "carafe-1": carafe,
        "cutlery-1": cutlery, "teapot-2": teapot, "napkin-3": napkins, "board-1": board,
    },
    "Storage": {
        "shelf-2": wall_shelf, "shelf-6": bookcase, "basket-3": lambda c: basket(c, "#cbb07c"),
        "basket-7": lambda c: basket(c, GREY, felt=True), "hook-1": hooks, "rack-2": coat_stand, "chest-1": chest,
        "box-4": boxes, "cabinet-1": sideboard, "organiser-1": organiser,
    },
    "Decor": {
        "vase-4": vase, "vase-8": bud_vases, "candle-1": candles, "candle-5": candle_holder, "mirror-5": round_mirror,
        "mirror-2": arched_mirror, "pot-8": planter, "pot-2": hanging_planter, "print-3": print_, "clock-1": clock,
    },
}  # fmt: skip
"""Which shape is which product, by category."""


def main() -> None:
    """Draw all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for category, shapes in SHAPES.items():
        for product, shape in shapes.items():
            canvas = Canvas(ROOMS[category])
            shape(canvas)
            canvas.save(FOLDER / f"{product}.png")


if __name__ == "__main__":
    main()
