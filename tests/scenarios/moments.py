"""What tests of journeys by the calendar say and ask of a stage."""

from datetime import UTC, timedelta

from rehearsal.stage import Stage, What

DELIVERY = timedelta(seconds=20)
"""More than it takes on a busy machine, and less than a minute."""


async def ahead(stage: Stage, span: timedelta) -> str:
    """A moment so far ahead of now, as a backend reports it.

    Some seconds later than that: the enrollment begins when the event is delivered, which takes a moment, and is not to
    be a minute short because of it.
    """
    return ((await stage.house.now()).astimezone(UTC) + span + DELIVERY).isoformat(timespec="seconds")


def mails(stage: Stage) -> list[tuple[str | None, timedelta]]:
    """What was sent, and when, counted from the beginning of the first enrollment."""
    return [(entry.template, entry.at) for entry in stage.timeline if entry.what is What.SENT]


def begun(stage: Stage) -> list[str]:
    """The events that began an enrollment."""
    return [entry.why for entry in stage.timeline if entry.what is What.BEGAN]
