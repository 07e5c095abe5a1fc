"""What anybody may have told, as words in the shop's mails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.wording import LONGEST, as_words


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
