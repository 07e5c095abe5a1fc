"""The open wait as a value: what pause, resume and skip do to it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pause import Pause
from tests.workflows.samples import HOUR, NOON
from workflows.vocabulary.patience import OnPause, Patience

spans = st.lists(st.timedeltas(timedelta(), timedelta(days=30)), max_size=8)


def waiting(on_pause: OnPause, pause: Pause | None = None) -> Patience:
    """A wait from noon to two o'clock."""
    patience = Patience(pause)
    patience.begin("waiting 2 hours", NOON + 2 * HOUR, on_pause, NOON)
    return patience


@given(spans)
def test_the_rest_of_a_wait_never_changes_by_pausing(lengths: list[timedelta]) -> None:
    patience, now, paused = waiting(OnPause.KEEP_REST), NOON, timedelta()
    for length in lengths:
        patience.halt(Pause(since=now))
        assert patience.until is None
        now += length
        paused += length
        patience.go_on(now)
    assert patience.until == NOON + 2 * HOUR + paused


@given(spans)
def test_a_moment_is_kept_however_long_the_pause(lengths: list[timedelta]) -> None:
    patience, now = waiting(OnPause.KEEP_MOMENT), NOON
    for length in lengths:
        patience.halt(Pause(since=now))
        now += length
        patience.go_on(now)
    assert (patience.until, patience.must_ask) == (NOON + 2 * HOUR, False)


def test_an_end_that_has_to_be_found_anew_is_unknown_at_resume() -> None:
    patience = waiting(OnPause.ASK_AGAIN)
    patience.halt(Pause(since=NOON + HOUR))
    patience.go_on(NOON + 5 * HOUR)
    assert (patience.until, patience.rest, patience.must_ask) == (None, None, True)


def test_nothing_is_left_of_a_wait_that_is_paused_after_its_end() -> None:
    patience = waiting(OnPause.KEEP_REST)
    patience.halt(Pause(since=NOON + 3 * HOUR))
    assert patience.rest == timedelta()


def test_a_wait_that_opens_while_paused_is_frozen_from_the_start() -> None:
    patience = waiting(OnPause.KEEP_REST, Pause(since=NOON - HOUR))
    assert (patience.until, patience.rest) == (None, 2 * HOUR)


def test_the_next_wait_knows_nothing_of_what_befell_the_last() -> None:
    patience = waiting(OnPause.ASK_AGAIN)
    patience.skip()
    patience.halt(Pause(since=NOON))
    patience.go_on(NOON)
    patience.end()
    patience.begin("waiting", NOON + HOUR, OnPause.KEEP_MOMENT, NOON)
    assert (patience.is_skipped, patience.must_ask, patience.until) == (False, False, NOON + HOUR)


@pytest.mark.parametrize("moment", [NOON, NOON + HOUR])
def test_objections_follow_from_how_it_stands(moment: datetime) -> None:
    idle, open_ = Patience(), waiting(OnPause.KEEP_REST)
    assert idle.objection_to_skip() == "it waits for nothing that could be skipped"
    assert open_.objection_to_skip() is None
    assert open_.objection_to_resume() == "it is not paused"
    open_.skip()
    assert open_.objection_to_skip() == "it is being skipped already"
    open_.halt(Pause(since=moment))
    assert open_.objection_to_skip() == "it is paused: resume it first"
    assert open_.objection_to_pause() == "it is paused already: `segue resume` lets it go on"
    assert open_.objection_to_resume() is None
