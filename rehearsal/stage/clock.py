"""Product time where time is skipped: the machine's clock says nothing about it."""

from datetime import UTC, datetime

from temporalio import activity

from domain.clock import PacedClock


class SkippingClock:
    """Product time as the environment last told it; within a remote activity, when the server began the attempt."""

    def __init__(self, paced: PacedClock, *, skips: bool = True) -> None:
        self.paced = paced
        self.skips = skips
        self.moment = paced.anchor_product

    def now(self) -> datetime:
        """The product moment of the last look, or of the attempt; where time is not skipped, the present one."""
        if not self.skips:
            return self.paced.product(datetime.now(UTC))
        if activity.in_activity() and not activity.info().is_local:
            return max(self.moment, self.paced.product(activity.info().started_time))
        return self.moment
