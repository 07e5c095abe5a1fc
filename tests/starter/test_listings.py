"""`segue journeys` at a terminal: it can be read where there is not much room."""

import io

import pytest
from rich.console import Console

from starter.cli.listings import briefly
from starter.cli.tables import table_of
from starter.operations import JourneyStatus
from workflows.catalogue import JOURNEYS


@pytest.mark.parametrize("width", [80, 100])
def test_journeys_can_be_read_on_a_narrow_terminal(width: int) -> None:
    counts = {"running": 12, "converted": 12_345, "superseded": 3}
    found = [
        JourneyStatus(
            name=name,
            summary=(journey.__doc__ or "").split("\n")[0],
            starts_with=journey.plan.trigger.describe(),
            goal=journey.plan.goal,
            topic=journey.plan.topic,
            priority=journey.plan.priority,
            counts=counts,
            held_back="bounces",
        )
        for name, journey in JOURNEYS.items()
    ]
    screen = io.StringIO()
    Console(width=width, file=screen).print(table_of([briefly(each) for each in found]))
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    begins = [number for number, line in enumerate(lines) if line.startswith(tuple(JOURNEYS))]
    assert [lines[number].split()[0] for number in begins] == list(JOURNEYS)
    assert all("12 running" in lines[number] and "12345 converted" in lines[number + 1] for number in begins)
    assert len(lines) <= 9 * len(JOURNEYS)
    assert screen.getvalue().count("held back: bounces") == len(JOURNEYS)
