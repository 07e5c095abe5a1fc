"""What was found about one running enrollment."""

from dataclasses import dataclass
from enum import StrEnum

from domain.model import Value


@dataclass(frozen=True)
class Running:
    """One run of an enrollment, as Temporal lists it."""

    journey: str
    workflow_id: str
    run_id: str


class Verdict(StrEnum):
    """What would become of an enrollment under the code of today."""

    FITS = "fits"
    DIFFERS = "differs"
    """It goes on, and at a place it has passed the code would now ask for something else: another template, say."""
    MISREADS = "misreads"
    """It goes on, and an answer it was given would be taken for the answer to another question."""
    BREAKS = "breaks"
    """It stands still until code that fits is deployed."""
    ENDED = "ended"
    """It ended while it was looked at."""


class Finding(Value):
    """What was found about one enrollment."""

    journey: str
    workflow_id: str
    verdict: Verdict
    places: tuple[str, ...] = ()
    """Where code and enrollment part, in words."""
    asked: bool = True
    """Whether a worker told its journal. Without it only breaks are known for certain."""
