"""The graphs of the shipped journeys, each explored once for all tests that only read them."""

from datetime import datetime
from functools import cache

from rehearsal.explore import MORNING, explore
from rehearsal.graph import Exploration
from workflows.catalogue import JOURNEYS


@cache
def explored(name: str, begins: datetime = MORNING) -> Exploration:
    """A shipped journey's graph, with the default policy and settings. Not to be changed."""
    return explore(JOURNEYS[name], begins=begins)
