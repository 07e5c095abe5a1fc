"""A pause: an operator holds an enrollment still, and says why."""

from pydantic import Field

from domain.model import Instant, WireValue

LONGEST_REASON = 200
"""Characters; a line."""


class PauseRequest(WireValue):
    """The argument of the update `pause`. The reason is shown to operators, in Temporal too: no personal data."""

    reason: str = Field(default="", max_length=LONGEST_REASON)


class Pause(WireValue):
    """That an enrollment is paused, since when (product time), and why."""

    since: Instant
    reason: str = ""
