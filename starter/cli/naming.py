"""Journeys as people name them to commands."""

from collections.abc import Iterable
from typing import Protocol

from workflows.catalogue import journey_named


class Found(Protocol):
    """Something of a journey: an enrollment, a mail, a coupon."""

    @property
    def journey(self) -> str:
        """Its name."""


def refuse_unknown(journeys: Iterable[str | None], found: Iterable[Found]) -> None:
    """Refuse a typing mistake. A journey that is no longer deployed is none, where something of it was found.

    Args:
        journeys: the names that were given; None: any journey.
        found: what there is under these names.

    Raises:
        UnknownJourneyError: nothing is of that name; the message lists the journeys there are.
    """
    named = {each for each in journeys if each is not None}
    for name in sorted(named - {each.journey for each in found}):
        journey_named(name)
