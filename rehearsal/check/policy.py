"""What the rules allow."""

from datetime import timedelta

from pydantic import PositiveInt

from domain.model import Value
from rehearsal.explore import Bound


class CheckPolicy(Value):
    """The limits that are the check's own. Those of the gate come with its policy."""

    life: timedelta = timedelta(days=400)
    """A year, and a month for whatever was held back. Whoever lives longer has met a loop, or a wait in wrong units."""
    longest_wait: timedelta = timedelta(days=180)
    shortest_reaction: timedelta = timedelta(minutes=1)
    """Nobody answers a mail faster."""
    longest_reaction: timedelta = timedelta(days=30)
    longest_quiet: timedelta = timedelta(days=7)
    spacing: timedelta = timedelta(hours=4)
    """Between two marketing mails of one journey, unless the later answers what the customer did just now."""
    cool_down: timedelta = timedelta(hours=24)
    """Between a mail with an incentive and the next marketing mail."""
    states: PositiveInt = 20_000
    """Explored of one journey. The shipped ones have below a thousand; this many take about a minute."""
    verbs: PositiveInt = 300
    """On one path."""

    @property
    def bound(self) -> Bound:
        """How far exploring goes."""
        return Bound(states=self.states, verbs=self.verbs)
