"""Colors, and which of several styles counts."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from mail.lint.cascade import Cascade
from mail.lint.color import Color, contrast, parse_color


@pytest.mark.parametrize(
    ("words", "color"),
    [
        ("#fff", Color(255, 255, 255)),
        ("#1F5C4D", Color(31, 92, 77)),
        ("#00000080", Color(0, 0, 0, 128 / 255)),
        ("rgb(1, 2, 3)", Color(1, 2, 3)),
        ("rgba(1,2,3,.5)", Color(1, 2, 3, 0.5)),
        ("rgb(1 2 3 / 50%)", Color(1, 2, 3, 0.5)),
        ("White", Color(255, 255, 255)),
        ("transparent", Color(0, 0, 0, 0)),
        ("url(x.png)", None),
        ("linear-gradient(#fff, #000)", None),
    ],
)
def test_a_color_is_read(words: str, color: Color | None) -> None:
    assert parse_color(words) == color


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000", "#fff", 21.0), ("#777", "#fff", 4.48), ("#767676", "#fff", 4.54), ("#abc", "#abc", 1.0)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    light, dark = parse_color(one), parse_color(other)
    assert light is not None
    assert dark is not None
    assert contrast(light, dark) == contrast(dark, light) == pytest.approx(ratio, abs=0.005)


def test_half_of_a_color_is_mixed_with_what_lies_below() -> None:
    assert str(Color(0, 0, 0, 0.5).over(Color(255, 255, 255))) == "#808080"


@pytest.mark.parametrize(
    ("sheet", "inline", "dark", "color"),
    [
        ("p { color: red }", "", False, "red"),
        ("p { color: red } p { color: blue }", "", False, "blue"),
        (".a { color: red } p { color: blue }", "", False, "red"),
        ("p.a { color: red } .a { color: blue }", "", False, "red"),
        ("#i { color: red } p.a { color: blue }", "", False, "red"),
        ("p { color: red }", "color:blue", False, "blue"),
        ("p { color: red !important }", "color:blue", False, "red"),
        ("p { color: red !important }", "color:blue !important", False, "blue"),
        ("p, q { color: red } /* p { color: blue } */", "", False, "red"),
        ("@media (prefers-color-scheme: dark) { p { color: red } }", "", False, None),
        ("@media (prefers-color-scheme: dark) { p { color: red } } p { margin: 0 }", "", True, "red"),
        ("@media (max-width: 400px) { p { color: red } }", "", False, None),
        ("@media screen and (min-width: 400px) { p { color: red } }", "", False, "red"),
        ("p:hover { color: red } p::before { color: red }", "", False, None),
    ],
)
def test_the_stronger_style_counts(sheet: str, inline: str, *, dark: bool, color: str | None) -> None:
    page = LexborHTMLParser(f"<style>{sheet}</style><p id='i' class='a'>words</p>")
    paragraph = page.css_first("p")
    assert paragraph is not None
    assert Cascade(page, dark=dark).of(paragraph.mem_id, inline).get("color") == color
