"""A breaker per journey: when so many of its mails bounce or are complained about that it must not go on. Pure."""

from datetime import timedelta
from typing import Final

from pydantic import ConfigDict, Field, PositiveInt

from domain.model import Value

CASES: Final = 3
"""One unlucky complaint among a few hundred mails is a rate, too, but tells nothing."""


HELD_BACK = "breaker"
"""By this name the ledger tells what held a mail back, as it tells the gate's rules. Frozen."""


class BreakerPolicy(Value):
    """When a journey is held back, until an operator re-arms it. A rate of 1 never holds."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    bounces: float = Field(default=0.05, gt=0, le=1)
    """Hard bounces per mail that hold a journey back. Above some 2 % lists count as bad; providers close accounts from
    5 % or 10 % on."""
    complaints: float = Field(default=0.003, gt=0, le=1)
    """Complaints per mail that do. Google asks bulk senders to stay below 0.3 % (support.google.com/a/answer/81126)."""
    sample: PositiveInt = 100
    """Fewer mails than this are not judged."""
    window: timedelta = Field(default=timedelta(hours=24), gt=timedelta())
    """How far back is looked; never beyond the last re-arming."""


class Tally(Value):
    """A journey's marketing mails within the window, and the customers who bounced or complained after one."""

    mails: int = 0
    bounces: int = 0
    complaints: int = 0


def trips(tally: Tally, policy: BreakerPolicy) -> str | None:
    """Why the journey must not go on, in a line; None when it may."""
    if tally.mails < policy.sample:
        return None
    for cases, limit, what in (
        (tally.bounces, policy.bounces, "bounced"),
        (tally.complaints, policy.complaints, "were marked as spam"),
    ):
        if cases >= CASES and limit < 1 and cases / tally.mails >= limit:
            return f"{cases} of {tally.mails} mails {what} ({cases / tally.mails:.1%}, at most {limit:.1%} may)"
    return None
