"""How one simulated enrollment went: what it would have sent, what it would not, and how it ended."""

from domain.enrollment import Outcome
from domain.model import Instant, Value


class PlannedMail(Value):
    """A mail that would have gone out."""

    step: str
    template: str
    at: Instant
    because: str
    """What in the journey led to it, in words."""
    offer: str = ""
    held: tuple[str, ...] = ()
    """What the gate made it wait for."""
    supposed: bool = False
    """It would go after the recording ends, if nothing more happened."""


class Unsent(Value):
    """A mail that came up and would not have gone out."""

    step: str
    template: str
    at: Instant
    why: str
    held: tuple[str, ...] = ()
    supposed: bool = False


class Course(Value):
    """One enrollment from its beginning to its end."""

    enrollment: str
    customer: str
    key: str | None
    event_id: str
    """Of the event that began it."""
    began_with: str
    began_at: Instant
    mails: tuple[PlannedMail, ...] = ()
    unsent: tuple[Unsent, ...] = ()
    ended_at: Instant | None = None
    outcome: Outcome | None = None
    """None: it had not ended when looking ahead was given up, see `simulation.LOOK_AHEAD`."""
    supposed: bool = False
    """It was still open when the recording ended; how it ended supposes that nothing more happened."""

    @property
    def result(self) -> str:
        """How it stood at the end of the recording."""
        if self.supposed or self.outcome is None:
            return "open at the end"
        return self.outcome.kind.value

    @property
    def why(self) -> str:
        """Why it ended so."""
        return "" if self.supposed or self.outcome is None else self.outcome.why

    @property
    def revenue(self) -> float:
        """The order's that ended it, if one did within the recording."""
        return 0.0 if self.supposed or self.outcome is None else self.outcome.revenue
