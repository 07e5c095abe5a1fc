"""The order of a timeline: what happened first stands first, whoever's clock has dated it."""

from datetime import UTC, datetime, timedelta

from rehearsal.stage.timeline import Timeline, What

BEGINS = datetime(2026, 3, 2, 8, tzinfo=UTC)
MOMENT = timedelta(milliseconds=40)


def test_an_end_stands_below_what_was_asked_for_it() -> None:
    timeline = Timeline("UTC", BEGINS)
    timeline.note(BEGINS + MOMENT, What.ASKED, "first order: no")
    timeline.note(BEGINS, What.ENDED, "completed: the sequence is complete")
    assert [entry.what for entry in timeline.entries()] == [What.ASKED, What.ENDED]


def test_what_is_asked_by_a_later_enrollment_stands_below_an_end() -> None:
    timeline = Timeline("UTC", BEGINS)
    timeline.note(BEGINS + timedelta(hours=1), What.ASKED, "first order: no")
    timeline.note(BEGINS, What.ENDED, "completed: the sequence is complete")
    assert [entry.what for entry in timeline.entries()] == [What.ENDED, What.ASKED]
