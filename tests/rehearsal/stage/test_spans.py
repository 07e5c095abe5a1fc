"""Spans of time: what a person may write, and that what is written is read again."""

from datetime import timedelta

import pytest
from hypothesis import given

from rehearsal.stage.errors import ScriptError
from rehearsal.stage.spans import parse_span, write_span
from tests.rehearsal.stage.lengths import SECONDS

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2h", 2 * HOUR),
        ("90 min", 1.5 * HOUR),
        ("3 days", 72 * HOUR),
        ("1 day 4 hours", 28 * HOUR),
        ("1d4h30m", 28.5 * HOUR),
        ("1 day, 4 hours and 30 minutes", 28.5 * HOUR),
        ("1.5 h", 1.5 * HOUR),
        (" 2 Weeks ", 14 * 24 * HOUR),
        ("45s", timedelta(seconds=45)),
        ("0 min", timedelta()),
    ],
)
def test_a_span_is_read_as_a_person_writes_it(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "  ", "2", "h", "2 fortnights", "-2h", "2h later", "2h,, 3", "1e3 h", "٣h x"])
def test_what_is_no_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ScriptError, match="write it as 2h, 90 min, 3 days"):
        parse_span(text)


@pytest.mark.parametrize("text", ["4000 days", "1" + "0" * 400 + " days"])
def test_a_span_beyond_ten_years_is_refused(text: str) -> None:
    with pytest.raises(ScriptError, match="longer than ten years"):
        parse_span(text)


@given(SECONDS)
def test_a_span_that_is_written_is_read_again(span: timedelta) -> None:
    assert parse_span(write_span(span)) == span
