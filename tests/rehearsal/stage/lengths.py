"""Spans as scripts can tell them."""

from datetime import timedelta

from hypothesis import strategies as st

from rehearsal.stage.spans import LONGEST

SECONDS = st.integers(0, int(LONGEST.total_seconds())).map(lambda seconds: timedelta(seconds=seconds))
