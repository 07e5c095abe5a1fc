"""Product time: the one clock that waits, caps, quiet hours, decay and attribution read.

At pace 1 product time is real time. At pace 3600 a product hour passes in a real second. The clock is a value:
given the same real moment it always gives the same product moment, so workflows may use it.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from pydantic import Field

from domain.model import Instant, WireValue

REAL_TIME_SINCE = datetime(2020, 1, 1, tzinfo=UTC)


class PacedClock(WireValue):
    """Maps real moments to product moments and back.

    The line bends once, at the anchor: before it product time runs at pace 1, from it at `pace`. Old events keep
    their distance to the anchor that way, however fast the present runs.
    """

    anchor_real: Instant = REAL_TIME_SINCE
    anchor_product: Instant = REAL_TIME_SINCE
    pace: float = Field(default=1.0, gt=0, le=1_000_000)

    def product(self, real: datetime) -> datetime:
        """The product moment at a real moment."""
        since = real - self.anchor_real
        return self.anchor_product + (since * self.pace if since > timedelta() else since)

    def real(self, product: datetime) -> datetime:
        """The real moment at which a product moment is, or was, reached."""
        since = product - self.anchor_product
        return self.anchor_real + (since / self.pace if since > timedelta() else since)

    def timer(self, wait: timedelta) -> timedelta:
        """How long a real timer must run for a product wait."""
        return max(wait, timedelta()) / self.pace


REAL_TIME = PacedClock()
"""Pace 1: production."""


class Clock(Protocol):
    """Tells product time. Activities, collector and dispatcher hold one; workflows use `PacedClock` on Temporal's."""

    def now(self) -> datetime:
        """The product moment now, aware."""
        ...


class SystemClock:
    """Product time from this machine's clock."""

    def __init__(self, paced: PacedClock = REAL_TIME) -> None:
        self.paced = paced

    def now(self) -> datetime:
        """The product moment now, in UTC."""
        return self.paced.product(datetime.now(UTC))
