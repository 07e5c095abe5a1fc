"""What anybody may have told, as words in the shop's mails, and what is taken from a backend's and a feed's."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.wording import LONGEST, as_words, legible, unseen, with_words


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Arc Desk Lamp, 3.5 l, 1.200 W", "Arc Desk Lamp, 3.5 l, 1.200 W"),
        ("Dr. Martens 1460", "Dr. Martens 1460"),
        ("U.S. flag", "U.S. flag"),
        ("می\u200cخرم", "می\u200cخرم"),
        ("👩\u200d💻 lamp", "👩\u200d💻 lamp"),
        ("You won at win.example today", "You won at win. example today"),
        ("write to a@evil.example", "write to a@evil. example"),
        ("evil\u3002example, пример.рф, evil.xn--p1ai", "evil. example, пример. рф, evil. xn--p1ai"),
        ("evil\u200b.example", "evil .example"),
        ("Lamp\r\nBcc: a\x00b\u202ec\u2028d", "Lamp Bcc: a b c d"),
        ("  a \t b  ", "a b"),
        ("\u2066\u0007", ""),
        ("pay\u200dpal", "pay pal"),
        ("x" * 500, "x" * LONGEST),
    ],
)
def test_words_are_one_line_without_hosts(told: str, shown: str) -> None:
    assert as_words(told) == shown


@given(st.text(max_size=300))
def test_words_are_bounded_and_said_again_are_the_same(told: str) -> None:
    shown = as_words(told)
    assert len(shown) <= LONGEST
    assert as_words(shown) == shown
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("told", "shown", "first"),
    [
        ("Arc lamp, Dr.Martens, win.example", "Arc lamp, Dr.Martens, win.example", None),
        ("invoice\u202egpj.exe", "invoicegpj.exe", "U+202E"),
        ("\u2066Lamp\u2069\u200e\u200f\u061c", "Lamp", "U+2066"),
        ("La\u00admp\u200b \ufeff3\u2060l", "Lamp 3l", "U+00AD"),
        ("pay\u200d\u200cpal", "paypal", "U+200D"),
        ("Lamp\r\nBcc: a\x00", "Lamp Bcc: a", "U+000D"),
        ("tagged\U000e0041", "tagged", "U+E0041"),
        ("می\u200cخرم", "می\u200cخرم", None),
        ("می\u200c\u200c\u200dخرم", "می\u200cخرم", "U+200C"),
        ("क्\u200dष", "क्\u200dष", None),
        ("👩\u200d💻 ❤\ufe0f\u200d🔥", "👩\u200d💻 ❤\ufe0f\u200d🔥", None),
        ("مصباح ۱۲ (أبيض) \u06dd, Ø 3", "مصباح ۱۲ (أبيض) \u06dd, Ø 3", None),
        ("מְנוֹרָה לְבָנָה 12", "מְנוֹרָה לְבָנָה 12", None),
        ("\u202e", "", "U+202E"),
    ],
)
def test_what_nobody_sees_is_taken_and_letters_of_every_script_stay(told: str, shown: str, first: str | None) -> None:
    assert legible(told) == shown
    assert legible(shown) == shown
    assert unseen(told) == first


def test_several_lines_stay_lines() -> None:
    assert legible(" a\r\nb\tc\u2028d\x0b\u202ee ", lines=True) == "a\nb\tc\nd e"
    assert unseen("a\r\nb", lines=True) is None


def test_every_control_and_format_character_is_taken_but_those_that_are_seen_or_parts_of_words() -> None:
    controls = [chr(at) for at in range(sys.maxunicode + 1) if unicodedata.category(chr(at)) in ("Cc", "Cf", "Cs")]
    left = [each for each in controls if each in legible(f"a{each}b")]
    names = {unicodedata.name(each) for each in left}
    seen = ("ARABIC ", "SYRIAC ABBREVIATION MARK", "KAITHI NUMBER SIGN", "EGYPTIAN HIEROGLYPH ")
    assert [name for name in names if not name.startswith(seen)] == []
    assert "\u061c" not in left


def test_of_a_call_the_words_are_cleaned_wherever_they_stand_and_ids_are_not() -> None:
    told = {"name": "a\u202eb", "products": [{"category": "c\u200bd", "product_id": "e\u200bf", "title": 7}]}
    assert with_words(told, legible) == {
        "name": "ab",
        "products": [{"category": "cd", "product_id": "e\u200bf", "title": 7}],
    }
