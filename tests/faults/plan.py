"""What one run is to be: everything that its seed does not decide."""

import json
from typing import Literal

from pydantic import BaseModel, Field

from domain.preferences import Frequency
from tests.faults.broken import VARIANTS

_SHORTER = {
    # A first order's series in three days, and its first mail due when a cart that was filled at once is left.
    "post-purchase": {"arrival": "PT1H", "between": "P1D", "used": "PT49H", "loyalty": "P1D"}
}


class RunPlan(BaseModel, frozen=True):
    """Settings of one run."""

    seed: int = 1
    kills: int = Field(default=20, ge=0)
    shoppers: int = Field(default=60, gt=0)
    database: Literal["sqlite", "postgres"] = "sqlite"
    pace: float = 3_600.0
    """A product hour in a second: a cart journey lasts a minute and a quarter. Much faster, and what the journeys see
    of an outage of seconds is days: events too old to begin anything, mails too late to make sense."""
    every: float = 4.0
    """Seconds between kills, on average. A part takes two or three to be ready: with less, nothing is ever up."""
    aimed: float = 0.2
    """Share of kills that wait for a hand-over."""
    slow: float = 0.1
    """Share of mails that the sink answers late: the window for an aimed kill."""
    linger: float = 100.0
    """Product hours that shoppers let pass at most between two things they do."""
    mail_within: float = 240.0
    """Real seconds in which a mail may come that somebody waits for; whoever waits in vain does nothing more."""
    late_by: float = 40.0
    """Real seconds by which a provider's report may be late: longer than a cart journey has left."""
    frequency: Frequency = Frequency.WEEKLY
    """What those choose who ask for less: how often mail may come."""
    gone_within: float = 600.0
    """Real seconds in which Temporal has deleted the histories of who was erased. By itself it takes a minute or so;
    killed meanwhile, some. 0: it is not looked."""
    imported: int = Field(default=5_000, ge=0)
    """People in a file that is imported meanwhile; 0: there is none."""
    import_kills: int = 20
    """How often the import is killed at most, beside the kills above."""
    quiet_within: float = 600.0
    """Seconds after the last kill and the last shopper. What still lives then is stuck, and found so."""
    broken: str = ""
    """One of `broken.VARIANTS`."""

    @property
    def journeys(self) -> str:
        """`SEGUE_JOURNEYS`."""
        return json.dumps(_SHORTER)

    @property
    def lasts(self) -> float:
        """Seconds over which the shoppers come."""
        return max(self.kills * self.every, 10.0)


def check_variant(name: str) -> str:
    """The variant's name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in VARIANTS:
        raise ValueError(f"--broken {name}: choose one of {', '.join(filter(None, VARIANTS))}")
    return name
